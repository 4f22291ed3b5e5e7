import { key, normal, uniform } from '../random/counter.js';

/** A stream of its own for draw `i` of the stream `k`: rejection samplers need a variable number of uniforms. */
const substream = (k: number, i: number) => key(k, i);

/**
 * Gamma with the given shape and scale 1 (Marsaglia and Tsang 2000): draw number `i` of the stream `k`.
 * Shapes below 1 use the boost `Gamma(a) = Gamma(a + 1)·U^(1/a)`.
 */
export function gamma(k: number, i: number, shape: number): number {
  const normals = substream(k, 2 * i);
  const uniforms = substream(k, 2 * i + 1);
  if (shape < 1) return gamma(normals, 0, shape + 1) * (1 - uniform(uniforms, 0)) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const x = normal(normals, attempt);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform(uniforms, attempt)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Poisson with the given mean: draw number `i` of the stream `k`. */
export function poisson(k: number, i: number, mean: number): number {
  return mean < 10 ? poissonByInversion(uniform(k, i), mean) : poissonByRejection(substream(k, i), mean);
}

function poissonByInversion(u: number, mean: number): number {
  let probability = Math.exp(-mean);
  let cumulative = probability;
  let count = 0;
  while (u > cumulative && probability > 0) {
    count++;
    probability *= mean / count;
    cumulative += probability;
  }
  return count;
}

/** Hörmann's transformed rejection PTRS (1993), for means of 10 and more. */
function poissonByRejection(stream: number, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (let attempt = 0; ; attempt += 2) {
    const u = uniform(stream, attempt) - 0.5;
    const v = 1 - uniform(stream, attempt + 1);
    const us = 0.5 - Math.abs(u);
    const count = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return count;
    if (count < 0 || (us < 0.013 && v > us)) continue;
    const logAcceptance = Math.log((v * inverseAlpha) / (a / (us * us) + b));
    if (logAcceptance <= count * Math.log(mean) - mean - logFactorial(count)) return count;
  }
}

/** log n!, exact below 16, Stirling's series above (error under 1e-9). */
function logFactorial(n: number): number {
  if (n < 16) {
    let sum = 0;
    for (let j = 2; j <= n; j++) sum += Math.log(j);
    return sum;
  }
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3);
}

/**
 * Negative binomial with the given mean μ and variance μ + dispersion·μ² (a gamma mixture of Poissons):
 * draw number `i` of the stream `k`.
 */
export function negativeBinomial(k: number, i: number, mean: number, dispersion: number): number {
  const rate = gamma(key(k, 'rate'), i, 1 / dispersion) * dispersion * mean;
  return poisson(key(k, 'count'), i, rate);
}
