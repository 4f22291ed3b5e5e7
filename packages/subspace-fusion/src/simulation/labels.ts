import { key, normal } from '../random/counter.js';
import { PROGRAMME_CORRELATION, type Latents } from './latents.js';

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
