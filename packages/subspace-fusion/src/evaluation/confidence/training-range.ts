import type { BagFile } from '../../cohort/types.js';
import type { GeneVectors } from '../../inference/batch.js';
import type { CohortSamples } from '../../inference/samples.js';
import { quantile } from '../../metrics/arrays.js';
import { reads } from '../../model/choice.js';
import type { FeatureRange, GeneRange, TrainingRange } from '../../runs/confidence.js';
import type { Model } from '../../runs/model.js';
import { clipOf } from '../../runs/scaling.js';

/** Reads slides, and keeps of each that it read the mean patch, so that no slide is read twice for it. */
export interface MeanPatches {
  /** A slide's features as `[tokens · width]`. */
  readonly read: (slide: BagFile) => Promise<Float32Array>;
  /** Mean patch of a patient's slides, `[width]`, each slide counting once; undefined without slides. */
  of(slides: readonly (BagFile | undefined)[]): Promise<Float64Array | undefined>;
}

/** The mean row of `features` `[tokens · width]`. */
export function meanPatch(features: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  const tokens = features.length / width;
  for (let i = 0; i < features.length; i++) mean[i % width] += features[i] / tokens;
  return mean;
}

/** Mean of the mean patches of a patient's slides. */
export function meanOf(slides: readonly Float64Array[]): Float64Array {
  return slides[0].map((_, d) => slides.reduce((sum, mean) => sum + mean[d], 0) / slides.length);
}

/** One patient's distance from the training patients, beside the limit that 1 in 100 of those exceeds. */
export interface RangeCheck {
  readonly outside: boolean;
  readonly distance: number;
  readonly limit: number;
  /** Genes: the share of them at the bound of the z-scores. */
  readonly clipped?: number;
  readonly clippedLimit?: number;
}

/** By kind of input; absent where it was not given, or nothing is known of the training patients. */
export interface RangeChecks {
  readonly genes?: RangeCheck;
  readonly features?: RangeCheck;
}

const PERCENTILE = 0.99;
/** One feature cannot put a patient out of range alone: it counts no more than this many deviations. */
const LARGEST_Z = 10;

/** `√(Σ_g z_g²/G)` over the genes of both subspaces, and the share of them at ±`clip`. */
export function geneDistance(
  { tumour, microenvironment }: GeneVectors,
  clip: number,
): { distance: number; clipped: number } {
  const z = [...tumour, ...microenvironment];
  const bound = Math.fround(clip);
  return { distance: rootMeanSquare(z), clipped: z.filter((x) => Math.abs(x) >= bound).length / z.length };
}

/** `√(Σ_d z_d²/D)`, `z_d = (x_d − mean_d)/deviation_d`, of a patient's mean patch `x`, over the features that are not constant in training. */
export function featureDistance(x: ArrayLike<number>, moments: Pick<FeatureRange, 'mean' | 'deviation'>): number {
  return rootMeanSquare(featureScores(x, moments).map((z) => within(z, LARGEST_Z)));
}

function featureScores(x: ArrayLike<number>, { mean, deviation }: Pick<FeatureRange, 'mean' | 'deviation'>): number[] {
  return mean.flatMap((m, d) => (deviation[d] > 0 ? [(x[d] - m) / deviation[d]] : []));
}

const within = (z: number, bound: number) => Math.max(-bound, Math.min(bound, z));

/**
 * The z-score of one of the n patients whose mean and deviation it is by, as the mean and deviation of the others give it:
 * `z·√(n/(n−1))/√(1 − z²/(n−1))`. A patient of training lies nearer to a mean that it is part of than any other would.
 */
function leftOut(z: number, n: number, bound: number): number {
  const rest = 1 - (z * z) / (n - 1);
  return within(rest > 0 ? z * Math.sqrt(n / (n - 1) / rest) : Math.sign(z) * bound, bound);
}

function rootMeanSquare(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
}

/** Learns the range of genes from the scaled genes of two or more training patients. */
export function learnGeneRange(training: readonly GeneVectors[], clip: number): GeneRange {
  const n = training.length;
  const bound = Math.min(clip, LARGEST_Z);
  const each = training.map(({ tumour, microenvironment }) => {
    const others = (genes: Float32Array) => genes.map((z) => leftOut(z, n, bound));
    return geneDistance({ tumour: others(tumour), microenvironment: others(microenvironment) }, clip);
  });
  return {
    patients: n,
    clip: Number.isFinite(clip) ? clip : null,
    distance: quantile(
      each.map(({ distance }) => distance),
      PERCENTILE,
    ),
    clipped: quantile(
      each.map(({ clipped }) => clipped),
      PERCENTILE,
    ),
  };
}

/** Learns the range of features from the mean patches `[width]` of two or more training patients. */
export function learnFeatureRange(training: readonly Float64Array[]): FeatureRange {
  const n = training.length;
  const mean = Array.from(training[0], (_, d) => training.reduce((sum, x) => sum + x[d], 0) / n);
  const deviation = mean.map((m, d) => Math.sqrt(training.reduce((sum, x) => sum + (x[d] - m) ** 2, 0) / n));
  const distances = training.map((x) =>
    rootMeanSquare(featureScores(x, { mean, deviation }).map((z) => leftOut(z, n, LARGEST_Z))),
  );
  return { patients: n, mean, deviation, distance: quantile(distances, PERCENTILE) };
}

/** Learns both from the training patients, as far as the network reads them; slides that were not read before are read now, one at a time. */
export async function learnTrainingRange(
  { network, scaling }: Model,
  samples: CohortSamples,
  means: MeanPatches,
  training: readonly string[],
): Promise<TrainingRange> {
  const genes: GeneVectors[] = [];
  const patches: Float64Array[] = [];
  for (const id of training) {
    const { genes: own } = await samples.sample(id, undefined);
    if (own) genes.push(own);
    const patch = await means.of(samples.slides(id));
    if (patch) patches.push(patch);
  }
  return {
    ...(reads(network).genes && genes.length > 1 ? { genes: learnGeneRange(genes, clipOf(scaling.tumour)) } : {}),
    ...(patches.length > 1 ? { features: learnFeatureRange(patches) } : {}),
  };
}

/** How far a patient's scaled genes and mean patch are from those of the training patients. */
export function checkRange(
  range: TrainingRange,
  genes: GeneVectors | undefined,
  patch: ArrayLike<number> | undefined,
): RangeChecks {
  return {
    ...(range.genes && genes ? { genes: checkGenes(genes, range.genes) } : {}),
    ...(range.features && patch ? { features: checkFeatures(patch, range.features) } : {}),
  };
}

function checkGenes(genes: GeneVectors, { clip, distance: limit, clipped: clippedLimit }: GeneRange): RangeCheck {
  const { distance, clipped } = geneDistance(genes, clip ?? Infinity);
  return { outside: distance > limit || clipped > clippedLimit, distance, limit, clipped, clippedLimit };
}

function checkFeatures(patch: ArrayLike<number>, range: FeatureRange): RangeCheck {
  const distance = featureDistance(patch, range);
  return { outside: !(distance <= range.distance), distance, limit: range.distance };
}

/** Kinds of input that lie outside. */
export function outsideOf(checks: RangeChecks): ('genes' | 'features')[] {
  return (['genes', 'features'] as const).filter((kind) => checks[kind]?.outside);
}
