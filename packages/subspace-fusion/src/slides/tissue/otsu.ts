/**
 * Otsu's threshold (IEEE Trans. SMC 9:62, 1979): the value t that divides a histogram into 0…t and the rest with the largest variance
 * between the two. Also the means of both parts.
 */
export function otsu(histogram: ArrayLike<number>): { threshold: number; below: number; above: number } {
  let [count, sum] = [0, 0];
  for (let v = 0; v < histogram.length; v++) {
    count += histogram[v];
    sum += v * histogram[v];
  }
  let best = { threshold: 0, below: 0, above: 0, variance: -1 };
  let [n, s] = [0, 0];
  for (let v = 0; v < histogram.length - 1; v++) {
    n += histogram[v];
    s += v * histogram[v];
    if (n === 0 || n === count) continue;
    const [below, above] = [s / n, (sum - s) / (count - n)];
    const variance = n * (count - n) * (above - below) ** 2;
    if (variance > best.variance) best = { threshold: v, below, above, variance };
  }
  return best;
}
