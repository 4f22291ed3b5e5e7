/** 97.5 % quantile of the standard normal distribution, for two-sided 95 % intervals. */
export const Z = 1.959963984540054;

/**
 * 95 % interval of a share by Wilson's score (Wilson 1927), which keeps its coverage in small samples and at 0 and 1:
 * `(p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n)` with p = successes/n, n ≥ 1.
 */
export function wilsonInterval(successes: number, n: number): [low: number, high: number] {
  const p = successes / n;
  const centre = p + Z ** 2 / (2 * n);
  const spread = Z * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  const scale = 1 + Z ** 2 / n;
  return [successes === 0 ? 0 : (centre - spread) / scale, successes === n ? 1 : (centre + spread) / scale];
}
