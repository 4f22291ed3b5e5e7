/** log Γ(a) of a whole or half a ≥ 1/2, from Γ(1/2) = √π or Γ(1) = 1 and Γ(a+1) = a·Γ(a). */
export function logGamma(a: number): number {
  const start = Number.isInteger(a) ? 1 : 0.5;
  let sum = start === 1 ? 0 : Math.log(Math.PI) / 2;
  for (let x = start; x < a; x++) sum += Math.log(x);
  return sum;
}

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

/** P(Z ≤ z) of a standard normal Z: Z² is χ² with one degree of freedom. */
export function normalShare(z: number): number {
  const beyond = chiSquareTail(z ** 2, 1) / 2;
  return z > 0 ? 1 - beyond : beyond;
}

/** The z with P(Z ≤ z) = share, by bisection; 0 < share < 1. */
export function normalQuantile(share: number): number {
  let low = -40;
  let high = 40;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (low + high) / 2;
    if (normalShare(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

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

/** P(|T| ≥ |t|) for Student's t with `df` ≥ 1 (whole) degrees of freedom: `I_{df/(df+t²)}(df/2, 1/2)`. */
export function studentTail(t: number, df: number): number {
  return betaShare(df / (df + t * t), df / 2, 1 / 2);
}

/** The t ≥ 0 that |T| exceeds with probability `tail`. */
export function studentQuantile(tail: number, df: number): number {
  const x = betaQuantile(tail, df / 2, 1 / 2);
  return Math.sqrt((df * (1 - x)) / x);
}
