/** A Cox model's probability to be alive, for any linear predictor. */
export interface BaselineSurvival {
  /** The last death of the training patients; the hazard of later times is not known. */
  readonly until: number;
  /** `S(t | η) = exp(−H₀(t)·e^η)` at a time up to `until`. */
  at(eta: number, time: number): number;
}

/**
 * Breslow's estimate of the cumulative baseline hazard (Breslow, discussion of Cox 1972), `H₀(t) = Σ_{t_k ≤ t} d_k / Σ_{R_k} e^η`, with
 * d_k deaths at t_k and R_k at risk then, from the patients that a Cox model was fitted on. It is that of a linear predictor of 0.
 * @param eta linear predictors of those patients, `[n]`
 * @param time follow-up, any unit, `[n]`
 * @param event true or 1 for a death, `[n]`; at least one
 */
export function breslowSurvival(
  eta: ArrayLike<number>,
  time: ArrayLike<number>,
  event: ArrayLike<number | boolean>,
): BaselineSurvival {
  const latestFirst = Array.from(eta, (_, i) => i).sort((a, b) => time[b] - time[a]);
  const shift = Array.from(eta).reduce((largest, value) => Math.max(largest, value), -Infinity); // keeps the exponentials finite
  const steps: { time: number; increase: number }[] = []; // of H₀·e^shift, latest first
  let atRisk = 0;
  for (let start = 0, end = 0; start < latestFirst.length; start = end) {
    const now = time[latestFirst[start]];
    let deaths = 0;
    while (end < latestFirst.length && time[latestFirst[end]] === now) {
      atRisk += Math.exp(eta[latestFirst[end]] - shift);
      if (event[latestFirst[end]]) deaths++;
      end++;
    }
    if (deaths > 0) steps.push({ time: now, increase: deaths / atRisk });
  }
  steps.reverse();
  let sum = 0;
  const cumulative = steps.map(({ increase }) => (sum += increase));
  return {
    until: steps.at(-1)!.time,
    at(eta, time) {
      const passed = steps.findIndex((step) => step.time > time);
      const hazard = passed === 0 ? 0 : cumulative.at(passed < 0 ? -1 : passed - 1)!;
      return Math.exp(-hazard * Math.exp(eta - shift));
    },
  };
}
