import { Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { availableParallelism } from 'node:os';
import { InputError } from '../files/errors.js';
import { openBackend, type PositionBiasForm } from '../inference/backend.js';
import { createKernels } from '../model/kernels/kernels.js';
import { verifyRandom } from '../verification/verify-random.js';
import { verify } from '../verification/verify.js';
import { print } from './output.js';
import { count, POSITION_BIAS_FORMS, PROVIDERS, seed, threadsHere } from './terminal.js';

interface VerifyOptions {
  readonly provider: Provider;
  readonly threads?: number;
  readonly positionBias?: PositionBiasForm;
  readonly only?: string;
  readonly random?: number;
  readonly seed: number;
}

/** `subspace verify DIR`: the network against an independent program's numbers; `--random`: the kernel of the position bias against float64. */
export function defineVerify(command: Command): void {
  command
    .argument('[dir]', 'folder with manifest.json and the cases')
    .addOption(new Option('--provider <name>', 'where the network runs').choices(PROVIDERS).default('cpu'))
    .option('--threads <n>', 'threads for one operation (default: one a core)', threadsHere)
    .addOption(
      new Option('--position-bias <form>', 'default: regions on cpu, dense elsewhere').choices(POSITION_BIAS_FORMS),
    )
    .option('--only <text>', 'only cases whose name contains this')
    .option(
      '--random <n>',
      'compare so many random position biases of the kernel with a float64 reference',
      count(1_000_000),
    )
    .option('--seed <n>', 'of the random ones', seed, 1)
    .action(async (dir: string | undefined, options: VerifyOptions) => {
      if (dir === undefined && options.random === undefined)
        throw new InputError('There is nothing to verify. Give the folder of the parity cases, or --random 200.');
      const passed = [
        options.random === undefined || (await compareRandom(options.random, options)),
        dir === undefined || (await compareCases(dir, options)),
      ];
      if (passed.includes(false)) process.exitCode = 1;
    });
}

const figures = (error: number, tolerance: number, passed: boolean) =>
  `error ${error.toExponential(2)}  tolerance ${tolerance.toExponential(2)}  ${passed ? 'pass' : 'FAIL'}`;

/** One line a case; whether all passed. */
async function compareCases(dir: string, options: VerifyOptions): Promise<boolean> {
  const backend = await openBackend(options);
  const { only = '' } = options;
  let [compared, failed] = [0, 0];
  for await (const v of verify(dir, backend, (name) => name.includes(only))) {
    compared++;
    if (!v.passed) failed++;
    print(
      `${v.name.padEnd(26)} ${figures(v.error, v.tolerance, v.passed)}  (${v.compared} tensors; worst ${v.tensor})`,
    );
  }
  await backend.close();
  if (compared === 0)
    throw new InputError(`${dir}: the manifest has no case${only ? ` whose name contains '${only}'` : ''}.`);
  return failed === 0;
}

/** One line a kind of draws; whether all passed. */
async function compareRandom(
  draws: number,
  { seed, threads = availableParallelism() }: VerifyOptions,
): Promise<boolean> {
  const kernels = await createKernels({ threads });
  const verdicts = await verifyRandom(kernels, draws, seed);
  await kernels.close();
  for (const { kind, draws, failed, error, tolerance, draw, tensor } of verdicts) {
    const where = failed.length > 0 ? `draws ${failed.join(', ')} of seed ${seed} fail; ` : '';
    print(
      `${kind.padEnd(26)} ${figures(error, tolerance, failed.length === 0)}  (${draws} draws; ${where}worst ${tensor}, draw ${draw})`,
    );
  }
  return verdicts.every(({ failed }) => failed.length === 0);
}
