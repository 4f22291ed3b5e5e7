import { key, uniform } from '../random/counter.js';

/**
 * What every metric of this room hands back: a value that carries how it came about, or a stated
 * refusal. A number that cannot be computed is never 0 and never a silent NaN.
 */
export type Metric = Estimate | Refusal;

/** A metric that could be computed. */
export interface Estimate {
  readonly name: string;
  readonly value: number;
  /** The estimator in words, for example "Harrell's C". */
  readonly estimator: string;
  /** How ties are counted. */
  readonly ties: string;
  /** Patients it was computed on. */
  readonly n: number;
  /** Observed deaths among them. */
  readonly events?: number;
  /** Pairs that a concordance index counts. */
  readonly comparablePairs?: number;
  /** Anything a reader of the value has to know, for example a class whose term counts as 0. */
  readonly note?: string;
  /** The shares of patients that it is a mean of, class by class; of a class that takes no part 0 of 0. */
  readonly shares?: readonly Share[];
  /** Of an area under a curve or a concordance index: who is compared with whom. */
  readonly sides?: Sides;
  /** 95 % interval; absent together where there is none. */
  readonly low?: number;
  readonly high?: number;
  /** How the interval was made, in words. */
  readonly interval?: string;
  /** Bootstrap resamples drawn, where the interval needs them, and how many of them could not compute the metric. */
  readonly resamples?: number;
  readonly refusedResamples?: number;
  /** Why there is no interval although one was asked for. */
  readonly noInterval?: string;
}

/** `right` of `of` patients: whole numbers, or their means over trainings. */
export interface Share {
  readonly right: number;
  readonly of: number;
}

/** The patients whose pairs an area or a concordance index counts. */
export interface Sides {
  /** Patients of the class, or deaths. */
  readonly cases: number;
  /** Patients of the rest, or those who are known to outlive a death, on average. */
  readonly others: number;
  /** How many cases' worth of a variance known beforehand its interval takes in (`areaInterval`). */
  readonly borrowed: number;
}

/** A metric that could not be computed. */
export interface Refusal {
  readonly name: string;
  readonly value: null;
  readonly reason: string;
}

export function refuse(name: string, reason: string): Refusal {
  return { name, value: null, reason };
}

/** Resamples of every interval that needs them. */
export const RESAMPLES = 2000;

/** The patients of a sample: how many, or of each the number of the stratum that another is drawn from in their place. */
export type Strata = number | ArrayLike<number>;

/** The stratum of each patient where groups of these sizes follow one another. */
export function strataOfSizes(sizes: readonly number[]): number[] {
  return sizes.flatMap((size, stratum) => Array<number>(size).fill(stratum));
}

/** Patients by stratum; of a mere number of patients all are in one. */
export function membersOf(strata: Strata): number[][] {
  if (typeof strata === 'number') return [Array.from({ length: strata }, (_, i) => i)];
  const members = new Map<number, number[]>();
  for (let i = 0; i < strata.length; i++) {
    const own = members.get(strata[i]);
    if (own) own.push(i);
    else members.set(strata[i], [i]);
  }
  return [...members.values()];
}

/** Computes metrics, the same ones in the same order every time, on the patients whose indices it is given. */
export type Evaluate = (patients: Uint32Array) => readonly Metric[];

/**
 * Values of metrics on resamples of the patients (Efron 1979), `[metric][resample]`: in the place of each patient one of the same
 * stratum is drawn, with replacement, so that every resample has as many of each stratum as the sample. Resamples that cannot compute a
 * metric are left out. Draw r depends on the seed and r alone, so every metric, and every model evaluated with the same seed and
 * patients, sees the same draws.
 */
export function bootstrapDraws(evaluate: Evaluate, strata: Strata, seed: number, resamples = RESAMPLES): number[][] {
  const members = membersOf(strata);
  const total = members.reduce((sum, own) => sum + own.length, 0);
  const draws: number[][] = [];
  const drawn = new Uint32Array(total);
  for (let r = 0; r < resamples; r++) {
    const stream = key(seed, 'bootstrap', r);
    for (const own of members) for (const i of own) drawn[i] = own[Math.floor(uniform(stream, i) * own.length)];
    evaluate(drawn.slice()).forEach(({ value }, m) => {
      draws[m] ??= [];
      if (value !== null) draws[m].push(value);
    });
  }
  return draws;
}

/** The rows `indices` of `values` [n, width], for use inside `evaluate`. */
export function takeRows(values: ArrayLike<number | boolean>, indices: ArrayLike<number>, width = 1): Float64Array {
  const taken = new Float64Array(indices.length * width);
  for (let row = 0; row < indices.length; row++) {
    for (let column = 0; column < width; column++)
      taken[row * width + column] = Number(values[indices[row] * width + column]);
  }
  return taken;
}
