import { maxOf } from '../files/lists.js';
import { compile, type Program } from 'onnx-autodiff';
import { WorkError } from '../files/errors.js';
import { graphInputs, logitsOf } from '../model/choice.js';
import type { Parameters } from '../model/layers.js';
import { riskOf } from '../model/losses.js';
import type { Model, Outcome } from '../runs/model.js';
import { ahead } from './ahead.js';
import type { Backend } from './backend.js';
import { sampleFeeds, type Sample } from './batch.js';
import type { CohortSamples } from './samples.js';

/** The prediction for one patient, over all their slides. */
export interface Prediction {
  readonly patient: string;
  readonly slides: number;
  /** Class probabilities, or hazards of the survival bins: `[C]`, the mean over slides. */
  readonly outputs: readonly number[];
  /** Survival only: −Σ_j S_j; higher is worse. */
  readonly risk?: number;
}

/** The network without dropout, ready for one sample at a time. */
export interface Predictor {
  /** Class probabilities or hazards of one sample, `[C]`. */
  run(sample: Sample): Promise<Float64Array>;
  /** Other parameters from now on. */
  use(parameters: Parameters): void;
  dispose(): Promise<void>;
}

/** What of a model decides its predictions, beside its parameters. */
export type PredictingModel = Pick<Model, 'network' | 'size' | 'tokens' | 'outcome'>;

export async function createPredictor(model: PredictingModel, start: Parameters, backend: Backend): Promise<Predictor> {
  let parameters = start;
  const { network, size, tokens, outcome } = model;
  const logits = logitsOf(network, size, graphInputs(network, size, tokens, 1), backend.positionBias);
  const program: Program<'logits'> = await compile({ logits }, backend);
  return {
    async run(sample) {
      const { logits } = await program.run({ ...parameters, ...sampleFeeds([sample], program.inputs) });
      return outputsOf(logits, outcome);
    },
    use(next) {
      parameters = next;
    },
    dispose: () => program.dispose(),
  };
}

/**
 * What logits `[C]` say: hazards, or class probabilities. Training weighs a class by w, so its logits tend to log(w·p): log w is
 * taken off before anything is called a probability.
 */
export function outputsOf(logits: Float32Array, outcome: Outcome): Float64Array {
  if (outcome.kind === 'survival') return Float64Array.from(logits, (x) => 1 / (1 + Math.exp(-x)));
  return softmax(Float64Array.from(logits, (x, c) => x - Math.log(outcome.weights[c])));
}

function softmax(logits: Float64Array): Float64Array {
  const top = maxOf(logits);
  const e = logits.map((x) => Math.exp(x - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
}

/** Predictions of these patients in their order; several slides of a patient make one, the mean of their probabilities or hazards. */
export async function predictPatients(
  predictor: Predictor,
  samples: CohortSamples,
  patients: readonly string[],
  survival: boolean,
  onPatient: (done: number) => void = () => undefined,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  const slides = patients.flatMap((id) =>
    samples.slides(id).map((slide, i, { length }) => ({ id, slide, last: i === length - 1 })),
  );
  let outputs: Float64Array[] = [];
  for await (const { id, sample, last } of ahead(slides, async ({ id, slide, last }) => ({
    id,
    last,
    sample: await samples.sample(id, slide),
  }))) {
    outputs.push(await predictor.run(sample));
    if (!last) continue;
    predictions.push(prediction(id, outputs, survival));
    outputs = [];
    onPatient(predictions.length);
  }
  return predictions;
}

/**
 * One patient's prediction from the outputs of their slides.
 * @throws WorkError where an output is not a finite number.
 */
export function prediction(patient: string, slides: readonly Float64Array[], survival: boolean): Prediction {
  const C = slides[0].length;
  const outputs = Array.from({ length: C }, (_, c) => slides.reduce((t, o) => t + o[c], 0) / slides.length);
  if (!outputs.every(Number.isFinite)) {
    throw new WorkError(
      `The prediction for ${patient} is not a finite number. Likely cause: features of its slides are far out of range, ` +
        'or the parameters grew out of range in training; then a lower learning rate helps.',
    );
  }
  return { patient, slides: slides.length, outputs, ...(survival ? { risk: riskOf(outputs, C)[0] } : {}) };
}
