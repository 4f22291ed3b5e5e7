import type { Value } from 'onnx-autodiff';
import type { Dropout } from '../dropout.js';
import type { NetworkSize, ParameterSpecs } from '../parameters.js';

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
  parameters(size: NetworkSize): ParameterSpecs;
  network(inputs: PeerInputs, p: Readonly<Record<string, Value>>, dropout?: Dropout): PeerOutputs;
}
