import { input, type Value } from 'onnx-autodiff';
import type { PositionBias } from './attention.js';
import { covariateParameters, network, projections, withCovariates } from './network.js';
import { networkParameters, type NetworkSize, type ParameterSpecs } from './parameters.js';
import { WHOLE, type NetworkParts } from './parts.js';
import { PEERS, type PeerName } from './peers/index.js';

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

/** All parameters of a network, in a fixed order. */
export function choiceParameters(choice: NetworkChoice, size: NetworkSize): ParameterSpecs {
  const own = choice.name === 'subspace' ? networkParameters(size, choice.parts) : PEERS[choice.name].parameters(size);
  return { ...own, ...covariateParameters(size.classes, size.covariates ?? 0) };
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

/** Logits `[B, C]` of a network without dropout. */
export function logitsOf(
  choice: NetworkChoice,
  inputs: GraphInputs,
  p: Readonly<Record<string, Value>>,
  positionBias: PositionBias,
): Value {
  const { X, genes, covariates, present } = inputs;
  const own =
    choice.name === 'subspace'
      ? network({ P: projections(X, p, choice.parts), genes, present }, p, positionBias, undefined, choice.parts)
      : PEERS[choice.name].network({ X, genes }, p);
  return covariates ? withCovariates(own.logits, covariates, p) : own.logits;
}
