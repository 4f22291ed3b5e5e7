import { maxOf, minOf } from '../files/lists.js';
import { convertTime } from '../cohort/clinical/outcome.js';
import type { Patient, TimeUnit } from '../cohort/types.js';
import { InputError } from '../files/errors.js';
import { quantile } from '../metrics/arrays.js';

/** Bins of the discrete-time survival model. */
const SURVIVAL_BINS = 4;

/**
 * Cuts between the survival bins, in the cohort's time unit: quartiles (type 7) of the times of those training patients
 * whose death was seen.
 * @throws {InputError} where there are too few deaths, or too many at one time or at time 0, for four bins.
 */
export function survivalCuts(training: readonly NonNullable<Patient['survival']>[]): number[] {
  const times = Float64Array.from(training.filter(({ event }) => event).map(({ time }) => time));
  const cuts = times.length < SURVIVAL_BINS ? [] : [0.25, 0.5, 0.75].map((p) => quantile(times, p));
  if (!(0 < cuts[0] && cuts[0] < cuts[1] && cuts[1] < cuts[2])) {
    throw new InputError(
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

/** Times at which clinicians ask for survival, in years. */
const HORIZONS = [1, 2, 5];
/** Training deaths that a bin needs. */
const DEATHS = 5;

/** Bins of the calibrated survival head: `cuts` between them, and the `end` of the last, in the cohort's time unit. */
export interface CalibratedBins {
  readonly cuts: readonly number[];
  /** The longest follow-up of a training patient. */
  readonly end: number;
}

/**
 * Bins for a survival curve that can be read: cuts at 1, 2 and 5 years and at the quartiles (type 7) of the times of observed
 * training deaths. A cut is taken, clinical horizons first, where every bin keeps five deaths.
 * @throws {InputError} where there are too few deaths for a single cut.
 */
export function calibratedBins(
  training: readonly NonNullable<Patient['survival']>[],
  timeUnit: TimeUnit,
): CalibratedBins {
  const deaths = Float64Array.from(training.filter(({ event }) => event).map(({ time }) => time));
  const quartiles = deaths.length === 0 ? [] : [0.25, 0.5, 0.75].map((p) => quantile(deaths, p));
  const between = (from: number, to: number) => deaths.filter((t) => from <= t && t < to).length;
  const cuts: number[] = [];
  for (const cut of [...HORIZONS.map((years) => convertTime(years, 'years', timeUnit)), ...quartiles]) {
    const before = Math.max(0, maxOf(cuts.filter((c) => c <= cut)));
    const after = Math.min(Infinity, minOf(cuts.filter((c) => c > cut)));
    if (between(before, cut) >= DEATHS && between(cut, after) >= DEATHS) cuts.push(cut);
  }
  if (cuts.length === 0) {
    throw new InputError(
      `The ${training.length} training patients have ${deaths.length} observed deaths: too few for a survival curve. Train on more patients.`,
    );
  }
  return { cuts: cuts.sort((a, b) => a - b), end: training.reduce((longest, { time }) => Math.max(longest, time), 0) };
}

/** The part of its bin, 0 … 1, that a patient was seen in who was censored at `time`. The last bin ends with the longest follow-up. */
export function seenPart(time: number, { cuts, end }: CalibratedBins): number {
  const bin = cuts.filter((cut) => cut <= time).length;
  const from = cuts[bin - 1] ?? 0;
  const to = cuts[bin] ?? end;
  return to > from ? Math.min((time - from) / (to - from), 1) : 1;
}

/**
 * Weight of each class in the cross entropy: largest class count / class count over the training labels (0…classes−1). A class
 * that no training patient has counts as one patient.
 * @throws {InputError} where all labels are equal: there is nothing to learn.
 */
export function classWeights(labels: ArrayLike<number>, classes: number): Float32Array {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  if (counts.filter((count) => count > 0).length < 2) {
    throw new InputError(
      `All ${labels.length} training patients have the same label: there is nothing to learn. Choose another task or more patients.`,
    );
  }
  const largest = maxOf(counts);
  return Float32Array.from(counts, (count) => largest / Math.max(count, 1));
}
