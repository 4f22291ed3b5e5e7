import { UserError } from '../files/user-error.js';
import { coxRisk, fitCox } from '../model/baselines/cox.js';
import type { BatchLabels } from '../training/batch.js';
import { coxScores, logisticScores, timesAndEvents } from './baselines.js';
import type { ScoredRuns, Scores } from './fold-scores.js';

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
export function combinedScores(labels: BatchLabels, clinical: TwoGroups, own: readonly TwoGroups[]): Scores {
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
    if (!(error instanceof UserError)) throw error;
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
