import { Option, type Command } from 'commander';
import type { Split } from '../cohort/index.js';
import { evaluate } from '../evaluation/evaluate.js';
import type { Result } from '../evaluation/result.js';
import { baselineName, figure, headline } from './figures.js';
import { progressBar } from './progress.js';

/** `subspace evaluate RUN`: a run's selected model on one part of its split. */
export function addEvaluateCommand(program: Command): void {
  program
    .command('evaluate')
    .description("score a run's selected model on a part of its split")
    .argument('<run>', 'run folder')
    .addOption(new Option('--split <part>', 'which patients').choices(['train', 'validation', 'test']).default('test'))
    .option('--json', 'print the result as JSON')
    .action(async (run: string, options: { split: keyof Split; json?: boolean }) => {
      const bar = progressBar('predicting');
      const { result } = await evaluate(run, {
        split: options.split,
        onPatient: (done, of) => {
          bar.update(done, of);
        },
      }).finally(() => {
        bar.clear();
      });
      printEvaluation(result, options.json ?? false);
    });
}

/** Which epoch's weights were kept, and why. */
function keptWeights({ epoch, metric, value }: Result['selection']): string {
  if (value !== null) return `weights of epoch ${epoch}, chosen on validation patients`;
  return `weights of the last epoch, ${epoch}: ${metric} could not be computed on the validation patients, so none was chosen`;
}

/** A result on standard output, for people or as JSON. */
export function printEvaluation(result: Result, json: boolean): void {
  if (json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  const { task, split, patients, metrics, baselines, selection, riskGroups } = result;
  console.log(`${task}, ${patients} ${split} patients (${keptWeights(selection)})`);
  for (const [name, metric] of Object.entries(metrics)) console.log(`  ${name.padEnd(28)}${figure(metric)}`);
  for (const [name, scores] of Object.entries(baselines)) {
    const [label, metric] = headline(scores);
    console.log(`  ${`${label}, ${baselineName(name)}`.padEnd(28)} ${figure(metric)}`);
  }
  if (riskGroups) {
    const p = riskGroups.logRank['logRankP'];
    const test = p?.value === undefined || p.value === null ? 'no log-rank test' : `log-rank p ${p.value.toPrecision(2)}`;
    console.log(`  risk groups by the training median: ${riskGroups.low} low, ${riskGroups.high} high; ${test}`);
  }
  console.log('Research software. Not a medical device.');
}
