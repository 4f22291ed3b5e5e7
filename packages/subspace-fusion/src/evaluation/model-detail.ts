import type { Config, Patient } from '../cohort/index.js';
import type { ModelDetail } from './comparison-types.js';
import type { FoldScores } from './fold-scores.js';
import { scoreSubgroups } from './known-subgroups.js';
import { worstPredicted } from './worst-predicted.js';

/** A difference between two models may be that of their seeds; fewer than these do not show it. */
const FEWEST_SEEDS = 3;

/**
 * What else there is to say of a comparison's first model, and of the comparison.
 * @param config of the runs: what a site is, and the seed of the draws
 */
export function describeModel(
  folds: readonly FoldScores[],
  model: string,
  cohort: readonly Patient[],
  seeds: readonly number[],
  { split, training }: ReadConfig,
): ModelDetail {
  const subgroups = scoreSubgroups(folds, model, cohort, split.by, training.seed);
  return { subgroups, worstPredicted: worstPredicted(folds, model), notes: notesOf(seeds) };
}

interface ReadConfig {
  readonly split: Pick<Config['split'], 'by'>;
  readonly training: Pick<Config['training'], 'seed'>;
}

/** What a reader has to know before the figures. */
export function notesOf(seeds: readonly number[]): string[] {
  if (seeds.length >= FEWEST_SEEDS) return [];
  const few = seeds.length === 1 ? '1 seed' : `${seeds.length} seeds`;
  return [
    `${few} of training: how much of a difference is chance of the training is not known; ${FEWEST_SEEDS} are needed to compare models`,
  ];
}
