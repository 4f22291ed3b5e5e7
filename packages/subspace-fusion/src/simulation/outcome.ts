import { key, uniform } from '../random/counter.js';
import { drawLatents, type Latents } from './latents.js';
import type { Coefficients } from './regimes.js';

const WEIBULL_SHAPE = 1.3;
const WEIBULL_SCALE_MONTHS = 60;
export const CENSORED_FRACTION = 0.65;
/** Patients of the population on which the follow-up is calibrated, whatever the cohort. */
const POPULATION = 20_000;
const POPULATION_SEED = 0x5eed;

export interface Survival {
  readonly months: number;
  readonly event: boolean;
}

/** Whether the marker density that counts is that of the rim: t₂ > 0 where genes guide, something hidden otherwise. */
export function readsRim(c: Coefficients, t2: number, hiddenGuide: number): boolean {
  return c.guidance * t2 + (1 - c.guidance) * hiddenGuide > 0;
}

/** The linear predictor `η = a·t₁ + b·m₁ + c·φ + d·t₂·h + e·t₃·m₃ + f·R`. */
export function linearPredictor(c: Coefficients, latents: Latents): number {
  const [t1, t2, t3, m1, , m3] = latents.programmes as unknown as [number, number, number, number, number, number];
  const R = readsRim(c, t2, latents.hiddenGuide) ? latents.rim : latents.core;
  return c.a * t1 + c.b * m1 + c.c * latents.phi + c.d * t2 * latents.h + c.e * t3 * m3 + c.f * R;
}

/** Months to death: Weibull with proportional hazards exp(η), a pure function of seed and patient. */
export function deathTime(seed: number, patient: number, eta: number): number {
  const exponential = -Math.log(1 - uniform(key(seed, 'death'), patient));
  return WEIBULL_SCALE_MONTHS * (exponential / Math.exp(eta)) ** (1 / WEIBULL_SHAPE);
}

/**
 * The longest follow-up τ in months: with follow-up uniform on [0, τ], CENSORED_FRACTION of the population is censored.
 * Found by bisection on a Monte Carlo population of its own, so that it depends on the coefficients alone.
 */
export function longestFollowUp(c: Coefficients): number {
  const deaths = Float64Array.from({ length: POPULATION }, (_, i) =>
    deathTime(POPULATION_SEED, i, linearPredictor(c, drawLatents(POPULATION_SEED, i))),
  );
  const follow = key(POPULATION_SEED, 'follow-up');
  const censored = (tau: number) =>
    deaths.reduce((sum, death, i) => sum + (death > tau * uniform(follow, i) ? 1 : 0), 0) / POPULATION;
  let low = 0;
  let high = 100 * WEIBULL_SCALE_MONTHS;
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (censored(middle) > CENSORED_FRACTION) low = middle;
    else high = middle;
  }
  return high;
}

/** What is observed of one patient: death, or the end of a follow-up uniform on [0, τ]. */
export function drawSurvival(seed: number, patient: number, eta: number, followUp: number): Survival {
  const death = deathTime(seed, patient, eta);
  const end = followUp * uniform(key(seed, 'follow-up'), patient);
  return { months: Math.min(death, end), event: death <= end };
}
