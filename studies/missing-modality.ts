/**
 * What a model that can do without a modality costs and brings, on simulated cohorts whose truth is known:
 *
 *     npm run study -- missing-modality OUT [COHORTS]
 *
 * On each of COHORTS (default 3) independently drawn cohorts: the method on complete patients, the method with modality dropout, and models
 * of one modality alone (`snn` of genes, `abmil` of slides), all on the same split. Each is scored on the test patients complete, without
 * slides and without expression. Finished runs are not repeated. Prints a Markdown table of mean C-indices.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ceilings, mean, resuming, settings, studyArguments, subspace, testConcordance } from './shared.js';

const MODELS = {
  complete: {},
  dropout: { 'training.modalityDropout': 0.3 },
  snn: { 'model.name': 'snn' },
  abmil: { 'model.name': 'abmil' },
} as const;

interface Row {
  readonly label: string;
  readonly model: keyof typeof MODELS;
  /** Arguments of `evaluate`. */
  readonly args?: readonly string[];
  /** The simulator's ceiling that could be attained. */
  readonly attainable: 'both' | 'genes' | 'inPlace';
}

const ROWS: readonly Row[] = [
  { label: 'the method, complete patients', model: 'complete', attainable: 'both' },
  { label: 'trained with modality dropout 0.3, complete patients', model: 'dropout', attainable: 'both' },
  { label: '… without slides', model: 'dropout', args: ['--without', 'slides'], attainable: 'genes' },
  { label: 'genes alone (snn)', model: 'snn', attainable: 'genes' },
  { label: '… without expression', model: 'dropout', args: ['--without', 'expression'], attainable: 'inPlace' },
  { label: 'slides alone (abmil)', model: 'abmil', attainable: 'inPlace' },
];

const TRAINING = { 'training.epochs': 10, 'split.test': 0.3, task: 'survival' };

const [out = '', cohorts = '3'] = studyArguments('missing-modality OUT [COHORTS]', 1);
const results = Array.from({ length: Number(cohorts) }, (_, i) => studyCohort(i + 1));

console.log(`| C-index, ${cohorts} cohorts | mean | each | attainable |\n| --- | --- | --- | --- |`);
ROWS.forEach(({ label, attainable }, i) => {
  const values = results.map(({ scores }) => scores[i] ?? NaN);
  const limit = results.map((result) => result.ceilings[attainable] ?? NaN);
  const each = values.map((x) => x.toFixed(3)).join(', ');
  console.log(`| ${label} | ${mean(values).toFixed(3)} | ${each} | ${mean(limit).toFixed(3)} |`);
});

/** Draws a cohort, trains the models on it, and scores the rows. */
function studyCohort(seed: number) {
  const cohort = join(out, `cohort-${seed}`);
  const config = join(cohort, 'cohort.yaml');
  if (!existsSync(config)) {
    const drawn = ['--regime', 'mixed', '--patients', '400', '--bag', '100', '--seed', `${seed}`];
    subspace(['simulate', ...drawn, '--out', cohort], 'errors');
  }
  for (const [name, own] of Object.entries(MODELS)) {
    const run = join(out, `${name}-${seed}`);
    if (existsSync(join(run, 'result.json'))) continue;
    subspace(['train', config, ...settings({ ...TRAINING, ...own }), '--out', run, ...resuming(run)], 'errors');
  }
  const scores = ROWS.map(({ model, args = [] }) => {
    const printed = subspace(['evaluate', join(out, `${model}-${seed}`), ...args, '--json'], 'captured');
    return testConcordance(JSON.parse(printed));
  });
  return { scores, ceilings: ceilings(cohort) };
}
