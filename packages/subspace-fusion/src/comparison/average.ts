import type { ScoredRuns, SurvivalPrediction } from '../evaluation/baselines.js';
import type { Outcome } from '../runs/model.js';
import type { ModelScores } from './fold-scores.js';

/** The first model averaged with ridge on the genes, as a model of a table. */
export const AVERAGE = 'averageWithRidge';

/**
 * The mean of a model's predictions and those of ridge on the genes, for each run of the model. Of classes it is the mean of the
 * probabilities. Of survival it is the mean of the probabilities to be alive, Ŝ(t) = (S_model(t) + S_ridge(t))/2, with the survival that
 * follows from ridge by Breslow's baseline hazard; the risk is `−Σ_k Ŝ(t_k)` over the model's cuts t_k. A model's risks and Cox's linear
 * predictor have no common scale, so those are never averaged.
 */
export function averageScores(own: ModelScores, ridge: ModelScores, outcome: Outcome): ModelScores {
  if ('reason' in own) return own;
  if ('reason' in ridge) return ridge;
  if (outcome.kind === 'classes') {
    const [other] = ridge.runs;
    return { runs: own.runs.map((run) => Float64Array.from(run, (p, i) => (p + other[i]) / 2)) };
  }
  return averageSurvival(own, ridge, outcome.cuts);
}

function averageSurvival(own: ScoredRuns, ridge: ScoredRuns, cuts: readonly number[]): ModelScores {
  const other = ridge.survival?.at(0);
  if (!own.survival || !other) return { reason: 'a model gives no probabilities of survival' };
  const survival = own.survival.map((one): SurvivalPrediction => ({
    until: Math.min(one.until, other.until),
    at: (row, time) => (one.at(row, time) + other.at(row, time)) / 2,
  }));
  const runs = survival.map((curve, r) =>
    Float64Array.from(own.runs[r], (_, row) => -cuts.reduce((sum, cut) => sum + curve.at(row, cut), 0)),
  );
  return { runs, survival };
}
