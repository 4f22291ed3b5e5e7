import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { required } from '../files/errors.js';
import type { GeneVectors } from '../inference/batch.js';
import { branchEntries, mapBranches, ofBranch, ofSubspaces, perBranch, type PerBranch } from '../model/parts.js';
import type { Background, BranchView, Completeness, ExplainedOutput } from '../runs/explanations.js';
import { onPatches, sampledPoints, tokenAttention } from './attention.js';
import { integratedGradients, type Game, type Path } from './attribution.js';
import { heads, type Explainer, type Point } from './explainer.js';
import { explainedValue } from './prediction.js';
import type { SlideBag } from './slide.js';

/** The training mean of scaled genes. */
function meanGenes(explainer: Explainer): GeneVectors {
  const { genes } = explainer.model.size;
  return { tumour: new Float32Array(genes.tumour), microenvironment: new Float32Array(genes.microenvironment) };
}

/** Attributions of each gene of the two subspaces. */
export interface GeneAttributions {
  readonly of: Readonly<Record<Subspace, Float64Array>>;
  readonly completeness: Completeness;
}

/** Integrated gradients of the genes from the training mean (scaled: 0) to the patient's, all of them together. */
export async function geneAttributions(
  explainer: Explainer,
  point: Point,
  genes: GeneVectors,
  output: ExplainedOutput,
  mostSteps?: number,
): Promise<GeneAttributions> {
  const path: Path = async (alpha) => {
    const at = {
      tumour: genes.tumour.map((x) => alpha * x),
      microenvironment: genes.microenvironment.map((x) => alpha * x),
    };
    const { value, genes: slope } = await explainer.slope({ ...point, genes: at }, output);
    return {
      value,
      parts: Float64Array.from(SUBSPACES.flatMap((s) => Array.from(genes[s], (x, g) => x * slope[s][g]))),
    };
  };
  const { attributions, completeness } = await integratedGradients(path, mostSteps);
  const T = genes.tumour.length;
  return { of: { tumour: attributions.subarray(0, T), microenvironment: attributions.subarray(T) }, completeness };
}

/**
 * Integrated gradients of the projected patches from a bag of mean patches to the slide's, summed over channels: what each token
 * moved through each branch, `[N]`.
 */
export async function tokenAttributions(
  explainer: Explainer,
  point: Point & { readonly P: PerBranch<Float32Array> },
  mean: PerBranch<Float32Array>,
  output: ExplainedOutput,
  mostSteps?: number,
): Promise<{ moved: PerBranch<Float64Array>; completeness: Completeness }> {
  const { branches, model } = explainer;
  const N = model.tokens;
  const path: Path = async (alpha) => {
    const P = mapBranches(mean, (from, branch) => {
      const to = ofBranch(point.P, branch);
      return from.map((x, i) => x + alpha * (to[i] - x));
    });
    const { value, P: slope } = await explainer.slope({ ...point, P }, output);
    const parts = new Float64Array(branches.length * N);
    branchEntries(slope).forEach(([branch, d], at) =>
      addRowProducts(parts.subarray(at * N, (at + 1) * N), d, ofBranch(point.P, branch), ofBranch(mean, branch)),
    );
    return { value, parts };
  };
  const { attributions, completeness } = await integratedGradients(path, mostSteps);
  const tokensOf = (at: number) => attributions.subarray(at * N, (at + 1) * N);
  const moved = perBranch(branches, (branch) => tokensOf(branches.findIndex((b) => b === branch)));
  return { moved, completeness };
}

/** Adds to each row's sum the products of slope and change in that row. */
function addRowProducts(sums: Float64Array, slope: Float32Array, to: Float32Array, from: Float32Array): void {
  const width = slope.length / sums.length;
  for (let i = 0; i < slope.length; i++) sums[Math.floor(i / width)] += slope[i] * (to[i] - from[i]);
}

/** Where each branch looked on a slide. */
export async function looks(
  explainer: Explainer,
  point: Point,
  { patchOf, rows }: SlideBag,
): Promise<PerBranch<Omit<BranchView, 'moved'>>> {
  const side = Math.sqrt(explainer.model.tokens);
  const looked = await explainer.look(point);
  return mapBranches(looked, ({ received, vgrid }) => {
    const points = vgrid ? sampledPoints(vgrid, received, side) : [];
    const tokens = vgrid ? tokenAttention(points, side) : heads(received);
    const patches = tokens.map((head) => Array.from(onPatches(head, patchOf, rows.length)));
    return {
      heads: patches,
      outside: patches.map((head) => Math.max(0, 1 - head.reduce((t, x) => t + x, 0))),
      attention:
        rows.length === 0 ? [] : patches[0].map((_, i) => patches.reduce((t, head) => t + head[i], 0) / patches.length),
      points,
    };
  });
}

/** Which subspaces are as in the patient; one that is away has its feature z at the training mean. */
export async function subspaceGame(
  explainer: Explainer,
  point: Point,
  { meanZ }: Background,
  output: ExplainedOutput,
  head: Head,
): Promise<Game<Subspace>> {
  const forward = await explainer.forward(point);
  const { logits } = forward;
  const z = ofSubspaces(forward.z);
  const mean = (s: Subspace) => Float64Array.from(required(meanZ, s));
  const v = (tumour: ArrayLike<number>, microenvironment: ArrayLike<number>) => {
    const change = {
      tumour: difference(tumour, z.tumour),
      microenvironment: difference(microenvironment, z.microenvironment),
    };
    return explainedValue(output, movedLogits(logits, change, head), explainer.model.outcome);
  };
  return {
    neither: v(mean('tumour'), mean('microenvironment')),
    alone: { tumour: v(z.tumour, mean('microenvironment')), microenvironment: v(mean('tumour'), z.microenvironment) },
    both: v(z.tumour, z.microenvironment),
  };
}

/** The head's weight `[C, 256]`, tumour half first. */
export type Head = Float32Array;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (x, i) => x - b[i]);
}

/** logits + W·[Δz_tumour | Δz_microenvironment] */
function movedLogits(logits: Float32Array, change: Readonly<Record<Subspace, Float64Array>>, W: Head): Float32Array {
  const dz = [...change.tumour, ...change.microenvironment];
  return logits.map((logit, c) => dz.reduce((t, d, j) => t + W[c * dz.length + j] * d, logit));
}

/** Which modalities are as in the patient: genes that are away are at the training mean, a slide that is away is a bag of mean patches. */
export async function modalityGame(
  explainer: Explainer,
  point: Point,
  mean: PerBranch<Float32Array>,
  output: ExplainedOutput,
): Promise<Game<'genes' | 'slide'>> {
  const v = async (changed: Partial<Point>) => {
    const { logits } = await explainer.forward({ ...point, ...changed });
    return explainedValue(output, logits, explainer.model.outcome);
  };
  const genes = meanGenes(explainer);
  return {
    neither: await v({ genes, P: mean }),
    alone: { genes: await v({ P: mean }), slide: await v({ genes }) },
    both: await v({}),
  };
}
