import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig, parseOverrides } from '../config/config.js';
import { evaluateHeld } from '../evaluation/evaluate.js';
import { formatProblem } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { trainHeld } from '../training/train.js';
import { printEvaluation } from './evaluate.js';
import { print, printError } from './output.js';
import { collect, interruptible, outPath, progressBar, SET } from './terminal.js';

/** `subspace train CONFIG.yaml`: trains a model, then scores it once on the test patients. */
export function defineTrain(command: Command): void {
  command
    .argument('<config>', 'cohort.yaml')
    .option(...SET, collect, [])
    .option('--out <folder>', 'run folder (default: runs/ and the name of the config)', outPath)
    .option('--resume', 'go on with a run that was stopped')
    .option('--json', 'print the result as JSON')
    .action(async (path: string, options: { set: string[]; out?: string; resume?: boolean; json?: boolean }) => {
      const config = await loadConfig(path, parseOverrides(options.set));
      const out = options.out ?? join('runs', basename(path).replace(/\.ya?ml$/, ''));
      const bar = progressBar('training');
      const say = (line: string) => {
        bar.clear();
        printError(line);
      };
      try {
        await interruptible((signal) =>
          holdingFolder(out, async (lost) => {
            await trainHeld({
              config,
              out,
              resume: options.resume ?? false,
              signal: AbortSignal.any([signal, lost]),
              onWarning: (p) => {
                say(`warning: ${formatProblem(p)}`);
              },
              onStep: ({ epoch, epochs, step, steps, loss }) => {
                bar.update(
                  epoch * steps + step,
                  epochs * steps,
                  `epoch ${epoch + 1}/${epochs}, loss ${loss.toFixed(3)}`,
                );
              },
              onEpoch: ({ epoch, loss, validation, seconds }) => {
                const value = validation.value === null ? 'not computed' : validation.value.toFixed(3);
                say(
                  `epoch ${String(epoch).padStart(3)}  loss ${loss.toFixed(4)}  validation ${validation.metric} ${value}  ${seconds.toFixed(1)} s`,
                );
              },
            });
            bar.clear();
            printEvaluation((await evaluateHeld(out)).result, options.json ?? false);
          }),
        );
      } finally {
        bar.clear();
      }
      if (!options.json) print(`run folder: ${out}`);
    });
}
