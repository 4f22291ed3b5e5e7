import { Option, type Command } from 'commander';
import type { Part } from '../cohort/types.js';
import { loadConfig } from '../config/config.js';
import { evaluate, type MissingModality } from '../evaluation/evaluate.js';
import { evaluateExternal } from '../evaluation/external.js';
import { formatProblem, type Problem } from '../files/errors.js';
import type { Result } from '../runs/result.js';
import { modelName, withInterval } from '../words/comparison.js';
import { RISK_GROUPS } from '../words/prediction.js';
import { print, printError } from './output.js';
import { confidenceLines } from './predict.js';
import { chosenWarning, figure, headline, progressBar, sayFewerThreads } from './terminal.js';

interface EvaluateFlags {
  readonly split: Part;
  readonly allowSelected?: boolean;
  readonly cohort?: string;
  readonly without?: MissingModality;
  readonly json?: boolean;
}

/** `subspace evaluate RUN`: a run's selected model on one part of its split, or on another cohort. */
export function defineEvaluate(command: Command): void {
  command
    .argument('<run>', 'run folder')
    .addOption(new Option('--split <part>', 'which patients').choices(['train', 'validation', 'test']).default('test'))
    .option(
      '--allow-selected',
      'score training or validation patients, on whom the model was chosen; the result says so',
    )
    .addOption(
      new Option('--cohort <config>', 'another cohort: external validation on all its patients').conflicts('split'),
    )
    .addOption(
      new Option(
        '--without <modality>',
        'as if it had not been measured; for models trained with training.modalityDropout',
      )
        .choices(['slides', 'expression'])
        .conflicts('cohort'),
    )
    .option('--json', 'print the result as JSON')
    .action(async (run: string, { split, allowSelected, cohort, without, json = false }: EvaluateFlags) => {
      await sayFewerThreads(run);
      const bar = progressBar('predicting');
      const onPatient = (done: number, of: number) => {
        bar.update(done, of);
      };
      // What is to be said of the run's own cohort was said when it was trained.
      const onWarning = (problem: Problem) => {
        bar.clear();
        printError(`warning: ${formatProblem(problem)}`);
      };
      const other = cohort === undefined ? undefined : await loadConfig(cohort);
      const evaluating = other
        ? evaluateExternal(run, other, { onPatient, onWarning })
        : evaluate(run, { split, allowSelected, without, onPatient });
      const { result } = await evaluating.finally(() => {
        bar.clear();
      });
      printEvaluation(result, json);
    });
}

/** Which epoch's weights were kept, and why. */
function keptWeights({ epoch, metric, value }: Result['selection']): string {
  if (epoch === 0) return 'imported weights';
  if (value !== null) return `weights of epoch ${epoch}, chosen on validation patients`;
  return `weights of the last epoch, ${epoch}: ${metric} could not be computed on the validation patients, so none was chosen`;
}

/** A result on standard output, for people or as JSON. */
export function printEvaluation(result: Result, json: boolean): void {
  if (json) {
    print(JSON.stringify(result, null, 2));
    return;
  }
  const { task, split, cohort, endpoint, patients, metrics, baselines, selection, riskGroups } = result;
  const { chosenOnThese, without, covariates, definingCovariates, difference } = result;
  const who = cohort ? `${patients} of ${cohort.patients} patients of ${cohort.name}` : `${patients} ${split} patients`;
  print(`${task}, ${who} (${keptWeights(selection)})`);
  if (chosenOnThese) print(`  ${chosenWarning}`);
  if (without) print(`  every patient taken as without ${without}`);
  if (covariates)
    print(
      `  with covariates ${covariates.join(', ')}${definingCovariates?.length ? `; ${definingCovariates.join(', ')} defines the label` : ''}`,
    );
  for (const [reason, n] of Object.entries(cohort?.leftOut ?? {})) print(`  left out: ${n} ${reason}`);
  if (endpoint) print(`  ${'endpoint'.padEnd(28)} ${endpoint.name}, ${endpoint.rule}`);
  for (const [name, metric] of Object.entries(metrics)) print(`  ${name.padEnd(28)}${figure(metric)}`);
  for (const [name, scores] of Object.entries(baselines)) {
    const [label, metric] = headline(scores);
    print(`  ${`${label}, ${modelName(name)}`.padEnd(28)} ${figure(metric)}`);
  }
  if (difference) {
    const words = withInterval(difference.of, true);
    print(`  ${`minus ${modelName(difference.to)}`.padEnd(28)} ${words}, of these fitted models`);
  }
  if (riskGroups) {
    const p = Object.hasOwn(riskGroups.logRank, 'logRankP') ? riskGroups.logRank['logRankP'].value : null;
    const test = p === null ? 'no log-rank test' : `log-rank p ${p.toPrecision(2)}`;
    print(`  risk groups by the training median: ${riskGroups.low} low, ${riskGroups.high} high; ${test}`);
    const { hazardRatio, medianSurvival } = riskGroups;
    if (hazardRatio) print(`  ${'hazard ratio, high to low'.padEnd(28)} ${withInterval(hazardRatio)}`);
    for (const group of medianSurvival ? RISK_GROUPS : [])
      print(`  ${`median survival, ${group} risk`.padEnd(28)} ${withInterval(medianSurvival?.[group])}`);
  }
  if (result.confidence) for (const text of confidenceLines(result.confidence)) print(text);
  print('Research software. Not a medical device.');
}
