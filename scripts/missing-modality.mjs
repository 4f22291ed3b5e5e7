// What a model that can do without a modality costs and brings, on simulated cohorts whose truth is known:
//
//   node scripts/missing-modality.mjs OUT [COHORTS]
//
// On each of COHORTS (default 3) independently drawn cohorts: the method on complete patients, the method with modality dropout, and models of one
// modality alone (`snn` of genes, `abmil` of slides), all on the same split. Each is scored on the test patients complete, without
// slides and without expression. Runs that are there already are not repeated. Prints a Markdown table of mean C-indices.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [out, cohorts = '3'] = process.argv.slice(2);
if (!out) {
  console.error('usage: node scripts/missing-modality.mjs OUT [COHORTS]');
  process.exit(2);
}

const MODELS = {
  complete: [],
  dropout: ['--set', 'training.modalityDropout=0.3'],
  snn: ['--set', 'model.name=snn'],
  abmil: ['--set', 'model.name=abmil'],
};
/** What is scored: label, model, arguments of `evaluate`, and what could be attained (a name of the simulator's ceilings). */
const ROWS = [
  ['the method, complete patients', 'complete', [], 'both'],
  ['trained with modality dropout 0.3, complete patients', 'dropout', [], 'both'],
  ['… without slides', 'dropout', ['--without', 'slides'], 'genes'],
  ['genes alone (snn)', 'snn', [], 'genes'],
  ['… without expression', 'dropout', ['--without', 'expression'], 'inPlace'],
  ['slides alone (abmil)', 'abmil', [], 'inPlace'],
];

function subspace(args, capture = false) {
  const program = fileURLToPath(new URL('../packages/subspace-fusion/bin/subspace.js', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    stdio: ['ignore', capture ? 'pipe' : 'ignore', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

const values = ROWS.map(() => []);
const ceilings = [];
for (let seed = 1; seed <= Number(cohorts); seed++) {
  const cohort = join(out, `cohort-${seed}`);
  if (!existsSync(join(cohort, 'cohort.yaml'))) {
    subspace([
      'simulate',
      '--regime',
      'mixed',
      '--patients',
      '400',
      '--bag',
      '100',
      '--seed',
      String(seed),
      '--out',
      cohort,
    ]);
  }
  for (const [name, settings] of Object.entries(MODELS)) {
    const run = join(out, `${name}-${seed}`);
    if (existsSync(join(run, 'result.json'))) continue;
    const common = ['--set', 'training.epochs=10', '--set', 'split.test=0.3', '--set', 'task=survival'];
    subspace([
      'train',
      join(cohort, 'cohort.yaml'),
      ...common,
      ...settings,
      '--out',
      run,
      ...(existsSync(join(run, 'model.json')) ? ['--resume'] : []),
    ]);
  }
  ROWS.forEach(([, name, args], i) => {
    const { metrics } = JSON.parse(subspace(['evaluate', join(out, `${name}-${seed}`), ...args, '--json'], true));
    values[i].push(metrics.concordanceIndex.value);
  });
  ceilings.push(JSON.parse(readFileSync(join(cohort, 'truth.json'), 'utf8')).ceilings.population);
}

const mean = (xs) => (xs.reduce((a, b) => a + b, 0) / xs.length).toFixed(3);
console.log(`| C-index, ${cohorts} cohorts | mean | each | attainable |\n| --- | --- | --- | --- |`);
ROWS.forEach(([label, , , attainable], i) => {
  console.log(
    `| ${label} | ${mean(values[i])} | ${values[i].map((x) => x.toFixed(3)).join(', ')} | ${mean(ceilings.map((c) => c[attainable]))} |`,
  );
});
