import { key, uniform } from '../random/counter.js';
import { quantile } from './arrays.js';
import type { Metric } from './metric.js';

/** Beyond this share of resamples that cannot compute a metric, its interval would describe other data. */
const REFUSED_SHARE_LIMIT = 0.05;

/**
 * Metrics with their 95 % percentile bootstrap intervals (Efron 1981). `evaluate` computes them on the patients
 * whose indices it is given, the same metrics in the same order every time: once on each of the `n` patients for the
 * values, then on `resamples` draws of n patients with replacement. Draw r depends on the seed and r alone, so every
 * metric, and every model evaluated with the same seed and patients, sees the same draws. Draws on which a metric is
 * refused are left out of its interval and counted; above 5 % of them there is no interval, with the reason.
 */
export function withIntervals(
  evaluate: (patients: Uint32Array) => readonly Metric[],
  n: number,
  seed: number,
  resamples = 1000,
): Metric[] {
  const metrics = evaluate(Uint32Array.from({ length: n }, (_, i) => i));
  const values = metrics.map((): number[] => []);
  for (let r = 0; r < resamples; r++) {
    evaluate(drawPatients(n, seed, r)).forEach(({ value }, m) => {
      if (value !== null) values[m].push(value);
    });
  }
  return metrics.map((metric, m) => withInterval(metric, values[m], resamples));
}

/** Resample r: n patients drawn with replacement. */
function drawPatients(n: number, seed: number, r: number): Uint32Array {
  const stream = key(seed, 'bootstrap', r);
  return Uint32Array.from({ length: n }, (_, i) => Math.floor(uniform(stream, i) * n));
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
    for (let column = 0; column < width; column++) taken[row * width + column] = Number(values[indices[row] * width + column]);
  }
  return taken;
}
