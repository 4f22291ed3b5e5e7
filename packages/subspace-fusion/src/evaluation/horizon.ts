import type { TimeUnit } from '../cohort/index.js';
import type { Horizon } from './comparison-types.js';
import type { FoldScores } from './fold-scores.js';

/** Units of time in a year. */
const YEAR: Readonly<Record<TimeUnit, number>> = { days: 365.25, months: 12, years: 1 };
const WANTED_YEARS = 2;
/** Times at which the Brier score is taken. */
const TIMES = 6;

/**
 * The time up to which survival is judged: two years, or the last time that the training patients' deaths and the first model's curves
 * reach in every fold, where that is earlier. No test patient has a say in it. Undefined for classes.
 */
export function chooseHorizon(folds: readonly FoldScores[]): Horizon | { readonly reason: string } | undefined {
  if (folds[0].truth.kind === 'classes') return undefined;
  const followUps = folds.flatMap(({ training }) => training.survival ?? []);
  if (followUps.length < folds.length) return { reason: 'the follow-up of the training patients is not known' };
  const lastDeaths = followUps.map(({ time, event }) => Math.max(...time.filter((_, i) => event[i])));
  const first = folds.map(({ models }) => Object.values(models)[0]);
  const ends = first.flatMap((scores) => ('reason' in scores ? [] : (scores.survival ?? []).map(({ until }) => until)));
  const reached = Math.min(...lastDeaths, ...ends);
  if (!(reached > 0)) return { reason: 'no training patient of a fold dies' };
  const { timeUnit } = followUps[0];
  const wanted = WANTED_YEARS * YEAR[timeUnit];
  const time = Math.min(wanted, reached);
  const rule =
    wanted <= reached
      ? `${WANTED_YEARS} years`
      : `the last time that deaths of training patients and the first model's curves reach in every fold; ${WANTED_YEARS} years lie beyond`;
  return { time, timeUnit, times: Array.from({ length: TIMES }, (_, k) => time * ((k + 1) / TIMES)), rule };
}
