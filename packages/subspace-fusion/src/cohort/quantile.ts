/**
 * Sample quantile by linear interpolation between order statistics (Hyndman & Fan 1996, type 7; R's default).
 * `sorted` ascends and has at least one value; 0 ≤ p ≤ 1.
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const position = (sorted.length - 1) * p;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
