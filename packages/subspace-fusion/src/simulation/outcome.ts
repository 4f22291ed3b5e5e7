import { key, normal, uniform } from '../random/counter.js';
import { drawLatents, PROGRAMME_CORRELATION, type Latents } from './latents.js';
import type { Coefficients } from './regimes.js';

/** Columns of the clinical table that the diagnosis and grade rules read, under the names the TCGA table has. */
export interface Markers {
  readonly histology: string;
  readonly histologic_grade: 'G2' | 'G3' | 'G4';
  readonly idh_status: 'Mutant' | 'WT';
  readonly codel_1p19q: 'codel' | 'non-codel';
  readonly cdkn2a_gistic: '0' | '-1' | '-2';
  readonly cdkn2b_gistic: '0' | '-1' | '-2';
  readonly egfr_amp: '0' | '1';
  readonly chr7gain_chr10loss: '0' | '1';
  readonly tert_promoter: 'Mutant' | 'WT';
}

/** Weights of t₁, t₂, t₃, m₁, m₂, m₃, of h and φ, and of noise. */
interface Mixture {
  readonly programmes: readonly number[];
  readonly h: number;
  readonly phi: number;
  readonly noise: number;
}

const WILDTYPE: Mixture = { programmes: [0.6, 0, 0, 0, 0.5, 0], h: 0.4, phi: 0, noise: 0.3 };
const CODELETION: Mixture = { programmes: [0, 0, 0.7, 0, 0, -0.5], h: 0, phi: 0, noise: 0.3 };
const DELETION: Mixture = { programmes: [0, 0.7, 0, 0, 0, 0.3], h: 0.3, phi: 0, noise: 0.3 };
const GRADE: Mixture = { programmes: [0.4, 0, 0, 0.4, 0, 0], h: 0.4, phi: 0.3, noise: 0.3 };

/** A mixture of the latents, scaled to variance 1. */
function score(mixture: Mixture, latents: Latents, noise: number): number {
  const w = mixture.programmes;
  let variance = mixture.h ** 2 + mixture.phi ** 2 + mixture.noise ** 2;
  w.forEach((wi, i) => w.forEach((wj, j) => (variance += wi * wj * PROGRAMME_CORRELATION[i][j])));
  const programmes = w.reduce((sum, wi, i) => sum + wi * latents.programmes[i], 0);
  return (programmes + mixture.h * latents.h + mixture.phi * latents.phi + mixture.noise * noise) / Math.sqrt(variance);
}

/**
 * Molecular markers and grade of one patient, by thresholds on mixtures of the latents. About 30 % are IDH wild type (all
 * glioblastoma, G4), 28 % codeleted, and of the other astrocytomas a fifth has the homozygous deletion that makes grade 4. No
 * marker is missing: every patient has a diagnosis under either label rule.
 */
export function drawMarkers(seed: number, patient: number, latents: Latents): Markers {
  const noise = key(seed, 'marker-noise', patient);
  const wildtype = score(WILDTYPE, latents, normal(noise, 0)) > 0.52;
  const codeleted = !wildtype && score(CODELETION, latents, normal(noise, 1)) > 0.25;
  const deletion = score(DELETION, latents, normal(noise, 2));
  const grade = score(GRADE, latents, normal(noise, 3));
  const gistic = codeleted || deletion < 0.3 ? '0' : deletion < 0.8 ? '-1' : '-2';
  return {
    histology: wildtype ? 'glioblastoma' : codeleted ? 'oligodendroglioma' : 'astrocytoma',
    histologic_grade: wildtype ? 'G4' : grade > 1.3 && !codeleted ? 'G4' : grade > -0.2 ? 'G3' : 'G2',
    idh_status: wildtype ? 'WT' : 'Mutant',
    codel_1p19q: codeleted ? 'codel' : 'non-codel',
    cdkn2a_gistic: gistic,
    cdkn2b_gistic: gistic,
    egfr_amp: wildtype && grade > 0 ? '1' : '0',
    chr7gain_chr10loss: wildtype ? '1' : '0',
    tert_promoter: wildtype || codeleted ? 'Mutant' : 'WT',
  };
}

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
function readsRim(c: Coefficients, t2: number, hiddenGuide: number): boolean {
  return c.guidance * t2 + (1 - c.guidance) * hiddenGuide > 0;
}

/** The linear predictor `η = a·t₁ + b·m₁ + c·φ + d·t₂·h + e·t₃·m₃ + f·R`. */
export function linearPredictor(c: Coefficients, latents: Latents): number {
  const [t1, t2, t3, m1, , m3] = latents.programmes as unknown as [number, number, number, number, number, number];
  const R = readsRim(c, t2, latents.hiddenGuide) ? latents.rim : latents.core;
  return c.a * t1 + c.b * m1 + c.c * latents.phi + c.d * t2 * latents.h + c.e * t3 * m3 + c.f * R;
}

/** Months to death: Weibull with proportional hazards exp(η), a pure function of seed and patient. */
function deathTime(seed: number, patient: number, eta: number): number {
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
