import type { Split } from '../cohort/types.js';
import {
  coxScores,
  designMatrix,
  genesOf,
  logisticScores,
  RIDGE,
  ridgeScores,
  timesAndEvents,
  type PenaltyForm,
  type ScoredRuns,
} from '../evaluation/baselines.js';
import { counted, InputError, required } from '../files/errors.js';
import type { BatchLabels } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { coxRisk, fitCox } from '../model/baselines/cox.js';
import {
  availableVariables,
  clinicalColumns,
  type ClinicalReference,
  type ClinicalVariable,
} from './clinical-reference.js';
import type { ModelScores } from './fold-scores.js';
import { kindColumns, learnCodebook } from './patch-kinds.js';
import type { SlideSummary } from './slides.js';

/** Deaths of validation patients that two coefficients need. */
const FEWEST_DEATHS = 10;

/** Risks `[n]` or class probabilities `[n, C]` of the patients a combination is fitted on, and of those it is scored on. */
export interface TwoGroups {
  readonly validation: ArrayLike<number>;
  readonly test: ArrayLike<number>;
}

/**
 * A model together with the clinical model: a Cox model of both risks, or a ridge logistic regression of both log probabilities, fitted
 * on the validation patients. On training patients the model's own risks are too good, and the combination would lean on them too much.
 * Validation patients chose the model's epoch, so a little of that is left.
 * @param labels of the validation patients
 * @param own of each run of the model
 */
export function combinedScores(labels: BatchLabels, clinical: TwoGroups, own: readonly TwoGroups[]): ModelScores {
  if (labels.kind === 'survival') {
    const deaths = timesAndEvents(labels).event.filter(Boolean).length;
    if (deaths < FEWEST_DEATHS)
      return { reason: `${deaths} deaths among the validation patients; ${FEWEST_DEATHS} are needed to fit it` };
  }
  try {
    const runs = own.map((run) =>
      labels.kind === 'survival' ? coxOfRisks(labels, clinical, run) : logisticOfProbabilities(labels, clinical, run),
    );
    const survival = runs.flatMap((run) => run.survival ?? []);
    return { runs: runs.flatMap((run) => run.runs), ...(survival.length === runs.length ? { survival } : {}) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.message };
  }
}

function coxOfRisks(labels: BatchLabels & { kind: 'survival' }, clinical: TwoGroups, own: TwoGroups): ScoredRuns {
  const columns = (group: keyof TwoGroups) =>
    Float32Array.from({ length: 2 * own[group].length }, (_, k) => (k % 2 === 0 ? clinical : own)[group][k >> 1]);
  const cox = fitCox({ x: columns('validation'), ...timesAndEvents(labels) });
  return coxScores(coxRisk(cox, columns('validation')), labels, coxRisk(cox, columns('test')));
}

/** Probabilities below this are taken as it: their logarithm has to be finite. */
const SMALLEST = 1e-6;

function logisticOfProbabilities(
  labels: BatchLabels & { kind: 'classes' },
  clinical: TwoGroups,
  own: TwoGroups,
): ScoredRuns {
  const C = labels.weights.length;
  const logs = (p: ArrayLike<number>, i: number) =>
    Array.from({ length: C }, (_, c) => Math.log(Math.max(p[i * C + c], SMALLEST)));
  const columns = (group: keyof TwoGroups) =>
    Float32Array.from(
      Array.from({ length: own[group].length / C }, (_, i) => [
        ...logs(clinical[group], i),
        ...logs(own[group], i),
      ]).flat(),
    );
  return { runs: [logisticScores(columns('validation'), labels, columns('test'), 0)] };
}

/** Models on clinical columns alone. */
const CLINICAL: Readonly<Record<string, readonly ClinicalVariable[]>> = {
  age: ['age'],
  ageSex: ['age', 'sex'],
  idh: ['idh'],
  idhAge: ['idh', 'age'],
};
/** The model that others are asked to add to. */
export const REFERENCE = 'ageDiagnosisGrade';
/** A model together with that one. */
export const combinedName = (model: string): string => `${model} + ${REFERENCE}`;
/** All that a clinician has before any omics: what of it the table holds and the label is not made of. */
const ALL_CLINICAL: readonly ClinicalVariable[] = ['age', 'sex', 'grade', 'idh', 'codeletion'];

/** The elastic net's penalty is half lasso, half ridge. */
const HALF_LASSO = 0.5;

/**
 * Simpler models than the network, fitted on its training patients, and what they say of the test patients: ridge
 * regression and an elastic net on the same genes; ridge on the mean patch feature of the slides; ridge on the genes and that, and on the
 * genes and kinds of patches that a codebook of the training patients tells apart, each block with a penalty of its own; Cox
 * regression (for classes ridge logistic regression) on age, age and sex, IDH status, IDH status and age, all clinical variables that the table holds but those that the label is made of, and age,
 * diagnosis and grade. A model whose columns are absent, or cannot be fitted, says why.
 * @param slides of each patient (`summariseSlides`)
 * @param reference what the model of age, diagnosis and grade is made of
 */
export function simpleModels(
  samples: CohortSamples,
  { train, test }: Pick<Split, 'train' | 'test'>,
  seed: number,
  slides: ReadonlyMap<string, SlideSummary>,
  reference: ClinicalReference,
): Record<string, ModelScores> {
  const training = samples.labels(train);
  const onClinical = (variables: readonly ClinicalVariable[]) => clinicalScores(samples, train, test, variables, seed);
  const available = availableVariables(ALL_CLINICAL, rowsOf(samples, train)).filter(
    (variable) => !reference.defining.includes(variable),
  );
  type Columns = (id: string) => Float32Array[];
  const onParts = (parts: Columns, penalty: PenaltyForm = {}) =>
    ridgeScores(designMatrix(train.map(parts)), training, designMatrix(test.map(parts)), seed, penalty);
  const genes: Columns = (id) => genesOf(samples, id);
  const withGenes = (own: (id: string) => Float32Array): ScoredRuns => {
    const firstBlock = genes(train[0]).reduce((sum, part) => sum + part.length, 0);
    return onParts((id) => [...genes(id), own(id)], { firstBlock });
  };
  const mean = (id: string) => required(slides, id).mean;
  const onSlides = (fit: () => ScoredRuns): ModelScores => {
    const without = [...train, ...test].filter((id) => mean(id).length === 0).length;
    return without > 0 ? { reason: `${counted(without, 'patient')} without a slide` } : orReason(fit);
  };
  return {
    [RIDGE[training.kind]]: orReason(() => onParts(genes)),
    elasticNet: orReason(() => onParts(genes, { alpha: HALF_LASSO })),
    meanSlide: onSlides(() => onParts((id) => [mean(id)])),
    genesMeanSlide: onSlides(() => withGenes(mean)),
    genesPatchKinds: onSlides(() => {
      const patches = (id: string) => required(slides, id).patches;
      const book = learnCodebook(train.map(patches), seed);
      return withGenes((id) => kindColumns(patches(id), book));
    }),
    ...Object.fromEntries(Object.entries(CLINICAL).map(([name, variables]) => [name, onClinical(variables)])),
    clinical:
      available.length === 0
        ? {
            reason:
              'of age, sex, grade, IDH status and 1p/19q codeletion the clinical table has none that the label is not made of',
          }
        : onClinical(available),
    [REFERENCE]: referenceScores(samples, train, test, reference, seed),
  };
}

const rowsOf = (samples: CohortSamples, ids: readonly string[]) =>
  ids.map((id) => required(samples.patients, id).clinical);

/** What the model of age, diagnosis and grade, fitted on the training patients, says of others. */
export function referenceScores(
  samples: CohortSamples,
  train: readonly string[],
  scored: readonly string[],
  { variables, leftOut }: ClinicalReference,
  seed: number,
): ModelScores {
  if (variables.length === 0)
    return { reason: leftOut.map(({ variable, reason }) => `${variable}: ${reason}`).join('; ') };
  return clinicalScores(samples, train, scored, variables, seed);
}

/** Cox regression, or ridge logistic regression, on clinical variables. */
function clinicalScores(
  samples: CohortSamples,
  train: readonly string[],
  scored: readonly string[],
  variables: readonly ClinicalVariable[],
  seed: number,
): ModelScores {
  const training = samples.labels(train);
  const columns = clinicalColumns(variables, rowsOf(samples, train), rowsOf(samples, scored));
  if ('reason' in columns) return columns;
  return orReason(() => {
    if (training.kind === 'classes') return { runs: [logisticScores(columns.train, training, columns.scored, seed)] };
    const cox = fitCox({ x: columns.train, ...timesAndEvents(training) });
    return coxScores(coxRisk(cox, columns.train), training, coxRisk(cox, columns.scored));
  });
}

function orReason(fit: () => ScoredRuns): ModelScores {
  try {
    return fit();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reason: error.message };
  }
}
