import { sizeOf, type TensorData } from 'onnx-autodiff';
import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { key, uniform } from '../random/counter.js';

export type { BatchLabels } from '../model/outcomes.js';

/** Scaled expression of a patient, `[genes]` of each subspace. */
export type GeneVectors = Readonly<Record<Subspace, Float32Array>>;

/** One sample of a batch: one slide of one patient. */
export interface Sample {
  /** `[N, width]`; undefined where the patient has no slide, or the network reads none. */
  readonly bag: Float32Array | undefined;
  /** Undefined where the patient has no expression. */
  readonly genes: GeneVectors | undefined;
  /** `[K]`, encoded; undefined for networks without covariates. */
  readonly covariates?: Float32Array | undefined;
}

export type Feeds = Record<string, TensorData>;

/**
 * The inputs of a graph that are about these samples, those that the graph has: `X`, `x.tumour`, `x.microenvironment`, `covariates`,
 * `present.bag` and `present.genes`. What a sample lacks is fed as zeros, in whose place the network has a stand-in.
 * `room` gives the array for a bag of several samples.
 */
export function sampleFeeds(
  samples: readonly Sample[],
  inputs: Readonly<Record<string, readonly number[]>>,
  room: (length: number) => Float32Array = newArray,
): Feeds {
  const feeds: Feeds = {};
  const feed = (
    name: string,
    part: (sample: Sample) => Float32Array | undefined,
    into: (length: number) => Float32Array = newArray,
  ) => {
    if (name in inputs) feeds[name] = joined(samples.map(part), sizeOf(inputs[name]) / samples.length, into);
  };
  feed('X', ({ bag }) => bag, room);
  for (const s of SUBSPACES) feed(`x.${s}`, ({ genes }) => genes?.[s]);
  feed('covariates', ({ covariates }) => covariates);
  feed('present.bag', ({ bag }) => Float32Array.of(bag ? 1 : 0));
  feed('present.genes', ({ genes }) => Float32Array.of(genes ? 1 : 0));
  return feeds;
}

const newArray = (length: number) => new Float32Array(length);

/** Arrays of `length` one after the other, zeros for one that is missing; a single one as it is. */
function joined(
  arrays: readonly (Float32Array | undefined)[],
  length: number,
  room: (length: number) => Float32Array,
): Float32Array {
  if (arrays.length === 1) return arrays[0] ?? new Float32Array(length);
  const whole = room(arrays.length * length);
  arrays.forEach((array, i) => {
    if (array) whole.set(array, i * length);
    else whole.fill(0, i * length, (i + 1) * length);
  });
  return whole;
}

/**
 * A training sample as if one of its modalities had not been measured, with probability `rate`: half the time its slide, half the
 * time its genes, never both. A function of seed, step and the sample's place in the batch.
 */
export function dropModality(
  sample: Sample,
  rate: number,
  { seed, step }: { seed: number; step: number },
  place: number,
): Sample {
  if (rate === 0) return sample;
  const u = uniform(key(seed, 'modality', step, place), 0);
  if (u < rate / 2) return { ...sample, bag: undefined };
  return u < rate ? { ...sample, genes: undefined } : sample;
}
