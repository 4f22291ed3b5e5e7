import { key, uniform } from '../random/counter.js';

/**
 * Slope of a loss along the gradient `g` of its parameter `w`, half of the elements left out at random, over what the gradient
 * says, minus 1. ReLUs and bilinear sampling have kinks, and where the slope is small float32 has few digits: some step size must agree.
 */
export async function closestSlope(
  name: string,
  w: Float32Array,
  g: Float32Array,
  loss: () => Promise<number>,
): Promise<number> {
  const start = w.slice();
  const length = Math.sqrt(g.reduce((t, x) => t + x * x, 0));
  const direction = g.map((x, i) => (uniform(key(3, name), i) < 0.5 ? x / length : 0));
  const expected = direction.reduce((t, d, i) => t + d * g[i], 0);
  const lossAt = (h: number) => {
    w.forEach((_, i) => (w[i] = start[i] + h * direction[i]));
    return loss();
  };
  let closest = Infinity;
  for (const h of [1e-2, 1e-3, 1e-1, 3e-4]) {
    const slope = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
    const off = slope / expected - 1;
    if (Math.abs(off) < Math.abs(closest)) closest = off;
    if (Math.abs(closest) < 0.01) break;
  }
  w.set(start);
  return closest;
}
