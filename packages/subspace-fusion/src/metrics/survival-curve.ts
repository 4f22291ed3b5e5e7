import { countEvents, quantile, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric } from './bootstrap.js';
import { kaplanMeier, survivalAt } from './kaplan-meier.js';

/** The question asks for a time that lies after the last cut, where the model says nothing. */
export const BEYOND_FOLLOW_UP = 'beyond follow-up';

/** One patient's predicted survival: straight lines through the points (0, 1) and (cut_j, S_j). */
export interface SurvivalCurve {
  /** 0 and the cuts, ascending. */
  readonly times: readonly number[];
  readonly survival: readonly number[];
}

/**
 * The survival curve of discrete hazards λ `[bins]`, with the bins' inner boundaries `cuts` `[bins − 1]`: `S_j = Π_{i≤j}(1−λ_i)`
 * is the survival at the end of bin j. Inside a bin, deaths are taken as evenly spread (the actuarial assumption), so
 * the curve is linear there. The last bin has no end and so no point on the curve.
 * Throws a RangeError where the cuts do not fit the hazards or do not ascend from above 0.
 */
export function survivalCurve(hazards: ArrayLike<number>, cuts: ArrayLike<number>): SurvivalCurve {
  if (hazards.length !== cuts.length + 1) {
    throw new RangeError(`${hazards.length} hazards need ${hazards.length - 1} cuts, got ${cuts.length}`);
  }
  const times = [0];
  const survival = [1];
  for (let j = 0; j < cuts.length; j++) {
    if (!(cuts[j] > times[j]))
      throw new RangeError(`the cuts must ascend from above 0: ${Array.from(cuts).join(', ')}`);
    if (!(hazards[j] >= 0 && hazards[j] <= 1)) throw new RangeError(`hazard ${j} is ${hazards[j]}, not a probability`);
    times.push(cuts[j]);
    survival.push(survival[j] * (1 - hazards[j]));
  }
  return { times, survival };
}

/** Predicted probability to be alive at `time` ≥ 0, in the unit of the cuts. */
export function predictedSurvival({ times, survival }: SurvivalCurve, time: number): number | typeof BEYOND_FOLLOW_UP {
  const end = times.findIndex((t) => t >= time);
  if (end < 0) return BEYOND_FOLLOW_UP;
  if (end === 0) return 1;
  const share = (time - times[end - 1]) / (times[end] - times[end - 1]);
  return survival[end - 1] + share * (survival[end] - survival[end - 1]);
}

/** Predicted median survival: the time at which the curve falls to 1/2, in the unit of the cuts. */
export function predictedMedian({ times, survival }: SurvivalCurve): number | typeof BEYOND_FOLLOW_UP {
  const end = survival.findIndex((s) => s <= 0.5);
  if (end < 0) return BEYOND_FOLLOW_UP;
  const share = (survival[end - 1] - 0.5) / (survival[end - 1] - survival[end]);
  return times[end - 1] + share * (times[end] - times[end - 1]);
}

/** Patients of similar predicted survival at a horizon, and how many of them really survive it. */
export interface CalibrationGroup {
  readonly n: number;
  /** Mean predicted survival probability. */
  readonly predicted: number;
  /** Kaplan-Meier survival at the horizon, with its 95 % interval. */
  readonly observed: Metric;
}

/**
 * Calibration of predicted survival probabilities at `horizon`: patients are cut into `groups` of about equal size at the
 * quantiles (type 7) of the prediction `survival` [n], lowest first; equal predictions stay together, so groups may be fewer
 * (Harrell, Lee & Mark 1996; D'Agostino & Nam 2003, with Kaplan-Meier in each group). Throws a RangeError on unequal lengths or
 * NaN.
 */
export function calibrationGroups(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  horizon: number,
  groups: number,
): CalibrationGroup[] {
  const n = time.length;
  requireNumbers(n, { time, event, survival });
  if (n === 0) return [];
  const cuts = Array.from({ length: groups - 1 }, (_, g) => quantile(survival, (g + 1) / groups));
  const members: number[][] = Array.from({ length: groups }, () => []);
  for (let i = 0; i < n; i++) members[cuts.filter((cut) => survival[i] > cut).length].push(i);
  return members
    .filter((rows) => rows.length > 0)
    .map((rows) => ({
      n: rows.length,
      predicted: rows.reduce((sum, i) => sum + survival[i], 0) / rows.length,
      observed: survivalAt(
        kaplanMeier(
          rows.map((i) => time[i]),
          rows.map((i) => Number(event[i])),
        ),
        horizon,
      ),
    }));
}

/**
 * Survival calibration error: the mean distance between predicted and Kaplan-Meier survival at `horizon` over {@link
 * calibrationGroups}, weighted by their patients. Chance alone makes it positive, the more so the smaller the groups. Refused
 * where the follow-up of a group ends before the horizon.
 */
export function survivalCalibrationError(
  time: ArrayLike<number>,
  event: Events,
  survival: ArrayLike<number>,
  horizon: number,
  groups: number,
): Metric {
  const name = 'survivalCalibrationError';
  const calibration = calibrationGroups(time, event, survival, horizon, groups);
  if (calibration.length === 0) return refuse(name, 'there are no patients');
  let sum = 0;
  for (const [g, { n, predicted, observed }] of calibration.entries()) {
    if (observed.value === null) return refuse(name, `group ${g + 1} of ${calibration.length}: ${observed.reason}`);
    sum += n * Math.abs(predicted - observed.value);
  }
  const n = time.length;
  return {
    name,
    value: sum / n,
    estimator: `mean |predicted − Kaplan-Meier| survival at ${horizon} over ${calibration.length} groups`,
    ties: 'equal predictions fall into one group',
    n,
    events: countEvents(event),
  };
}
