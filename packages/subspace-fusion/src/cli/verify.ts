import { Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { InputError } from '../files/errors.js';
import { openBackend, type PositionBiasForm } from '../inference/backend.js';
import { verify } from '../verification/verify.js';
import { count, POSITION_BIAS_FORMS, PROVIDERS } from './terminal.js';

/** `subspace verify DIR`: the network against an independent program's numbers. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('compute the parity cases in DIR and compare them with the expected numbers')
    .argument('<dir>', 'folder with manifest.json and the cases')
    .addOption(new Option('--provider <name>', 'where the network runs').choices(PROVIDERS).default('cpu'))
    .option('--threads <n>', 'threads for one operation (default: one a core)', count)
    .addOption(
      new Option('--position-bias <form>', 'default: regions on cpu, dense elsewhere').choices(POSITION_BIAS_FORMS),
    )
    .option('--only <text>', 'only cases whose name contains this')
    .action(
      async (
        dir: string,
        options: { provider: Provider; threads?: number; positionBias?: PositionBiasForm; only?: string },
      ) => {
        const backend = await openBackend(options);
        const { only = '' } = options;
        let [compared, failed] = [0, 0];
        for await (const v of verify(dir, backend, (name) => name.includes(only))) {
          compared++;
          if (!v.passed) failed++;
          const figures = `error ${v.error.toExponential(2)}  tolerance ${v.tolerance.toExponential(2)}`;
          console.log(
            `${v.name.padEnd(26)} ${figures}  ${v.passed ? 'pass' : 'FAIL'}  (${v.compared} tensors; worst ${v.tensor})`,
          );
        }
        await backend.close();
        if (compared === 0)
          throw new InputError(`${dir}: the manifest has no case${only ? ` whose name contains '${only}'` : ''}.`);
        if (failed > 0) process.exitCode = 1;
      },
    );
}
