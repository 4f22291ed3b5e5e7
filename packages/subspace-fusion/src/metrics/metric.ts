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
  /** 95 % interval; absent together where there is none. */
  readonly low?: number;
  readonly high?: number;
  /** Bootstrap resamples drawn, and how many of them could not compute the metric. */
  readonly resamples?: number;
  readonly refusedResamples?: number;
  /** Why there is no interval although one was asked for. */
  readonly noInterval?: string;
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
