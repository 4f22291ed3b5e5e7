import type { Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { openBackend, type PositionBiasForm } from '../training/backend.js';
import { verify } from '../verification/verify.js';

/** `subspace verify DIR`: the network against an independent program's numbers. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify')
    .description('compute the parity cases in DIR and compare them with the expected numbers')
    .argument('<dir>', 'folder with manifest.json and the cases')
    .option('--provider <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--threads <n>', 'threads for one operation', Number)
    .option('--position-bias <form>', 'sweep or dense (default: sweep on cpu, dense elsewhere)')
    .option('--only <text>', 'only cases whose name contains this')
    .action(async (dir: string, options: { provider: Provider; threads?: number; positionBias?: PositionBiasForm; only?: string }) => {
      const backend = await openBackend(options);
      const only = options.only;
      let failed = 0;
      for await (const v of verify(dir, backend, only ? (name) => name.includes(only) : undefined)) {
        if (!v.passed) failed++;
        const figures = `error ${v.error.toExponential(2)}  tolerance ${v.tolerance.toExponential(2)}`;
        console.log(`${v.name.padEnd(26)} ${figures}  ${v.passed ? 'pass' : 'FAIL'}  (${v.compared} tensors; worst ${v.tensor})`);
      }
      await backend.close();
      if (failed > 0) process.exitCode = 1;
    });
}
