import type { Backend } from '../inference/backend.js';
import type { GeneVectors } from '../inference/batch.js';
import { createPredictor, outputsOf } from '../inference/predictor.js';
import type { Parameters } from '../model/layers.js';
import type { PerBranch } from '../model/parts.js';
import type { Model } from '../runs/model.js';
import { openExplainer, type Explainer } from './explainer.js';

/** What a prediction starts from besides the slide. */
export interface Given {
  readonly genes: GeneVectors | undefined;
  readonly covariates: Float32Array | undefined;
}

/** A slide that the network has read once: changed genes start from there. */
export type SeenSlide = { readonly P: PerBranch<Float32Array> } | { readonly features: Float32Array };

/** A model that is ready for one sample at a time. */
export interface PatientNetwork {
  /** For looking inside; models of the method only. */
  readonly explainer: Explainer | undefined;
  /** From a bag `[N, width]`. */
  see(features: Float32Array): Promise<SeenSlide>;
  /** Class probabilities or hazards `[C]`; undefined is a missing slide. */
  run(slide: SeenSlide | undefined, given: Given): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Opens a model: the method's own with its patches projected once, a peer as a whole. */
export async function openNetwork(model: Model, parameters: Parameters, backend: Backend): Promise<PatientNetwork> {
  if (model.network.name !== 'subspace') {
    const predictor = await createPredictor(model, parameters, backend);
    return {
      explainer: undefined,
      see: (features) => Promise.resolve({ features }),
      run: (slide, given) =>
        predictor.run({ bag: slide && 'features' in slide ? slide.features : undefined, ...given }),
      dispose: () => predictor.dispose(),
    };
  }
  const explainer = openExplainer(model, parameters, backend);
  return {
    explainer,
    see: async (features) => ({ P: await explainer.project(features) }),
    async run(slide, given) {
      const { logits } = await explainer.forward({ P: slide && 'P' in slide ? slide.P : undefined, ...given });
      return outputsOf(logits, model.outcome);
    },
    dispose: () => explainer.dispose(),
  };
}
