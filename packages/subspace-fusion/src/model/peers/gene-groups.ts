import { concat, reshape, type Value } from 'onnx-autodiff';
import type { Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import type { Weights } from './layers.js';
import { selfNormalising, selfNormalisingParameters } from './self-normalising.js';

/** Parameters of two self-normalising blocks for each group of so many genes. */
export function geneGroupParameters(
  groups: readonly number[],
  [hidden, out]: readonly [hidden: number, out: number],
  start: Parameters<typeof selfNormalisingParameters>[2],
): ParameterSpecs {
  const encoders = groups.map((genes, g) => selfNormalisingParameters(`genes.${g}`, [genes, hidden, out], start));
  return Object.assign({}, ...encoders) as ParameterSpecs;
}

/** One token for each group of genes: expressions `[B, genes]` → `[B, G, out]`. */
export function geneGroupTokens(groups: readonly Value[], p: Weights, options?: Dropout): Value {
  const tokens = groups.map((x, g) => selfNormalising(x, p, `genes.${g}`, 2, options));
  return concat(
    tokens.map((token) => reshape(token, [token.shape[0], 1, token.shape[1]])),
    1,
  );
}
