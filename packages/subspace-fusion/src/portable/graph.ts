import {
  add,
  constant,
  div,
  equal,
  gather,
  greater,
  greaterOrEqual,
  input,
  integers,
  lengthOf,
  log,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  transpose,
  where,
  type Value,
} from 'onnx-autodiff';
import { hasStandIns, logitsOf } from '../model/choice.js';
import { hazards, survivalFunction } from '../model/losses.js';
import { densePositionBias } from '../model/dense-bias.js';
import type { Model, Outcome } from '../runs/model.js';
import { fileWidth, projectionOf, type Components } from '../runs/components.js';
import { clipOf, type GeneScaling } from '../runs/scaling.js';

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

/** What the graph of a portable model computes, by name. */
export type PortableOutputs = Readonly<Record<string, Value>>;

/**
 * A trained model as a graph that needs nothing around it: from one slide's patch features and one patient's expression, as their files have
 * them, to probabilities or a survival curve. Its parameters are inputs; `INPUT_DOCS` and `OUTPUT_DOCS` name the others.
 */
export function portableGraph(model: Model): PortableOutputs {
  const { network, size, tokens, scaling, outcome, components } = model;
  const expression = (subspace: 'tumour' | 'microenvironment') =>
    scaledGenes(input(`${subspace}_genes`, [size.genes[subspace]]), scaling[subspace]);
  const covariates = size.covariates ?? 0;
  const present = (modality: string, shape: readonly number[]) => reshape(input(`has_${modality}`, [1]), shape);
  const inputs = {
    X: projected(fixedBag(input('features', [tokens, fileWidth(model)]), tokens), components),
    genes: { tumour: expression('tumour'), microenvironment: expression('microenvironment') },
    covariates: covariates > 0 ? reshape(input('covariates', [covariates]), [1, covariates]) : undefined,
    present: hasStandIns(network)
      ? { bag: present('features', [1, 1, 1]), genes: present('genes', [1, 1]) }
      : undefined,
  };
  const logits = logitsOf(network, size, inputs, densePositionBias); // [1, C]
  const named = {
    ...(outcome.kind === 'classes'
      ? classOutputs(logits, outcome.weights)
      : survivalOutputs(logits, survivalTimes(outcome).length)),
    logits,
  };
  return Object.fromEntries(Object.entries(named).map(([name, v]) => [name, reshape(v, [-1])]));
}

/** A bag `[1, N, width]` as its components `[1, N, K]`; as it is where there are none. */
function projected(X: Value, components: Components | undefined): Value {
  if (!components) return X;
  const { W, offset } = projectionOf(components);
  const K = offset.length;
  return sub(matmul(X, transpose(constant(W, [K, components.width]), [1, 0])), constant(offset, [1, 1, K]));
}

/** Times at which a survival model says what share is alive: where its bins end. The last bin of the paper's head has no end. */
export function survivalTimes({ cuts, end }: Outcome & { kind: 'survival' }): number[] {
  return end === undefined ? [...cuts] : [...cuts, end];
}

/** As `outputsOf` of training/inference.ts: the logits of a model trained with class weights w tend to log(w·p), so log w is taken off. */
function classOutputs(logits: Value, weights: readonly number[]): Record<string, Value> {
  return { probabilities: softmax(sub(logits, log(constant(weights, [1, weights.length])))) };
}

function survivalOutputs(logits: Value, times: number): Record<string, Value> {
  const lambda = hazards(logits);
  const S = survivalFunction(lambda); // [1, C + 1], S_{−1} = 1 first
  const C = lambda.shape[1];
  return { hazards: lambda, survival: slice(S, 1, 1, times + 1), risk: neg(sum(slice(S, 1, 1, C + 1))) };
}

/** What a user gives a portable model; a model has those inputs that its network reads. */
export const INPUT_DOCS = {
  features:
    'Patch features of one slide, [patches, width], as the encoder gave them, in reading order; any number of patches.',
  tumour_genes:
    'Expression of one patient, as it stands in the matrix (before any transform or scaling), in the order of the metadata tumour_genes.',
  microenvironment_genes: 'The same for the genes of the metadata microenvironment_genes.',
  covariates: 'Clinical covariates, encoded as the metadata covariates says.',
  has_features: '1, or 0 for a patient without a slide; features may then be zeros of one patch.',
  has_genes: '1, or 0 for a patient without expression; the genes may then be zeros.',
} as const;

export const OUTPUT_DOCS = {
  probabilities: 'Probability of each class of the metadata classes.',
  hazards: 'Probability of the event in each bin of time, of those who reach it.',
  survival: 'Probability that the event has not come at each of the metadata survival_times.',
  risk: 'Minus the sum of the survival over all bins; higher is worse.',
  logits: "The network's last layer, before any of it.",
} as const;
