import { readBag } from '../cohort/bags/features.js';
import type { Patient } from '../cohort/types.js';
import { InputError } from '../files/errors.js';
import { largestEigen } from '../metrics/eigen.js';
import { packNumbers, type Components } from './components.js';

/** Tokens that are looked at, over all patients; and of one patient at most. */
const MOST_TOKENS = 20_000;
const MOST_OF_PATIENT = 256;

/**
 * Principal components of the tokens of these patients, who must be the training patients. Each patient weighs the same, whatever their
 * slides; of a slide with many tokens some are taken, evenly over the file. All components are scaled by one factor: their distances stay
 * those of the features, and directions of little variance, which are mostly noise, are not made as large as the others.
 * @throws {InputError} where there are fewer features, or fewer tokens, than components.
 */
export async function learnComponents(
  training: readonly Patient[],
  { count, width, folder }: { count: number; width: number; folder: string },
): Promise<Components> {
  if (count > width)
    throw new InputError(
      `${folder}: features are ${width} wide, and features.components asks for ${count}. Take ${width} or fewer.`,
    );
  const perPatient = Math.max(1, Math.min(MOST_OF_PATIENT, Math.floor(MOST_TOKENS / training.length)));
  const sum = new Float64Array(width);
  const square = new Float64Array(width * width); // lower half: Σ w·x·xᵀ
  let tokens = 0;
  let patients = 0;
  let shift: Float64Array | undefined; // near the mean: differences of squares keep their digits
  for (const { bags } of training) {
    const perSlide = Math.max(1, Math.floor(perPatient / bags.length));
    if (bags.length > 0) patients++;
    for (const slide of bags) {
      const bag = await readBag(slide, perSlide);
      if (bag.width !== width)
        throw new InputError(`${slide.path}: features are ${bag.width} wide, those of other slides ${width}.`);
      shift ??= Float64Array.from(bag.features.subarray(0, width));
      addTokens(bag.features, 1 / (bags.length * bag.patches), shift, sum, square);
      tokens += bag.patches;
    }
  }
  if (tokens <= count)
    throw new InputError(
      `${folder}: the training patients have ${tokens} tokens, too few for ${count} components (features.components).`,
    );
  const covariance = covarianceOf(sum, square, patients);
  let total = 0;
  for (let i = 0; i < width; i++) total += covariance[i * width + i];
  const { values, vectors } = largestEigen(covariance, width, count);
  const variance = values.map((value) => Math.max(0, value));
  const held = variance.reduce((a, b) => a + b, 0);
  if (!(held > 0)) throw new InputError(`${folder}: all tokens of the training patients are the same.`);
  const axes = new Float32Array(count * width);
  vectors.forEach((vector, k) => axes.set(vector, k * width));
  const start = shift ?? new Float64Array(width);
  return {
    width,
    patients,
    tokens,
    mean: packNumbers(Float32Array.from(sum, (s, j) => start[j] + s / patients)),
    axes: packNumbers(axes),
    deviations: variance.map(Math.sqrt),
    scale: Math.sqrt(count / held),
    explained: held / total,
  };
}

/** Adds tokens `[n, width]`, each with this weight, to the sums of x and of x·xᵀ, x from `shift` on. */
function addTokens(
  features: Float32Array,
  weight: number,
  shift: Float64Array,
  sum: Float64Array,
  square: Float64Array,
): void {
  const width = shift.length;
  const x = new Float64Array(width);
  for (let at = 0; at < features.length; at += width) {
    for (let j = 0; j < width; j++) {
      x[j] = features[at + j] - shift[j];
      sum[j] += weight * x[j];
    }
    for (let i = 0; i < width; i++) {
      const factor = weight * x[i];
      if (factor === 0) continue; // many features of a network with ReLU are zero
      const row = i * width;
      for (let j = 0; j <= i; j++) square[row + j] += factor * x[j];
    }
  }
}

/** Σ w·x·xᵀ / Σw − mean·meanᵀ, both halves; the weights of a patient sum to 1. */
function covarianceOf(sum: Float64Array, square: Float64Array, patients: number): Float64Array {
  const width = sum.length;
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < width; i++)
    for (let j = 0; j <= i; j++) {
      const value = square[i * width + j] / patients - (sum[i] / patients) * (sum[j] / patients);
      covariance[i * width + j] = covariance[j * width + i] = value;
    }
  return covariance;
}
