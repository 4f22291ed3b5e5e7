import { Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { benchStep, type BenchOptions } from '../bench/step.js';

/** `subspace bench step`: what a training step costs on this machine. */
export function addBenchCommand(program: Command): void {
  const bench = program.command('bench').description('measure speed and memory on this machine');
  bench
    .command('step')
    .description('seconds and peak memory of one training step on random data')
    .option('--bag <n>', 'tokens of a bag', Number, 2500)
    .option('--batch <n>', 'samples of a batch', Number, 2)
    .option('--micro-batch <n>', 'samples that go through the network at once', Number, 1)
    .option('--steps <n>', 'steps to measure, after one to warm up', Number, 5)
    .addOption(new Option('--mode <mode>', 'what to measure').choices(['train', 'inference']).default('train'))
    .option('--provider <name>', 'cpu, webgpu or cuda', 'cpu')
    .option('--threads <n>', 'threads (default: one a core)', Number)
    .option('--position-bias <form>', 'sweep or dense (default: sweep on cpu, dense elsewhere)')
    .option('--json', 'print one JSON object')
    .action(async (options: BenchOptions & { provider: Provider; json?: boolean }) => {
      const result = await benchStep(options);
      if (options.json) console.log(JSON.stringify(result));
      else {
        const { secondsPerStep, peakMemoryBytes, threads, provider } = result;
        console.log(`${secondsPerStep.toFixed(3)} s a step, ${(peakMemoryBytes / 2 ** 30).toFixed(2)} GiB peak memory (${provider}, ${threads} threads)`);
      }
    });
}
