/**
 * Whether each part of the method earns its place, on simulated cohorts whose truth is known:
 *
 *     npm run study -- planted-truth OUT [COHORT …]
 *
 * For each independently drawn cohort (default 201 to 205) and each regime of the simulator and its twin, in which the part under test has
 * nothing to find: simulates the cohort, trains the whole method and what it is compared with on the same split, and deletes the slides.
 * Finished runs are not repeated. `planted-truth-results` records them.
 *
 * Everything that could be tuned is written here and was fixed before the first of these runs: nothing is chosen by a test patient.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { studyArguments, subspace, write } from './shared.js';

const COHORTS = [201, 202, 203, 204, 205];
/** Patches of a slide: 30 × 30 tokens, 7 × 7 keys. */
const BAG = 900;

interface Parts {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}
/**
 * On cohort 1, which takes no part in the evidence, 320 patients seen once taught the model more (C-index 0.63 and 0.61 in two regimes)
 * than 120 seen eight times (0.52 and 0.57) at a third of the compute. Many test patients, since they cost little and decide how sure the
 * comparison is.
 */
const PARTS: Parts = { train: 320, validation: 60, test: 240 };
/** Of the regime that asks what few patients allow. */
const FEW: Parts = { train: 80, validation: 60, test: 240 };
/** Models of several kinds learn at several speeds: where they meet, each has two epochs, of which the validation patients choose. */
const EPOCHS = { subspaces: 1, attention: 1, consistency: 5, coordination: 1, mixed: 2 } as const;
type RegimeName = keyof typeof EPOCHS;

/** Models and variants of a plan (docs/cluster.md). */
interface Compared {
  readonly models: readonly string[];
  readonly variants: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const FULL = { full: {} };
const REGIMES: Readonly<Record<RegimeName, Compared>> = {
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
const NOTHING: Compared = { models: ['subspace'], variants: FULL };

const [out = '', ...asked] = studyArguments('planted-truth OUT [COHORT …]', 1);
for (const seed of asked.length > 0 ? asked.map(Number) : COHORTS)
  for (const regime of Object.keys(REGIMES) as RegimeName[])
    for (const twin of [false, true]) studyRegime(seed, regime, twin);

/** One regime, or its twin, on one cohort. */
function studyRegime(seed: number, regime: RegimeName, twin: boolean): void {
  const folder = join(resolve(out), `cohort-${seed}`, twin ? `${regime}-twin` : regime);
  if (existsSync(join(folder, 'runs', 'comparison.json'))) return;
  const parts = regime === 'consistency' ? FEW : PARTS;
  const cohort = join(folder, 'cohort');
  if (!existsSync(join(cohort, 'splits'))) {
    const patients = parts.train + parts.validation + parts.test;
    const drawn = ['--regime', regime, ...(twin ? ['--null'] : []), '--patients', `${patients}`];
    subspace(['simulate', ...drawn, '--bag', `${BAG}`, '--seed', `${seed}`, '--out', cohort]);
    shuffleSets(cohort);
    divide(cohort, parts);
  }
  const plan = {
    config: 'cohort/cohort.yaml',
    set: {
      'training.batch': 8,
      'training.epochs': EPOCHS[regime],
      task: 'survival',
      'split.file': 'splits',
      'split.test': null,
      'split.validation': null,
    },
    folds: [0],
    seeds: [seed],
    threads: 1,
    ...(regime === 'mixed' && twin ? NOTHING : REGIMES[regime]),
  };
  const lines = Object.entries(plan).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  write(join(folder, 'plan.yaml'), lines.join(''));
  subspace(['sweep', join(folder, 'plan.yaml'), '--out', join(folder, 'runs')]);
  rmSync(join(cohort, 'bags'), { recursive: true });
}

/** Patients are drawn independently of each other, so that their order will do for a division at random. */
function divide(cohort: string, { train, validation }: Parts): void {
  const lines = readFileSync(join(cohort, 'clinical.csv'), 'utf8').trim().split('\n').slice(1);
  const ids = lines.map((line) => line.split(',')[0] ?? '');
  const parts = [ids.slice(0, train), ids.slice(train, train + validation), ids.slice(train + validation)];
  const rows = Array.from({ length: Math.max(...parts.map((part) => part.length)) }, (_, i) =>
    [i, ...parts.map((part) => part[i] ?? '')].join(','),
  );
  // A folder of splits has two at least; the plan takes the first.
  for (const fold of [0, 1])
    write(join(cohort, 'splits', `splits_${fold}.csv`), [',train,val,test', ...rows, ''].join('\n'));
}

/** The same genes, dealt to two sets of the same sizes without knowledge: the first set takes its share evenly from the list by name. */
function shuffleSets(cohort: string): void {
  const lines = readFileSync(join(cohort, 'gene-sets.gmt'), 'utf8').trim().split('\n').slice(0, 2);
  const sets = lines.map((line) => line.split('\t')).map(([name = '', source = '', ...own]) => ({ name, source, own }));
  const genes = sets.flatMap(({ own }) => own).sort();
  const first = sets[0]?.own.length ?? 0;
  const step = genes.length / first;
  const picked = new Set(Array.from({ length: first }, (_, i) => genes[Math.floor(i * step)]));
  const dealt = [genes.filter((gene) => picked.has(gene)), genes.filter((gene) => !picked.has(gene))];
  const made = sets.map(({ name, source }, s) => [name, source, ...(dealt[s] ?? [])].join('\t') + '\n');
  write(join(cohort, 'shuffled.gmt'), made.join(''));
}
