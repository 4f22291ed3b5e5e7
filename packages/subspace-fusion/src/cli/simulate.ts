import { Option, type Command } from 'commander';
import { MOST } from '../config/values.js';
import { InputError } from '../files/errors.js';
import { fractionOfCeiling } from '../simulation/ceilings.js';
import { simulateCohort, type SimulatedCohort } from '../simulation/cohort.js';
import { simulateBagsForCohort } from '../simulation/real-genes.js';
import { REGIMES, type Regime } from '../simulation/regimes.js';
import { print } from './output.js';
import { outPath, progressBar, seed, wholeNumber } from './terminal.js';

interface SimulateFlags {
  readonly out: string;
  readonly patients?: number;
  readonly bag: number;
  readonly ragged?: boolean;
  readonly regime?: Regime;
  readonly null?: boolean;
  readonly seed: number;
  readonly expression?: string;
  readonly clinical?: string;
  readonly geneSets?: string;
  readonly leaveOutFloorsBy?: string;
  readonly folds?: string;
  readonly fold: number;
  readonly permuteBags?: boolean;
  readonly json?: boolean;
}

/** `subspace simulate`: a cohort whose truth is known, or simulated slides for real patients. */
export function defineSimulate(command: Command): void {
  const realGenes = new Option('--expression <file>', 'real expression matrix: simulate slides only, from its genes');
  command
    .requiredOption('--out <folder>', 'folder to write', outPath)
    .option('--patients <n>', 'number of patients (default: 200; 80 for consistency)', wholeNumber(0, 100_000))
    .option('--bag <n>', 'patches of a slide, a square number', wholeNumber(0, MOST.bag), 400)
    .option('--ragged', 'slides of different sizes')
    .addOption(new Option('--regime <name>', 'what the outcome depends on (default: mixed)').choices(REGIMES))
    .option('--null', "the regime's twin, in which there is nothing to find")
    .option('--seed <n>', 'seed of all random numbers', seed, 1)
    .addOption(realGenes.conflicts(['patients', 'regime', 'null']))
    .option('--clinical <file>', 'clinical table of the real patients')
    .option('--gene-sets <file>', 'GMT file with TUMOUR and MICROENVIRONMENT')
    .option(
      '--leave-out-floors-by <column>',
      'clinical column (study, site): genes whose floor gives its groups away take no part',
    )
    .option('--folds <file>', 'published folds for the config')
    .option('--fold <n>', 'fold of the test set', wholeNumber(0, MOST.folds - 1), 0)
    .option('--permute-bags', 'control: give every patient the bag of another')
    .option('--json', 'print the result as JSON')
    .action((flags: SimulateFlags) =>
      flags.expression === undefined ? simulateTruth(flags) : simulateSlides(flags, flags.expression),
    );
}

async function simulateTruth(flags: SimulateFlags): Promise<void> {
  for (const name of ['clinical', 'geneSets', 'leaveOutFloorsBy', 'folds', 'permuteBags'] as const) {
    if (flags[name] !== undefined)
      throw new InputError(
        '--clinical, --gene-sets, --leave-out-floors-by, --folds and --permute-bags go with --expression. Add it.',
      );
  }
  const { regime = 'mixed', null: twin = false } = flags;
  const { out, patients, bag, ragged, seed } = flags;
  const cohort = await withProgress((onSlide) =>
    simulateCohort({ out, patients, bag, ragged, seed, regime, twin, onSlide }),
  );
  print(flags.json ? JSON.stringify(summary(cohort, regime, twin), null, 2) : describe(cohort, regime, twin));
}

async function simulateSlides(flags: SimulateFlags, expression: string): Promise<void> {
  const { clinical, geneSets, leaveOutFloorsBy, out, bag, ragged, seed, folds, fold, permuteBags } = flags;
  if (clinical === undefined || geneSets === undefined)
    throw new InputError('--expression needs --clinical and --gene-sets too.');
  const bags = await withProgress((onSlide) =>
    simulateBagsForCohort({
      expression,
      clinical,
      geneSets,
      leaveOutFloorsBy,
      out,
      bag,
      ragged,
      seed,
      folds,
      fold,
      permuteBags,
      onSlide,
    }),
  );
  print(
    flags.json
      ? JSON.stringify(bags, null, 2)
      : `${bags.patients} real patients, one simulated slide each\nNext: subspace train ${bags.config}`,
  );
}

function summary(
  { folder, config, patients, events, coefficients, ceilings }: SimulatedCohort,
  regime: Regime,
  twin: boolean,
) {
  const { population, cohort, ridge, design } = ceilings;
  return {
    folder,
    config,
    regime,
    twin,
    patients,
    events,
    coefficients,
    ceilings: { population, cohort, ridge, design },
  };
}

function describe({ config, patients, events, ceilings }: SimulatedCohort, regime: Regime, twin: boolean): string {
  const { population, ridge, design } = ceilings;
  const line = (what: string, score: number) => {
    const fraction =
      population.both > 0.5 ? `${Math.round(100 * fractionOfCeiling(score, population.both))} %`.padStart(8) : '';
    return `  ${what.padEnd(36)}${score.toFixed(3)}${fraction}`;
  };
  return [
    `${patients} simulated patients, ${events} deaths, regime ${regime}${twin ? ', twin' : ''}`,
    'Best possible concordance, and its share of what genes and slide tell together:',
    line('the true risk', population.trueEta),
    line('genes', population.genes),
    line('patches in any order', population.anyOrder),
    line('patches in place', population.inPlace),
    line('genes and patches in place', population.both),
    line('ridge on genes and patch kinds', ridge),
    ...design.reasons.map((reason) => `Not fit to show a gain from fusion: ${reason}.`),
    `Next: subspace train ${config}`,
  ].join('\n');
}

/** Runs the work with a bar that counts slides. */
async function withProgress<T>(work: (onSlide: (done: number, total: number) => void) => Promise<T>): Promise<T> {
  const bar = progressBar('slides');
  try {
    return await work((done, total) => bar.update(done, total));
  } finally {
    bar.clear();
  }
}
