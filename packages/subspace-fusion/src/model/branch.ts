import {
  add,
  linear as affine,
  elu,
  matmul,
  mean,
  relu,
  reshape,
  slice,
  tanh,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { attentionLayers, deformableAttention, plainAttention, type PositionBias } from './attention.js';
import { alphaDropout, type Dropout } from './dropout.js';
import {
  linear,
  linearLayer,
  normalise,
  normalLayer,
  normLayer,
  type Linear,
  type ParameterSpec,
  type Values,
} from './layers.js';
import { GENE_WIDTHS, WIDTH, type NetworkParts } from './parts.js';
import { keyPositions } from './sampling.js';

/** The parameters of a branch. docs/method.md section 2. */
export type BranchLayers = Values<ReturnType<typeof branchLayers>>;

/** The layers of a branch that reads so many genes and patches of `patchWidth`. */
export function branchLayers(genes: number, patchWidth: number, parts: NetworkParts) {
  return {
    genes: geneLayers(genes),
    patches: linearLayer(patchWidth, WIDTH),
    fusion: linearLayer(2 * WIDTH, WIDTH),
    norm: normLayer(WIDTH),
    ...attentionLayers(parts),
    norm2: normLayer(WIDTH),
    pooler: linearLayer(WIDTH, WIDTH),
    projection: linearLayer(WIDTH, WIDTH),
    /** What stands for the projected patches of a missing bag, and for the gene code of missing genes. */
    standIn: parts.standIns ? { patches: standIn(), genes: standIn() } : undefined,
  };
}

function geneLayers(genes: number): readonly Linear<ParameterSpec>[] {
  const widths = [genes, ...GENE_WIDTHS];
  return GENE_WIDTHS.map((out, i) => normalLayer(widths[i], out));
}

function standIn(): ParameterSpec {
  return { shape: [WIDTH], start: { uniform: 1 / Math.sqrt(WIDTH) } };
}

/** Gene code `v [B, 128]` of expression `[B, genes]`: four blocks Linear → ELU → AlphaDropout, then ReLU. docs/method.md section 2. */
export function encodeGenes(genes: Value, p: Pick<BranchLayers, 'genes'>, dropout?: Dropout): Value {
  let x = genes;
  p.genes.forEach((layer, i) => {
    x = alphaDropout(elu(linear(x, layer)), `genes.${i}`, dropout);
  });
  return relu(x);
}

/** A branch up to its attention: all that the consistency loss needs, at a small part of the whole cost. */
export interface Placed {
  readonly F: Value; // [B, N, 128]
  readonly normalF: Value; // F̂ [B, N, 128]
  readonly normalP: Value; // P̂ [B, N, 128]
  readonly vgrid: Value | undefined; // [B·8, 2, k, k]; plain attention has none
}

/** Step 1 of a branch: P = ReLU(Linear(X)), `[B, N, width] → [B, N, 128]`. docs/method.md section 2. */
export function projectPatches(X: Value, p: BranchLayers): Value {
  return relu(linear(X, p.patches));
}

/** Steps 2 and 3 of a branch and the key positions of step 4. `P [B, N, 128]`, gene code `v [B, 128]`. docs/method.md section 2. */
export function placeBranch(P: Value, v: Value, p: BranchLayers): Placed {
  const F = fuse(P, v, p.fusion); // [B, N, 128]
  const normalF = normalise(F, p.norm);
  const normalP = normalise(P, p.norm);
  return { F, normalF, normalP, vgrid: p.offsets && keyPositions(normalF, p.queries, p.offsets) };
}

/** F = [P | v]·Wᵀ + b = P·W₁ᵀ + (v·W₂ᵀ + b): the gene half is the same for every token. */
function fuse(P: Value, v: Value, { weight, bias }: Linear): Value {
  const W1 = slice(weight, 1, 0, WIDTH); // of W [128, 256]
  const W2 = slice(weight, 1, WIDTH, 2 * WIDTH);
  const perSample = reshape(affine(v, W2, bias), [-1, 1, WIDTH]);
  return add(matmul(P, transpose(W1, [1, 0])), perSample);
}

/** Steps 4 and 5 of a branch: its feature `z [B, 128]`. */
export function finishBranch(
  { F, normalF, normalP, vgrid }: Placed,
  p: BranchLayers,
  positionBias: PositionBias,
  options?: Dropout,
): Value {
  const read = vgrid
    ? deformableAttention(normalF, vgrid, normalP, p, positionBias, options)
    : plainAttention(normalF, normalP, p, options);
  const H = add(F, read); // [B, N, 128]
  const pooled = mean(normalise(H, p.norm2), [1]); // [B, 128]
  const h = tanh(linear(pooled, p.pooler));
  return linear(h, p.projection);
}
