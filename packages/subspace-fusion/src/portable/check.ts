import { maxOf } from '../files/lists.js';
import { openModel, type ShapedData } from 'onnx-autodiff';
import { bagRows } from '../cohort/bags/bag.js';
import { openBackend } from '../inference/backend.js';
import type { Sample } from '../inference/batch.js';
import { createPredictor } from '../inference/predictor.js';
import type { Parameters } from '../model/layers.js';
import { key, normal } from '../random/counter.js';
import { fileWidth, networkFeatures } from '../runs/components.js';
import type { Model } from '../runs/model.js';
import { applyGeneScaling, type GeneScaling } from '../runs/scaling.js';

/**
 * The largest difference of a probability, or of a hazard, between an exported model and the one that it was made of, on a made-up patient.
 * @throws InputError where the model cannot read a single patient.
 */
export async function largestDifference(exported: Uint8Array, model: Model, parameters: Parameters): Promise<number> {
  const { feeds, sample } = madeUpPatient(model);
  const [there, here] = [
    await predictionOfExported(exported, feeds),
    await predictionOfModel(model, parameters, sample),
  ];
  return maxOf(here.map((p, c) => Math.abs(p - there[c])));
}

async function predictionOfExported(
  exported: Uint8Array,
  feeds: Readonly<Record<string, ShapedData>>,
): Promise<Float32Array> {
  const portable = await openModel(exported);
  try {
    const main = portable.outputs.some(({ name }) => name === 'hazards') ? 'hazards' : 'probabilities';
    const taken = portable.inputs.map(({ name }) => [name, feeds[name]] as const);
    return (await portable.run(Object.fromEntries(taken), [main]))[main].data;
  } finally {
    await portable.dispose();
  }
}

async function predictionOfModel(model: Model, parameters: Parameters, sample: Sample): Promise<Float64Array> {
  const backend = await openBackend();
  const predictor = await createPredictor(model, parameters, backend);
  try {
    return await predictor.run(sample);
  } finally {
    await predictor.dispose();
    await backend.close();
  }
}

/** A patient of random numbers on the scale of the training patients: as an exported model takes them, and as the network does. */
function madeUpPatient(model: Model): { feeds: Record<string, ShapedData>; sample: Sample } {
  const { scaling, size, tokens } = model;
  const width = fileWidth(model);
  const patches = Math.ceil(1.4 * tokens); // more than the bag holds, so that it is chosen among them
  const features = normals('features', patches * width);
  const bag = new Float32Array(tokens * width);
  bagRows(patches, tokens).forEach((row, i) => bag.set(features.subarray(row * width, (row + 1) * width), i * width));
  const tumour = madeUpExpression('tumour', scaling.tumour);
  const microenvironment = madeUpExpression('microenvironment', scaling.microenvironment);
  const covariates = normals('covariates', size.covariates ?? 0);
  return {
    feeds: {
      features: { data: features, shape: [patches, width] },
      tumour_genes: vector(tumour),
      microenvironment_genes: vector(microenvironment),
      covariates: vector(covariates),
      has_features: vector(Float32Array.of(1)),
      has_genes: vector(Float32Array.of(1)),
    },
    sample: {
      bag: networkFeatures(bag, model),
      genes: {
        tumour: scaled(scaling.tumour, tumour),
        microenvironment: scaled(scaling.microenvironment, microenvironment),
      },
      covariates,
    },
  };
}

/** Expression whose transform is μ + σ·(a standard normal number). */
function madeUpExpression(name: string, { transform, mean, deviation }: GeneScaling): Float32Array {
  const y = normals(name, mean.length).map((x, g) => mean[g] + deviation[g] * x);
  return transform === 'log2p1' ? y.map((v) => Math.max(0, 2 ** v - 1)) : y;
}

function scaled(scaling: GeneScaling, values: Float32Array): Float32Array {
  return applyGeneScaling(scaling, { patients: ['made up'], genes: scaling.genes, values }, ['made up']);
}

function vector(data: Float32Array): ShapedData {
  return { data, shape: [data.length] };
}

function normals(name: string, n: number): Float32Array {
  const k = key(1, name);
  return Float32Array.from({ length: n }, (_, i) => normal(k, i));
}
