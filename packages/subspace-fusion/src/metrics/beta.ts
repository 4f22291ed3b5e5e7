import { logGamma } from './gamma.js';

const BISECTIONS = 60;

/**
 * P(X ≤ x) for a beta variable with whole or half `a`, `b` > 0: the regularised incomplete beta function I_x(a, b), from its
 * continued fraction (DLMF 8.17.22), used on the side where it converges fast (x ≤ (a+1)/(a+b+2)).
 */
export function betaShare(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(1 - x, b, a);
  const scale = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  return scale / fraction(x, a, b);
}

/** The x with P(X ≤ x) = share, by bisection. */
export function betaQuantile(share: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (betaShare(middle, a, b) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** log B(a, b) of whole or half a and b. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/**
 * `1 + d₁/(1 + d₂/(1 + …))` from the front by Lentz's ratios, with `d₂ₘ₊₁ = −(a+m)(a+b+m)·x / ((a+2m)(a+2m+1))` and
 * `d₂ₘ = m(b−m)·x / ((a+2m−1)(a+2m))`.
 */
function fraction(x: number, a: number, b: number): number {
  let upper = 1; // ratio of successive numerators, inverted ratio of denominators below
  let lower = 0;
  let value = 1;
  for (let k = 1; ; k++) {
    const m = k >> 1;
    const numerator = k % 2 === 0 ? m * (b - m) * x : -(a + m) * (a + b + m) * x;
    const d = numerator / ((a + k - 1) * (a + k));
    lower = 1 / (1 + d * lower);
    upper = 1 + d / upper;
    const change = upper * lower;
    value *= change;
    if (Math.abs(change - 1) < 4 * Number.EPSILON) return value;
  }
}
