import { ascendingOrder, countLeading, requireNumbers, type Events } from './arrays.js';
import { refuse, type Refusal } from './metric.js';

/** The censoring survival G of the training patients: the share of them who would still be followed if nobody died. */
export interface CensoringSurvival {
  /** The distinct times at which a training patient is censored, ascending, [k]. */
  readonly times: Float64Array;
  /** G after each of them, [k]. */
  readonly survival: Float64Array;
  /** The longest follow-up; nothing is known of G after it. */
  readonly end: number;
  /** Training patients. */
  readonly n: number;
}

/**
 * Kaplan-Meier estimate of the censoring survival, `G(t) = Π (1 − c/(r − d))` over the times up to t: c censored, d dead of r at
 * risk. Deaths come before censorings at one time, as everywhere in this room, so those who die at t are no longer at risk of
 * being censored at t. Fit on training patients, it weights the patients of any other split (inverse probability of censoring,
 * Robins & Rotnitzky 1992). Arrays are [n]. Throws a RangeError on unequal lengths or NaN.
 */
export function censoringSurvival(time: ArrayLike<number>, event: Events): CensoringSurvival {
  const n = time.length;
  requireNumbers(n, { time, event });
  const order = ascendingOrder(time);
  const times: number[] = [];
  const survival: number[] = [];
  let g = 1;
  for (let start = 0, end = 0; start < n; start = end) {
    let deaths = 0;
    while (end < n && time[order[end]] === time[order[start]]) if (event[order[end++]]) deaths++;
    const censored = end - start - deaths;
    if (censored === 0) continue;
    g *= 1 - censored / (n - start - deaths);
    times.push(time[order[start]]);
    survival.push(g);
  }
  const end = n === 0 ? -Infinity : time[order[n - 1]];
  return { times: Float64Array.from(times), survival: Float64Array.from(survival), end, n };
}

/** `G(t−) = P(censored at t or later)`: the chance that a death at t is seen. 0 after the end of follow-up. */
export function followedUntil({ times, survival, end }: CensoringSurvival, t: number): number {
  if (t > end) return 0;
  const steps = countLeading(times, (time) => time < t);
  return steps === 0 ? 1 : survival[steps - 1];
}

/** `G(t) = P(censored after t)`: the chance that someone alive after t is seen to be. 0 after the end of follow-up. */
export function followedBeyond({ times, survival, end }: CensoringSurvival, t: number): number {
  if (t > end) return 0;
  const steps = countLeading(times, (time) => time <= t);
  return steps === 0 ? 1 : survival[steps - 1];
}

/** The refusal where G is 0 at t, so that no weight 1/G exists. */
export function refuseWeights(name: string, { end, n }: CensoringSurvival, t: number): Refusal {
  if (n === 0) return refuse(name, 'there are no training patients to estimate the censoring from');
  return refuse(
    name,
    `the censoring survival of the ${n} training patients is 0 at ${t}; their follow-up ends at ${end}`,
  );
}
