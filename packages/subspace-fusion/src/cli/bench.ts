import { Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { benchStep, type BenchOptions } from '../bench/step.js';
import { bagSize, count, POSITION_BIAS_FORMS, PROVIDERS } from './options.js';

/** `subspace bench step`: what a training step costs on this machine. */
export function addBenchCommand(program: Command): void {
  const bench = program.command('bench').description('measure speed and memory on this machine');
  bench
    .command('step')
    .description('seconds and peak memory of one training step on random data')
    .option('--bag <n>', 'tokens of a bag', bagSize, 2500)
    .option('--batch <n>', 'samples of a batch', count, 2)
    .option('--micro-batch <n>', 'samples that go through the network at once (default: as many as have 2,500 tokens)', count)
    .option('--steps <n>', 'steps to measure, after one to warm up', count, 5)
    .addOption(new Option('--mode <mode>', 'what to measure').choices(['train', 'inference']).default('train'))
    .addOption(new Option('--provider <name>', 'where the network runs').choices(PROVIDERS).default('cpu'))
    .option('--threads <n>', 'threads (default: one a core)', count)
    .addOption(new Option('--position-bias <form>', 'default: sweep on cpu, dense elsewhere').choices(POSITION_BIAS_FORMS))
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
