import {
  add,
  constant,
  div,
  equal,
  gather,
  greater,
  greaterOrEqual,
  integers,
  lengthOf,
  log,
  maximum,
  minimum,
  mul,
  reshape,
  sub,
  sum,
  where,
  type Value,
} from 'onnx-autodiff';
import { clipOf, type GeneScaling } from '../cohort/index.js';

/** Numbers of patches and indices of them are whole numbers: int64. */
const whole = (n: number): Value => integers([n]);

/**
 * The bag of N tokens that stands for all patches of a slide: `[n, width] → [1, N, width]`, whatever n is when the graph runs.
 * docs/method.md section 1: token i is patch i mod n where n ≤ N, else patch round_half_even(i·n/N).
 */
export function fixedBag(features: Value, tokens: number): Value {
  const n = lengthOf(features, 0);
  const i = integers(Array.from({ length: tokens }, (_, token) => token));
  const fits = greaterOrEqual(whole(tokens), n);
  const rows = where(fits, remainder(i, n), roundedRatio(mul(i, n), whole(tokens)));
  return reshape(gather(features, rows), [1, tokens, features.shape[1]]);
}

/** a mod b, of whole numbers from 0 on, for which ONNX's division rounds down. */
function remainder(a: Value, b: Value): Value {
  return sub(a, mul(b, div(a, b)));
}

/** a/b rounded to the nearest whole number, a half to the even neighbour; of whole numbers, so that nothing is lost. */
function roundedRatio(a: Value, b: Value): Value {
  const below = div(a, b);
  const twiceRest = mul(remainder(a, b), whole(2));
  const up = where(greater(twiceRest, b), whole(1), where(equal(twiceRest, b), remainder(below, whole(2)), whole(0)));
  return add(below, up);
}

/**
 * The network's gene input from expression as it stands in the matrix: `[genes] → [1, genes]`, what `applyGeneScaling` computes.
 * z = (t(x) − μ)/σ, clipped; 0 for a gene whose σ is 0.
 */
export function scaledGenes(expression: Value, scaling: GeneScaling): Value {
  const { transform, mean, deviation, genes } = scaling;
  const inverse = (unit: number) => constant(deviation.map((sigma) => (sigma === 0 ? 0 : unit / sigma)));
  const z = {
    none: () => mul(sub(expression, constant(mean)), inverse(1)),
    // log₂(1 + x) − μ = log₂((1 + x)/2^μ): the logarithm of a number near 1 keeps the digits that the difference would lose.
    log2p1: () => mul(log(mul(add(expression, 1), constant(mean.map((mu) => 2 ** -mu)))), inverse(1 / Math.LN2)),
    rank: () => mul(sub(ranks(expression), constant(mean)), inverse(1)),
  }[transform]();
  const bound = clipOf(scaling);
  return reshape(Number.isFinite(bound) ? maximum(-bound, minimum(bound, z)) : z, [1, genes.length]);
}

/** Rank of each of n values among them, (rank − ½)/n, ties sharing their mean rank: r = (#smaller + #equal/2)/n. */
function ranks(x: Value): Value {
  const n = x.shape[0];
  const [one, other] = [reshape(x, [n, 1]), reshape(x, [1, n])];
  const counted = add(where(greater(one, other), 1, 0), where(equal(one, other), 0.5, 0)); // [n, n]
  return div(sum(counted, [1]), n);
}
