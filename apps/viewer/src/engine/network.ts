import {
  createPredictor,
  openExplainer,
  outputsOf,
  type Explainer,
  type GeneVectors,
  type PerBranch,
  type SlideBag,
} from 'subspace-fusion/browser';
import type { BrowserBackend } from './backend.js';
import type { Run } from './run.js';

/** What a prediction starts from, slide by slide. */
export interface Given {
  readonly genes: GeneVectors | undefined;
  readonly covariates: Float32Array | undefined;
}

/** A slide that the network has read once: changed genes start from there. */
export type ReadBag = { readonly P: PerBranch<Float32Array> } | { readonly features: Float32Array };

/** A model that is ready to predict. */
export interface Network {
  /** For looking inside; models of the method only. */
  readonly explainer: Explainer | undefined;
  read(slide: SlideBag): Promise<ReadBag>;
  /** Class probabilities or hazards `[C]`; undefined is a missing slide. */
  predict(bag: ReadBag | undefined, given: Given): Promise<Float64Array>;
  dispose(): Promise<void>;
}

/** Opens a run's model: the method's own with its patches projected once, a peer as a whole. */
export async function openNetwork(
  { model, parameters }: Pick<Run, 'model' | 'parameters'>,
  backend: BrowserBackend,
): Promise<Network> {
  if (model.network.name !== 'subspace') {
    const predictor = await createPredictor(model, parameters, backend);
    return {
      explainer: undefined,
      read: async ({ features }) => ({ features }),
      predict: (bag, given) => predictor.run({ bag: bag && 'features' in bag ? bag.features : undefined, ...given }),
      dispose: () => predictor.dispose(),
    };
  }
  const explainer = await openExplainer(model, parameters, backend);
  return {
    explainer,
    read: async ({ features }) => ({ P: await explainer.project(features) }),
    async predict(bag, given) {
      const { logits } = await explainer.forward({ P: bag && 'P' in bag ? bag.P : undefined, ...given });
      return outputsOf(logits, model.outcome);
    },
    dispose: () => explainer.dispose(),
  };
}
