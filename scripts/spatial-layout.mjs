// What it brings to lay patches out by their coordinates (features.layout: spatial) rather than in the order of their list, on simulated cohorts
// whose outcome depends on where patches lie (REGIME `attention`, the default, or `mixed`) and whose slides have no square form:
//
//   node scripts/spatial-layout.mjs OUT [COHORTS] [REGIME]
//
// Trains both on each of COHORTS (default 5) independently drawn cohorts, on the same split. Runs that are there already are not repeated.
// Prints a Markdown table of test C-indices.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [out, cohorts = '5', regime = 'attention'] = process.argv.slice(2);
if (!out) {
  console.error('usage: node scripts/spatial-layout.mjs OUT [COHORTS] [REGIME]');
  process.exit(2);
}

function subspace(...args) {
  const program = fileURLToPath(new URL('../packages/subspace-fusion/bin/subspace.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

const LAYOUTS = ['raster', 'spatial'];
const rows = [];
for (let seed = 1; seed <= Number(cohorts); seed++) {
  const cohort = join(out, `cohort-${seed}`);
  if (!existsSync(join(cohort, 'cohort.yaml'))) {
    subspace(
      'simulate',
      '--regime',
      regime,
      '--ragged',
      '--patients',
      '400',
      '--bag',
      '225',
      '--seed',
      String(seed),
      '--out',
      cohort,
    );
  }
  const values = LAYOUTS.map((layout) => {
    const run = join(out, `${layout}-${seed}`);
    const settings = ['task=survival', 'training.epochs=10', 'split.test=0.3', `features.layout=${layout}`].flatMap(
      (setting) => ['--set', setting],
    );
    const resume = existsSync(join(run, 'model.json')) ? ['--resume'] : [];
    if (!existsSync(join(run, 'result.json')))
      subspace('train', join(cohort, 'cohort.yaml'), ...settings, ...resume, '--out', run);
    return JSON.parse(readFileSync(join(run, 'result.json'), 'utf8')).metrics.concordanceIndex.value;
  });
  const { anyOrder, inPlace, both } = JSON.parse(readFileSync(join(cohort, 'truth.json'), 'utf8')).ceilings.population;
  rows.push([String(seed), ...values, values[1] - values[0], anyOrder, inPlace, both]);
}

const means = rows[0].slice(1).map((_, i) => rows.reduce((sum, row) => sum + row[i + 1], 0) / rows.length);
console.log(
  '| cohort | raster | spatial | difference | attainable: slides in any order | slides in place | with genes |\n| --- | --- | --- | --- | --- | --- | --- |',
);
for (const [name, ...values] of [...rows, ['mean', ...means]])
  console.log(`| ${name} | ${values.map((x) => x.toFixed(3)).join(' | ')} |`);
