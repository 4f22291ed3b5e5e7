import { concat, type Value } from 'onnx-autodiff';
import type { Dropout } from '../dropout.js';
import type { Layers, ParameterSpec, Values } from '../layers.js';
import type { NetworkSize } from '../parameters.js';

/** What a peer reads of a sample. */
export type Modality = 'bag' | 'genes';

/** One batch as a peer takes it. A peer leaves alone what it does not read. */
export interface PeerInputs {
  readonly X: Value; // patch features [B, N, width]
  readonly genes: { readonly tumour: Value; readonly microenvironment: Value }; // [B, T], [B, M]
}

/** What a peer makes of a batch. */
export interface PeerOutputs {
  readonly logits: Value; // [B, C]
  /** A further loss of each sample, `[B]`, added to the task loss as its mean over the batch. */
  readonly auxiliary?: Value;
}

/**
 * A published model that the method is compared with: the same inputs, outputs, patients and budget, an architecture of its own.
 * Where `dropout` is given, its sites act with the rates of the peer's own paper.
 */
export interface Peer {
  readonly reads: readonly Modality[];
  /** Samples that go through it at once where nothing else is asked; by default as many as have 2,500 tokens. */
  readonly microBatch?: number;
  layers(size: NetworkSize): Layers<ParameterSpec>;
  /** `p` are the values of its own layers. */
  network(inputs: PeerInputs, p: Layers<Value>, dropout?: Dropout): PeerOutputs;
}

/** A peer as it is written: the compiler holds its network to the layers that it lists. */
interface PeerDefinition<S extends Layers<ParameterSpec>> extends Pick<Peer, 'reads' | 'microBatch'> {
  layers(size: NetworkSize): S;
  network(inputs: PeerInputs, p: Values<S>, dropout?: Dropout): PeerOutputs;
}

export function peer<S extends Layers<ParameterSpec>>(definition: PeerDefinition<S>): Peer {
  return {
    ...definition,
    network: (inputs, p, dropout) => definition.network(inputs, p as unknown as Values<S>, dropout), // of its own layers
  };
}

/** All genes of a sample, tumour then microenvironment: `[B, T + M]`. */
export function allGenes({ genes }: PeerInputs): Value {
  return concat([genes.tumour, genes.microenvironment], 1);
}

/** Number of all genes, T + M. */
export function geneCount({ genes }: NetworkSize): number {
  return genes.tumour + genes.microenvironment;
}
