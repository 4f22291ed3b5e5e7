import type { Split } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { coxRisk, fitCox } from '../model/baselines/cox.js';
import type { BatchLabels } from '../training/batch.js';
import type { CohortSamples } from '../training/samples.js';
import { designMatrix, genesOf, logisticScores, RIDGE, ridgeScores, timesAndEvents } from './baselines.js';
import { availableVariables, clinicalColumns, type ClinicalColumns, type ClinicalVariable } from './clinical-columns.js';
import type { Scores } from './fold-scores.js';

/** Models on clinical columns alone. */
const CLINICAL: Readonly<Record<string, readonly ClinicalVariable[]>> = { age: ['age'], ageSex: ['age', 'sex'], idh: ['idh'], idhAge: ['idh', 'age'] };
/** All that a clinician has before any omics: what of it the table holds. */
const ALL_CLINICAL: readonly ClinicalVariable[] = ['age', 'sex', 'grade', 'idh', 'codeletion'];

/**
 * Simpler models than the network, fitted on the patients that it trained on, and what they say of the test patients: ridge
 * regression on the same genes, and on the mean patch feature of the slides; Cox regression (for classes ridge logistic
 * regression) on age, age and sex, IDH status, IDH status and age, and all clinical variables that the table holds. A model
 * whose columns are absent, or cannot be fitted, says why.
 * @param means the mean patch feature of each patient (`slideMeans`)
 */
export function simpleModels(samples: CohortSamples, { train, test }: Split, seed: number, means: ReadonlyMap<string, Float32Array>): Record<string, Scores> {
  const training = samples.labels(train);
  const clinical = (ids: readonly string[]) => ids.map((id) => samples.patients.get(id)!.clinical);
  const onColumns = (columns: ClinicalColumns): Scores => {
    if ('reason' in columns) return columns;
    return orReason(() => (training.kind === 'survival' ? coxScores(columns, training) : logisticScores(columns.train, training, columns.scored, seed)));
  };
  const onClinical = (variables: readonly ClinicalVariable[]) => onColumns(clinicalColumns(variables, clinical(train), clinical(test)));
  const available = availableVariables(ALL_CLINICAL, clinical(train));
  const onParts = (parts: (id: string) => Float32Array[]) =>
    orReason(() => ridgeScores(designMatrix(train.map(parts)), training, designMatrix(test.map(parts)), seed));
  return {
    [RIDGE[training.kind]]: onParts((id) => genesOf(samples, id)),
    meanSlide: onParts((id) => [means.get(id)!]),
    ...Object.fromEntries(Object.entries(CLINICAL).map(([name, variables]) => [name, onClinical(variables)])),
    clinical: available.length === 0 ? { reason: 'the clinical table has none of age, sex, grade, IDH status and 1p/19q codeletion' } : onClinical(available),
  };
}

function coxScores({ train, scored }: { train: Float32Array; scored: Float32Array }, training: BatchLabels & { kind: 'survival' }): Float64Array {
  return coxRisk(fitCox({ x: train, ...timesAndEvents(training) }), scored);
}

function orReason(fit: () => Float64Array): Scores {
  try {
    return { runs: [fit()] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: error.message };
  }
}
