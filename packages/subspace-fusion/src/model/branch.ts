import {
  add,
  elu,
  layerNorm,
  linear,
  matmul,
  mean,
  relu,
  reshape,
  slice,
  tanh,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { deformableAttention, plainAttention, type PositionBias } from './attention.js';
import { alphaDropout, type Dropout } from './dropout.js';
import { GENE_WIDTHS, WHOLE, WIDTH, type NetworkParts } from './parts.js';
import { keyPositions } from './sampling.js';

/** Gene code `v [B, 128]` of expression `[B, genes]`: four blocks Linear → ELU → AlphaDropout, then ReLU. docs/method.md section 2. */
export function encodeGenes(genes: Value, p: Readonly<Record<string, Value>>, dropout?: Dropout): Value {
  let x = genes;
  for (let i = 0; i < GENE_WIDTHS.length; i++) {
    x = alphaDropout(elu(linear(x, p[`genes.${i}.weight`], p[`genes.${i}.bias`])), `genes.${i}`, dropout);
  }
  return relu(x);
}

type Weights = Readonly<Record<string, Value>>;

/** A branch up to its attention: all that the consistency loss needs, at a small part of the whole cost. */
export interface Placed {
  readonly F: Value; // [B, N, 128]
  readonly normalF: Value; // F̂ [B, N, 128]
  readonly normalP: Value; // P̂ [B, N, 128]
  readonly vgrid: Value | undefined; // [B·8, 2, k, k]; plain attention has none
}

/** Step 1 of a branch: P = ReLU(Linear(X)), `[B, N, width] → [B, N, 128]`. docs/method.md section 2. */
export function projectPatches(X: Value, p: Weights): Value {
  return relu(linear(X, p['patches.weight'], p['patches.bias']));
}

/** Steps 2 and 3 of a branch and the key positions of step 4. `P [B, N, 128]`, gene code `v [B, 128]`. docs/method.md section 2. */
export function placeBranch(P: Value, v: Value, p: Weights, { attention }: NetworkParts = WHOLE): Placed {
  const F = fuse(P, v, p);
  const normalise = (x: Value) => layerNorm(x, p['norm.scale'], p['norm.shift']);
  const normalF = normalise(F);
  return { F, normalF, normalP: normalise(P), vgrid: attention === 'plain' ? undefined : keyPositions(normalF, p) };
}

/** F = [P | v]·Wᵀ + b = P·W₁ᵀ + (v·W₂ᵀ + b): the gene half is the same for every token. */
function fuse(P: Value, v: Value, p: Weights): Value {
  const W = p['fusion.weight']; // [128, 256]
  const W1 = slice(W, 1, 0, WIDTH);
  const W2 = slice(W, 1, WIDTH, 2 * WIDTH);
  const perSample = reshape(linear(v, W2, p['fusion.bias']), [-1, 1, WIDTH]);
  return add(matmul(P, transpose(W1, [1, 0])), perSample);
}

/** Steps 4 and 5 of a branch: its feature `z [B, 128]`. */
export function finishBranch(
  { F, normalF, normalP, vgrid }: Placed,
  p: Weights,
  positionBias: PositionBias | undefined,
  options?: Dropout,
): Value {
  const read = vgrid
    ? deformableAttention(normalF, vgrid, normalP, p, positionBias, options)
    : plainAttention(normalF, normalP, p, options);
  const H = add(F, read);
  const pooled = mean(layerNorm(H, p['norm2.scale'], p['norm2.shift']), [1]); // [B, 128]
  const h = tanh(linear(pooled, p['pooler.weight'], p['pooler.bias']));
  return linear(h, p['projection.weight'], p['projection.bias']);
}
