import { key, uniform } from '../random/counter.js';
import { quantile } from './arrays.js';

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

/** Beyond this share of resamples that cannot compute a metric, its interval would describe other data. */
export const REFUSED_SHARE_LIMIT = 0.05;

/** Metrics of a sample, and their values on each resample that could compute them. */
export interface Bootstrap {
  readonly metrics: readonly Metric[];
  /** `draws[m]`: the values of metric m, in the order of the resamples. */
  readonly draws: readonly (readonly number[])[];
  /** Resamples drawn. */
  readonly resamples: number;
}

/**
 * Metrics on the patients and on resamples of them (Efron 1979). `evaluate` computes them on the patients whose indices it is
 * given, the same metrics in the same order every time: once on each of the `n` patients for the values, then on `resamples`
 * draws of n patients with replacement. Of a list of sizes (the folds of a cross-validation) as many patients are drawn as each
 * has, from its own, and stand in its own place of the indices. Draw r depends on the seed and r alone, so every metric, and
 * every model evaluated with the same seed and patients, sees the same draws.
 */
export function bootstrap(
  evaluate: (patients: Uint32Array) => readonly Metric[],
  n: number | readonly number[],
  seed: number,
  resamples = 1000,
): Bootstrap {
  const sizes = typeof n === 'number' ? [n] : n;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const metrics = evaluate(Uint32Array.from({ length: total }, (_, i) => i));
  const draws = metrics.map((): number[] => []);
  for (let r = 0; r < resamples; r++) {
    evaluate(drawPatients(sizes, seed, r)).forEach(({ value }, m) => {
      if (value !== null) draws[m].push(value);
    });
  }
  return { metrics, draws, resamples };
}

/**
 * Metrics with their 95 % percentile intervals (Efron 1981) from a {@link bootstrap} of the same arguments. Draws on which a
 * metric is refused are left out of its interval and counted; above 5 % of them there is no interval, with the reason.
 */
export function withIntervals(
  evaluate: (patients: Uint32Array) => readonly Metric[],
  n: number | readonly number[],
  seed: number,
  resamples = 1000,
): Metric[] {
  return percentileIntervals(bootstrap(evaluate, n, seed, resamples));
}

/** The metrics of a bootstrap with their 95 % percentile intervals, as {@link withIntervals}. */
export function percentileIntervals({ metrics, draws, resamples }: Bootstrap): Metric[] {
  return metrics.map((metric, m) => withInterval(metric, draws[m], resamples));
}

/** Resample r: of each group of patients as many as it has, drawn from it with replacement. */
function drawPatients(sizes: readonly number[], seed: number, r: number): Uint32Array {
  const stream = key(seed, 'bootstrap', r);
  const drawn = new Uint32Array(sizes.reduce((sum, size) => sum + size, 0));
  let start = 0;
  for (const size of sizes) {
    for (let i = start; i < start + size; i++) drawn[i] = start + Math.floor(uniform(stream, i) * size);
    start += size;
  }
  return drawn;
}

function withInterval(metric: Metric, values: readonly number[], resamples: number): Metric {
  if (metric.value === null) return metric;
  const refusedResamples = resamples - values.length;
  const counted = { ...metric, resamples, refusedResamples };
  if (metric.n < 2) return { ...counted, noInterval: 'one patient has no spread' };
  if (refusedResamples > REFUSED_SHARE_LIMIT * resamples) {
    return { ...counted, noInterval: `${refusedResamples} of ${resamples} resamples cannot compute it` };
  }
  return { ...counted, low: quantile(values, 0.025), high: quantile(values, 0.975) };
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
