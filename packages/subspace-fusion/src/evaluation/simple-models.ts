import type { Split } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { coxRisk, fitCox } from '../model/baselines/cox.js';
import type { CohortSamples } from '../training/samples.js';
import { logisticScores, RIDGE, ridgeScores, timesAndEvents } from './baselines.js';
import { clinicalColumns, type ClinicalVariable } from './clinical-columns.js';
import type { Scores } from './fold-scores.js';

/** Models on clinical columns alone. */
const CLINICAL: Readonly<Record<string, readonly ClinicalVariable[]>> = { ageSex: ['age', 'sex'], idh: ['idh'], idhAge: ['idh', 'age'] };

/**
 * Simpler models than the network, fitted on the patients that it trained on, and what they say of the test patients: ridge
 * regression on the same genes; Cox regression (for classes ridge logistic regression) on age and sex, on IDH status, and on
 * IDH status and age. A model whose columns are absent, or cannot be fitted, says why.
 */
export function simpleModels(samples: CohortSamples, { train, test }: Split, seed: number): Record<string, Scores> {
  const training = samples.labels(train);
  const clinical = (ids: readonly string[]) => ids.map((id) => samples.patients.get(id)!.clinical);
  const onColumns = (variables: readonly ClinicalVariable[]): Scores => {
    const columns = clinicalColumns(variables, clinical(train), clinical(test));
    if ('reason' in columns) return columns;
    return orReason(() =>
      training.kind === 'survival'
        ? coxRisk(fitCox({ x: columns.train, ...timesAndEvents(training) }), columns.scored)
        : logisticScores(columns.train, training, columns.scored, seed),
    );
  };
  return {
    [RIDGE[training.kind]]: orReason(() => ridgeScores(samples, train, test, seed)),
    ...Object.fromEntries(Object.entries(CLINICAL).map(([name, variables]) => [name, onColumns(variables)])),
  };
}

function orReason(fit: () => Float64Array): Scores {
  try {
    return { runs: [fit()] };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reason: error.message };
  }
}
