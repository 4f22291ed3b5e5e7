import { logGamma } from './gamma.js';

/**
 * P(X ≥ x) for a chi-square variable with `df` ≥ 1 (integer) degrees of freedom: the regularised upper incomplete
 * gamma function Q(a, z) at a = df/2, z = x/2. Below z = a + 1 from the power series of its complement, above
 * from Legendre's continued fraction (Abramowitz & Stegun 6.5.29 and 6.5.31), so that far tails keep their digits.
 */
export function chiSquareTail(x: number, df: number): number {
  if (x <= 0) return 1;
  const a = df / 2;
  const z = x / 2;
  const scale = Math.exp(a * Math.log(z) - z - logGamma(a)); // zᵃ·e⁻ᶻ/Γ(a)
  return z < a + 1 ? 1 - scale * lowerSeries(a, z) : scale * upperFraction(a, z);
}

/** `γ(a, z)·e^z/z^a = Σ zⁿ / (a(a+1)…(a+n))`. */
function lowerSeries(a: number, z: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * Number.EPSILON; n++) {
    term *= z / (a + n);
    sum += term;
  }
  return sum;
}

/** `Γ(a, z)·e^z/z^a = 1/(z+1−a − 1(1−a)/(z+3−a − 2(2−a)/(z+5−a − …)))`, from the front by Lentz's ratios. */
function upperFraction(a: number, z: number): number {
  let denominator = z + 1 - a;
  let upper = Infinity; // ratio of successive numerators, inverted ratio of denominators below
  let lower = 1 / denominator;
  let value = lower;
  for (let n = 1; ; n++) {
    const partial = -n * (n - a);
    denominator += 2;
    lower = 1 / (denominator + partial * lower);
    upper = denominator + partial / upper;
    const change = upper * lower;
    value *= change;
    if (Math.abs(change - 1) < 4 * Number.EPSILON) return value;
  }
}
