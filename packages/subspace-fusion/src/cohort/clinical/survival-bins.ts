import { badInput, counted, shortNumber, type InputError } from '../../files/errors.js';
import { maxOf, minOf } from '../../files/lists.js';
import { quantile } from '../../metrics/arrays.js';
import type { Patient, TimeUnit } from '../types.js';
import { convertTime } from './outcome.js';

type Survival = NonNullable<Patient['survival']>;

/** Where times come from, for messages. */
export interface TimeSource {
  readonly file: string;
  /** The user's column. */
  readonly time: string;
  readonly timeUnit: TimeUnit;
}

/** Bins of the discrete-time survival model. */
const SURVIVAL_BINS = 4;

const deathTimes = (training: readonly Survival[]): Float64Array =>
  Float64Array.from(training.filter(({ event }) => event).map(({ time }) => time));

const quartilesOf = (times: Float64Array): number[] => [0.25, 0.5, 0.75].map((p) => quantile(times, p));

/**
 * Cuts between the survival bins, in the cohort's time unit: quartiles (type 7) of the times of those training patients
 * whose death was seen.
 * @throws {InputError} where there are too few deaths, or too many at one time or at time 0, for four bins.
 */
export function survivalCuts(training: readonly Survival[], source: TimeSource): number[] {
  const times = deathTimes(training);
  const cuts = times.length < SURVIVAL_BINS ? [] : quartilesOf(times);
  if (0 < cuts[0] && cuts[0] < cuts[1] && cuts[1] < cuts[2]) return cuts;
  throw fewDeaths(training, source, 'the four survival bins');
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
export function calibratedBins(training: readonly Survival[], source: TimeSource): CalibratedBins {
  const deaths = deathTimes(training);
  const quartiles = deaths.length === 0 ? [] : quartilesOf(deaths);
  const between = (from: number, to: number) => deaths.filter((t) => from <= t && t < to).length;
  const cuts: number[] = [];
  for (const cut of [...HORIZONS.map((years) => convertTime(years, 'years', source.timeUnit)), ...quartiles]) {
    const before = Math.max(0, maxOf(cuts.filter((c) => c <= cut)));
    const after = Math.min(Infinity, minOf(cuts.filter((c) => c > cut)));
    if (between(before, cut) >= DEATHS && between(cut, after) >= DEATHS) cuts.push(cut);
  }
  if (cuts.length === 0) throw fewDeaths(training, source, 'a survival curve');
  return { cuts: cuts.sort((a, b) => a - b), end: training.reduce((longest, { time }) => Math.max(longest, time), 0) };
}

/** The part of its bin, 0 … 1, that a patient was seen in who was censored at `time`. The last bin ends with the longest follow-up. */
export function seenPart(time: number, { cuts, end }: CalibratedBins): number {
  const bin = cuts.filter((cut) => cut <= time).length;
  const from = cuts[bin - 1] ?? 0;
  const to = cuts[bin] ?? end;
  return to > from ? Math.min((time - from) / (to - from), 1) : 1;
}

/** The error for deaths of which no bins can be made: too few, or at too few times. */
function fewDeaths(training: readonly Survival[], { file, time, timeUnit }: TimeSource, what: string): InputError {
  const times = deathTimes(training);
  const deaths = counted(times.length, 'observed death');
  const patients = `the ${counted(training.length, 'training patient')}`;
  const different = new Set(times).size;
  const check = `Check the column '${time}' (clinical.time)`;
  if (times.length > 1 && different === 1) {
    const message = `all ${deaths} of ${patients} are at ${shortNumber(times[0])} ${timeUnit}`;
    return badInput({ file, message, remedy: check });
  }
  const message = `${patients} have ${deaths} at ${counted(different, 'time')}: too few for ${what}`;
  const remedy = times.length > SURVIVAL_BINS * DEATHS ? check : 'Train on more patients, or follow them up for longer';
  return badInput({ file, message, remedy });
}
