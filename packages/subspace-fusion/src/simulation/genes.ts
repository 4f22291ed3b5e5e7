import { key, normal, uniform } from '../random/counter.js';
import { purityOf, SITES, type Latents } from './latents.js';

/** A stream of its own for draw `i` of the stream `k`: rejection samplers need a variable number of uniforms. */
const substream = (k: number, i: number) => key(k, i);

/**
 * Gamma with the given shape and scale 1 (Marsaglia and Tsang 2000): draw number `i` of the stream `k`.
 * Shapes below 1 use the boost `Gamma(a) = Gamma(a + 1)·U^(1/a)`.
 */
export function drawGamma(k: number, i: number, shape: number): number {
  const normals = substream(k, 2 * i);
  const uniforms = substream(k, 2 * i + 1);
  if (shape < 1) return drawGamma(normals, 0, shape + 1) * (1 - uniform(uniforms, 0)) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    const x = normal(normals, attempt);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - uniform(uniforms, attempt)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Poisson with the given mean: draw number `i` of the stream `k`. */
export function drawPoisson(k: number, i: number, mean: number): number {
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
export function drawNegativeBinomial(k: number, i: number, mean: number, dispersion: number): number {
  const rate = drawGamma(key(k, 'rate'), i, 1 / dispersion) * dispersion * mean;
  return drawPoisson(key(k, 'count'), i, rate);
}

/** Genes in the set TUMOUR, in the set MICROENVIRONMENT, and in neither. */
const SET_SIZES = { TUMOUR: 60, MICROENVIRONMENT: 120, OTHER: 60 } as const;
type SetName = keyof typeof SET_SIZES;
const GENE_PREFIX: Readonly<Record<SetName, string>> = { TUMOUR: 'TUM', MICROENVIRONMENT: 'MIC', OTHER: 'OTH' };

/** Variance of a count with mean μ is μ + DISPERSION·μ². */
export const DISPERSION = 0.15;
const SITE_EFFECT = 0.2;

/** How a gene's expression follows the latents. */
export interface Gene {
  readonly name: string;
  readonly set: SetName;
  /** Log mean count where all latents are 0. */
  readonly baseline: number;
  /** Which of t₁…t₃ (0, 1, 2) and which of m₁…m₃ (3, 4, 5), with what weight on the natural log scale. */
  readonly tumourProgramme: number;
  readonly tumourWeight: number;
  readonly microenvironmentProgramme: number;
  readonly microenvironmentWeight: number;
  /** Shift of the log mean at each site. */
  readonly siteEffects: Float64Array;
}

/**
 * The simulated genes. In either gene set one gene in ten loads on nothing, two load on a tumour and a
 * microenvironment programme alike, and seven on their own subspace as far as `separation` says (1 only there, 0 on both alike).
 */
export function geneModel(seed: number, separation: number): Gene[] {
  return (Object.keys(SET_SIZES) as SetName[]).flatMap((set) =>
    Array.from({ length: SET_SIZES[set] }, (_, i) => drawGene(key(seed, 'gene', set, i), set, i, separation)),
  );
}

function drawGene(stream: number, set: SetName, index: number, separation: number): Gene {
  const uniforms = key(stream, 'uniforms');
  const role = set === 'OTHER' || index % 10 === 9 ? 'none' : index % 10 >= 7 ? 'both' : 'own';
  const weight = role === 'none' ? 0 : (0.5 + 0.5 * uniform(uniforms, 0)) * (uniform(uniforms, 1) < 0.2 ? -1 : 1);
  const kept = role === 'own' ? separation : 0;
  const own = weight * Math.sqrt((1 + kept) / 2);
  const other = weight * Math.sqrt((1 - kept) / 2);
  return {
    name: `${GENE_PREFIX[set]}${String(index + 1).padStart(3, '0')}`,
    set,
    baseline: Math.log(200) + normal(key(stream, 'normals'), 0),
    tumourProgramme: Math.floor(3 * uniform(uniforms, 2)),
    tumourWeight: set === 'TUMOUR' ? own : other,
    microenvironmentProgramme: 3 + Math.floor(3 * uniform(uniforms, 3)),
    microenvironmentWeight: set === 'TUMOUR' ? other : own,
    siteEffects: Float64Array.from({ length: SITES }, (_, site) => SITE_EFFECT * normal(key(stream, 'sites'), site)),
  };
}

/** Log mean count: `baseline + π·(tumour part) + (1−π)·(microenvironment part) + site effect`. */
export function logMean(gene: Gene, programmes: Float64Array, purity: number, site: number): number {
  return (
    gene.baseline +
    purity * gene.tumourWeight * programmes[gene.tumourProgramme] +
    (1 - purity) * gene.microenvironmentWeight * programmes[gene.microenvironmentProgramme] +
    gene.siteEffects[site]
  );
}

/** Counts of one patient, `[genes]`, negative binomial. */
export function drawCounts(genes: readonly Gene[], seed: number, patient: number, latents: Latents): Float64Array {
  const stream = key(seed, 'counts', patient);
  const purity = purityOf(latents.purityScore);
  return Float64Array.from(genes, (gene, g) =>
    drawNegativeBinomial(stream, g, Math.exp(logMean(gene, latents.programmes, purity, latents.site)), DISPERSION),
  );
}

/** Gene sets in GMT form: the two subspaces, and decoys of genes drawn from the whole matrix. */
export function geneSetsFile(genes: readonly Gene[], seed: number): string {
  const line = (name: string, members: readonly Gene[]) =>
    [name, 'simulated', ...members.map((gene) => gene.name)].join('\t');
  const decoy = (d: number) => genes.filter((_, g) => uniform(key(seed, 'decoy', d), g) < 0.15);
  return [
    line(
      'TUMOUR',
      genes.filter((gene) => gene.set === 'TUMOUR'),
    ),
    line(
      'MICROENVIRONMENT',
      genes.filter((gene) => gene.set === 'MICROENVIRONMENT'),
    ),
    ...[1, 2, 3].map((d) => line(`DECOY_${d}`, decoy(d))),
    '',
  ].join('\n');
}
