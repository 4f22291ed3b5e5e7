import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Provider } from 'onnx-autodiff';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { profileStep, profileTable } from '../bench/profile.js';
import { benchScale, insertReport, memoryFigure, scaleReport, timeFigure } from '../bench/scale.js';
import { benchStep, type BenchOptions } from '../bench/step.js';
import { MOST } from '../config/values.js';
import { print, printError } from './output.js';
import { bagSize, count, outPath, POSITION_BIAS_FORMS, PROVIDERS, threadsHere } from './terminal.js';

/** `subspace bench`: what training costs on this machine. */
export function defineBench(bench: Command): void {
  bench
    .command('step')
    .description('seconds and peak memory of one training step on random data')
    .option('--bag <n>', 'tokens of a bag', bagSize, 2500)
    .option('--batch <n>', 'samples of a batch', count(MOST.batch), 2)
    .option(
      '--micro-batch <n>',
      'samples that go through the network at once (default: as many as have 2,500 tokens)',
      count(MOST.batch),
    )
    .option('--steps <n>', 'steps to measure, after one to warm up', count(10_000), 5)
    .addOption(new Option('--mode <mode>', 'what to measure').choices(['train', 'inference']).default('train'))
    .addOption(new Option('--provider <name>', 'where the network runs').choices(PROVIDERS).default('cpu'))
    .option('--threads <n>', 'threads (default: one a core)', threadsHere)
    .addOption(
      new Option('--position-bias <form>', 'default: regions on cpu, dense elsewhere').choices(POSITION_BIAS_FORMS),
    )
    .option('--profile', 'tell where the time of a training step goes, reading of feature files included')
    .option('--json', 'print one JSON object')
    .action(
      async ({
        profile,
        json,
        ...options
      }: BenchOptions & { provider: Provider; profile?: boolean; json?: boolean }) => {
        if (profile) {
          const result = await profileStep(options);
          print(json ? JSON.stringify(result) : profileTable(result));
          return;
        }
        const result = await benchStep(options);
        if (json) print(JSON.stringify(result));
        else {
          const { secondsPerStep, peakMemoryBytes, threads, provider } = result;
          print(
            `${secondsPerStep.toFixed(3)} s a step, ${(peakMemoryBytes / 2 ** 30).toFixed(2)} GiB peak memory (${provider}, ${threads} threads)`,
          );
        }
      },
    );
  bench
    .command('scale')
    .description('time and memory against bag, batch and threads, some minutes; writes benchmarks.md and its figures')
    .option('--out <folder>', 'where benchmarks.md is, or will be', outPath, 'docs')
    .action(async ({ out }: { out: string }) => {
      const scale = await benchScale(process.argv[1], ({ bag, batch, threads, secondsPerStep, peakMemoryBytes }) => {
        printError(
          `bag ${bag}, batch ${batch}, ${threads} threads: ${secondsPerStep.toFixed(3)} s, ${(peakMemoryBytes / 1e9).toFixed(2)} GB`,
        );
      });
      const file = join(out, 'benchmarks.md');
      const text = await readFile(file, 'utf8').catch(() => '# Benchmarks\n');
      await makeFolder(out);
      await writeFileAtomic(file, insertReport(text, scaleReport(scale)));
      await writeFileAtomic(join(out, 'benchmarks-time.svg'), timeFigure(scale));
      await writeFileAtomic(join(out, 'benchmarks-memory.svg'), memoryFigure(scale));
      print(`${file} and its figures are written`);
    });
}
