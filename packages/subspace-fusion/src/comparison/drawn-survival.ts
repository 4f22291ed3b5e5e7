import { refuse, type Metric } from '../metrics/bootstrap.js';
import { benefit, NET_BENEFIT_TIES } from '../metrics/decisions.js';

/** Patients of a fold, some of them drawn several times. */
export interface DrawnPatients {
  readonly time: readonly number[];
  readonly event: readonly boolean[];
  /** Rows from the shortest follow-up to the longest; sorted once for all draws. */
  readonly order: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * `survivalNetBenefit` of the drawn patients, in one pass over the sorted fold instead of a sort of each draw.
 * @param dead predicted probability to be dead at the horizon, of every patient of the fold
 */
export function drawnNetBenefit(
  { time, event, order, rows }: DrawnPatients,
  dead: Float64Array,
  horizon: number,
  threshold: number,
): Metric {
  const name = `netBenefit[${threshold}]`;
  const n = rows.length;
  if (n === 0) return refuse(name, 'there are no patients');
  const times = new Uint32Array(time.length);
  let events = 0;
  let treated = 0;
  for (const row of rows) {
    if (event[row]) events++;
    if (dead[row] < threshold) continue;
    times[row]++;
    treated++;
  }
  const estimator = `net benefit at ${rounded(horizon)} and a threshold of ${threshold}, Kaplan-Meier in the treated`;
  const about = { name, estimator, ties: NET_BENEFIT_TIES, n, events };
  if (treated === 0) return { ...about, value: 0 };
  const { survival, last } = survivalOfTreated({ time, event, order }, times, treated, horizon);
  if (horizon > last && survival > 0)
    return refuse(name, `of the ${treated} treated, the last follow-up ends at ${rounded(last)}`);
  const share = treated / n;
  return { ...about, value: benefit(share * (1 - survival), share * survival, threshold) };
}

/** A time in words: a horizon can be any product of a cut. */
export const rounded = (time: number): number => Number(time.toPrecision(4));

/** Kaplan-Meier survival at the horizon of patients who count several times, and their last follow-up. */
function survivalOfTreated(
  { time, event, order }: Omit<DrawnPatients, 'rows'>,
  times: Uint32Array,
  treated: number,
  horizon: number,
): { survival: number; last: number } {
  let survival = 1;
  let atRisk = treated;
  let last = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    const now = time[order[start]];
    let deaths = 0;
    let gone = 0;
    while (end < order.length && time[order[end]] === now) {
      const row = order[end++];
      gone += times[row];
      if (event[row]) deaths += times[row];
    }
    if (gone > 0) last = now;
    if (deaths > 0 && now <= horizon) survival *= 1 - deaths / atRisk;
    atRisk -= gone;
  }
  return { survival, last };
}
