// Whether each part of the method earns its place, on simulated cohorts whose truth is known:
//
//   node scripts/planted-truth.mjs OUT [COHORT …]
//
// For each independently drawn cohort (default 201 to 205) and each regime of the simulator and its twin, in which the part under test
// has nothing to find: simulates the cohort, trains the whole method and what it is compared with on the same split, and deletes the
// slides. Stop it and go on at any time; what is finished is not repeated. scripts/planted-truth-results.mjs makes the tables.
//
// Everything that could be tuned stands here and was fixed before the first of these runs: nothing is chosen by a test patient.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const COHORTS = [201, 202, 203, 204, 205];
/** Patches of a slide: 30 × 30 tokens, 7 × 7 keys. */
const BAG = 900;
/**
 * On cohort 1, which takes no part in the evidence, 320 patients seen once taught the model more (C-index 0.63 and 0.61 in two regimes)
 * than 120 seen eight times (0.52 and 0.57) at a third of the compute. Many test patients, since they cost little and decide how sure the
 * comparison is.
 */
const PARTS = { train: 320, validation: 60, test: 240 };
/** Of the regime that asks what few patients allow. */
const FEW = { train: 80, validation: 60, test: 240 };
/** Models of several kinds learn at several speeds: where they meet, each has two epochs, of which the validation patients choose. */
const EPOCHS = { subspaces: 1, attention: 1, consistency: 5, coordination: 1, mixed: 2 };
const TRAINING = { 'training.batch': 8 };

const FULL = { full: {} };
const REGIMES = {
  subspaces: {
    models: ['subspace'],
    variants: { ...FULL, joint: { 'model.subspaces': 'joint' }, 'shuffled-sets': { 'geneSets.file': 'shuffled.gmt' } },
  },
  attention: {
    models: ['subspace'],
    variants: { ...FULL, plain: { 'model.attention': 'plain' }, 'no-position-bias': { 'model.positionBias': 'none' } },
  },
  consistency: {
    models: ['subspace'],
    variants: {
      ...FULL,
      'no-consistency': { 'training.consistency': 'none' },
      offsets: { 'training.consistency': 'offsets' },
    },
  },
  coordination: {
    models: ['subspace'],
    variants: {
      ...FULL,
      'no-coordination': { 'training.coordination': 'none' },
      'random-coordination': { 'training.coordination': 'random' },
    },
  },
  mixed: {
    models: ['subspace', 'abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta'],
    variants: {
      ...FULL,
      reference: { models: ['subspace'], 'training.consistency': 'reference', 'training.coordination': 'reference' },
    },
  },
};
/** Nothing is left to predict there; one model is enough to see that it finds nothing. */
const NOTHING = { models: ['subspace'], variants: FULL };

const [out, ...asked] = process.argv.slice(2);
if (!out) {
  console.error('usage: node scripts/planted-truth.mjs OUT [COHORT …]');
  process.exit(2);
}

function subspace(...args) {
  const program = fileURLToPath(new URL('../packages/subspace-fusion/bin/subspace.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [program, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}

function write(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Patients are drawn independently of each other, so that their order will do for a division at random. */
function divide(cohort, { train, validation }) {
  const ids = readFileSync(join(cohort, 'clinical.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]);
  const parts = [ids.slice(0, train), ids.slice(train, train + validation), ids.slice(train + validation)];
  const rows = Array.from({ length: Math.max(...parts.map((part) => part.length)) }, (_, i) =>
    [i, ...parts.map((part) => part[i] ?? '')].join(','),
  );
  // A folder of splits has two at least; the plan takes the first.
  for (const fold of [0, 1])
    write(join(cohort, 'splits', `splits_${fold}.csv`), [',train,val,test', ...rows, ''].join('\n'));
}

/** The same genes, dealt to two sets of the same sizes without knowledge: the first set takes its share evenly from the list by name. */
function shuffleSets(cohort) {
  const sets = readFileSync(join(cohort, 'gene-sets.gmt'), 'utf8')
    .trim()
    .split('\n')
    .slice(0, 2)
    .map((line) => line.split('\t'));
  const genes = sets.flatMap(([, , ...own]) => own).sort();
  const first = sets[0].length - 2;
  const step = genes.length / first;
  const picked = new Set(Array.from({ length: first }, (_, i) => genes[Math.floor(i * step)]));
  const dealt = [genes.filter((gene) => picked.has(gene)), genes.filter((gene) => !picked.has(gene))];
  write(
    join(cohort, 'shuffled.gmt'),
    sets.map(([name, source], s) => [name, source, ...dealt[s]].join('\t') + '\n').join(''),
  );
}

for (const seed of asked.length > 0 ? asked.map(Number) : COHORTS) {
  for (const regime of Object.keys(REGIMES)) {
    for (const twin of [false, true]) {
      const folder = join(resolve(out), `cohort-${seed}`, twin ? `${regime}-twin` : regime);
      if (existsSync(join(folder, 'runs', 'comparison.json'))) continue;
      const parts = regime === 'consistency' ? FEW : PARTS;
      const cohort = join(folder, 'cohort');
      if (!existsSync(join(cohort, 'splits'))) {
        const patients = parts.train + parts.validation + parts.test;
        subspace(
          'simulate',
          '--regime',
          regime,
          ...(twin ? ['--null'] : []),
          '--patients',
          `${patients}`,
          '--bag',
          `${BAG}`,
          '--seed',
          `${seed}`,
          '--out',
          cohort,
        );
        shuffleSets(cohort);
        divide(cohort, parts);
      }
      const set = {
        ...TRAINING,
        'training.epochs': EPOCHS[regime],
        task: 'survival',
        'split.file': 'splits',
        'split.test': null,
        'split.validation': null,
      };
      const plan = {
        config: 'cohort/cohort.yaml',
        set,
        folds: [0],
        seeds: [seed],
        threads: 1,
        ...(regime === 'mixed' && twin ? NOTHING : REGIMES[regime]),
      };
      write(
        join(folder, 'plan.yaml'),
        Object.entries(plan)
          .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
          .join(''),
      );
      subspace('sweep', join(folder, 'plan.yaml'), '--out', join(folder, 'runs'));
      rmSync(join(cohort, 'bags'), { recursive: true });
    }
  }
}
