import type { Value } from 'onnx-autodiff';
import type { Dropout } from '../dropout.js';
import { named, parameterInputs, type Layers, type NetworkSize, type ParameterSpec } from '../layers.js';
import { covariateLayer, withCovariates } from '../network.js';
import { cmta } from './cmta.js';
import { mcat } from './mcat.js';
import { abmil, transmil } from './mil.js';
import { pathomic } from './pathomic.js';
import type { Peer, PeerInputs, PeerOutputs } from './peer.js';
import { meanSnn, snn } from './snn.js';

export type { Modality, Peer, PeerInputs, PeerOutputs } from './peer.js';

/** The published models that the method is compared with, by their name in a config. */
export const PEERS = { abmil, transmil, snn, 'mean-snn': meanSnn, pathomic, mcat, cmta } as const satisfies Record<
  string,
  Peer
>;

export type PeerName = keyof typeof PEERS;

/** A peer's layers, and the weights of covariates where the size has any. */
export function peerLayers(name: PeerName, size: NetworkSize): Layers<ParameterSpec> {
  return { ...PEERS[name].layers(size), covariates: covariateLayer(size) };
}

/** What a peer makes of a batch, and its parameters, inputs of the same graph, in the order of its checkpoints. */
export interface PeerGraph extends PeerOutputs {
  readonly parameters: readonly (readonly [name: string, value: Value])[];
}

export function peerGraph(
  name: PeerName,
  size: NetworkSize,
  inputs: PeerInputs & { readonly covariates: Value | undefined },
  dropout?: Dropout,
): PeerGraph {
  const peer: Peer = PEERS[name];
  const p = parameterInputs(peer.layers(size));
  const { covariates } = parameterInputs({ covariates: covariateLayer(size) });
  const own = peer.network(inputs, p, dropout);
  return {
    ...own,
    logits: withCovariates(own.logits, inputs.covariates, covariates),
    parameters: named<Value>({ ...p, covariates }),
  };
}
