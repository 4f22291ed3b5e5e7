import { countEvents, quantile, requireNumbers, type Events } from './arrays.js';
import { kaplanMeier, survivalAt } from './kaplan-meier.js';
import { refuse, type Metric } from './metric.js';

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
