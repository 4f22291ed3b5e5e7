import { UserError } from '../files/user-error.js';
import { quantile } from './quantile.js';
import type { Patient } from './types.js';

/** Bins of the discrete-time survival model. */
export const SURVIVAL_BINS = 4;

/**
 * Cuts between the survival bins, in the cohort's time unit: quartiles (type 7) of the times of those training patients
 * whose death was seen.
 * @throws {UserError} where there are too few deaths, or too many at one time or at time 0, for four bins.
 */
export function survivalCuts(training: readonly NonNullable<Patient['survival']>[]): number[] {
  const times = Float64Array.from(training.filter(({ event }) => event).map(({ time }) => time)).sort();
  const cuts = times.length < SURVIVAL_BINS ? [] : [0.25, 0.5, 0.75].map((p) => quantile(times, p));
  if (!(0 < cuts[0] && cuts[0] < cuts[1] && cuts[1] < cuts[2])) {
    throw new UserError(
      `The ${training.length} training patients have ${times.length} observed deaths at ${new Set(times).size} different times: ` +
        'too few for the four survival bins. Train on more patients.',
    );
  }
  return cuts;
}

/** The bin of a time, 0…3: bin j holds cuts[j−1] ≤ time < cuts[j]. */
export function survivalBin(time: number, cuts: readonly number[]): number {
  return cuts.filter((cut) => cut <= time).length;
}
