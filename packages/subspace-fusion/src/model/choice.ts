import { input, type Value } from 'onnx-autodiff';
import type { PositionBias } from './attention.js';
import { named, parameterInputs, type NetworkSize, type ParameterSpec, type ParameterSpecs } from './layers.js';
import { network, networkLayers, projections, withCovariates } from './network.js';
import { WHOLE, type NetworkParts } from './parts.js';
import { peerGraph, peerLayers, PEERS, type PeerName } from './peers/index.js';

/** Which network a model is: the method, whole or in parts, or a peer. */
export type NetworkChoice = { readonly name: 'subspace'; readonly parts: NetworkParts } | { readonly name: PeerName };

/** The network of the paper. */
export const METHOD: NetworkChoice = { name: 'subspace', parts: WHOLE };

/** Which modalities a network reads. */
export function reads(choice: NetworkChoice): { bag: boolean; genes: boolean } {
  if (choice.name === 'subspace') return { bag: true, genes: true };
  const { reads } = PEERS[choice.name];
  return { bag: reads.includes('bag'), genes: reads.includes('genes') };
}

/** Whether a network can do without one of the modalities. */
export function hasStandIns(choice: NetworkChoice): boolean {
  return choice.name === 'subspace' && choice.parts.standIns;
}

/** All parameters of a network by name, in the order of its checkpoints. */
export function choiceParameters(choice: NetworkChoice, size: NetworkSize): ParameterSpecs {
  const layers = choice.name === 'subspace' ? networkLayers(size, choice.parts) : peerLayers(choice.name, size);
  return Object.fromEntries(named<ParameterSpec>(layers));
}

/** Inputs of a network's graph for B samples; each network takes those that it reads. */
export interface GraphInputs {
  readonly X: Value; // patch features [B, N, width]
  readonly genes: { readonly tumour: Value; readonly microenvironment: Value }; // [B, T], [B, M]
  readonly covariates: Value | undefined; // [B, K]
  /** 1 where a sample has the modality, 0 where not; for networks with stand-ins. */
  readonly present: { readonly bag: Value; readonly genes: Value } | undefined; // [B, 1, 1], [B, 1]
}

/** The inputs of a network for B samples of N tokens, under the names that samples are fed by. */
export function graphInputs(
  choice: NetworkChoice,
  { patchWidth, genes, covariates = 0 }: NetworkSize,
  tokens: number,
  B: number,
): GraphInputs {
  return {
    X: input('X', [B, tokens, patchWidth]),
    genes: {
      tumour: input('x.tumour', [B, genes.tumour]),
      microenvironment: input('x.microenvironment', [B, genes.microenvironment]),
    },
    covariates: covariates > 0 ? input('covariates', [B, covariates]) : undefined,
    present: hasStandIns(choice)
      ? { bag: input('present.bag', [B, 1, 1]), genes: input('present.genes', [B, 1]) }
      : undefined,
  };
}

/** Logits `[B, C]` of a network without dropout; its parameters are inputs of the graph, under their names. */
export function logitsOf(
  choice: NetworkChoice,
  size: NetworkSize,
  inputs: GraphInputs,
  positionBias: PositionBias,
): Value {
  if (choice.name !== 'subspace') return peerGraph(choice.name, size, inputs).logits;
  const { X, genes, covariates, present } = inputs;
  const p = parameterInputs(networkLayers(size, choice.parts));
  const { logits } = network({ P: projections(X, p), genes, present }, p, positionBias);
  return withCovariates(logits, covariates, p.covariates);
}
