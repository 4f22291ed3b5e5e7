/**
 * What it brings to lay patches out by their coordinates (features.layout: spatial) rather than in the order of their list, on simulated
 * cohorts whose outcome depends on where patches lie (REGIME `attention`, the default, or `mixed`) and whose slides have no square form:
 *
 *     npm run study -- spatial-layout OUT [COHORTS] [REGIME]
 *
 * Trains both on each of COHORTS (default 5) independently drawn cohorts, on the same split. Finished runs are not repeated. Prints a
 * Markdown table of test C-indices.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ceilings, mean, resuming, settings, studyArguments, subspace, testConcordance } from './shared.js';

const LAYOUTS = ['raster', 'spatial'] as const;
const TRAINING = { task: 'survival', 'training.epochs': 10, 'split.test': 0.3 };
const HEADER = ['cohort', ...LAYOUTS, 'difference', 'attainable: slides in any order', 'slides in place', 'with genes'];

const [out = '', cohorts = '5', regime = 'attention'] = studyArguments('spatial-layout OUT [COHORTS] [REGIME]', 1);
const rows = Array.from({ length: Number(cohorts) }, (_, i) => studyCohort(i + 1));
const means = HEADER.slice(1).map((_, column) => mean(rows.map((row) => row[column] ?? NaN)));

const line = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);
line(HEADER);
line(HEADER.map(() => '---'));
rows.forEach((row, i) => line([`${i + 1}`, ...row.map((x) => x.toFixed(3))]));
line(['mean', ...means.map((x) => x.toFixed(3))]);

/** Draws a cohort and trains both layouts: the numbers of its row. */
function studyCohort(seed: number): number[] {
  const cohort = join(out, `cohort-${seed}`);
  const config = join(cohort, 'cohort.yaml');
  if (!existsSync(config)) {
    const drawn = ['--regime', regime, '--ragged', '--patients', '400', '--bag', '225', '--seed', `${seed}`];
    subspace(['simulate', ...drawn, '--out', cohort], 'errors');
  }
  const [raster = NaN, spatial = NaN] = LAYOUTS.map((layout) => {
    const run = join(out, `${layout}-${seed}`);
    const set = settings({ ...TRAINING, 'features.layout': layout });
    if (!existsSync(join(run, 'result.json')))
      subspace(['train', config, ...set, ...resuming(run), '--out', run], 'errors');
    return testConcordance(JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')));
  });
  const { anyOrder = NaN, inPlace = NaN, both = NaN } = ceilings(cohort);
  return [raster, spatial, spatial - raster, anyOrder, inPlace, both];
}
