import { compile, input, type Value } from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds } from '../inference/batch.js';
import { deformableWeights } from '../model/attention.js';
import { placeBranch, type BranchLayers } from '../model/branch.js';
import { graphInputs } from '../model/choice.js';
import { parameterInputs, type Parameters } from '../model/layers.js';
import { branchInputs, networkLayers } from '../model/network.js';
import { branchEntries, branchesOf, GROUPS, ofBranch, perBranch, WIDTH, type PerBranch } from '../model/parts.js';
import type { SampledPoint } from '../runs/explanations.js';
import type { Model } from '../runs/model.js';
import type { Look, Point } from './explainer.js';

/** Cell of the bag's grid of side s at column (or row) c of the grid of keys of side k: u = 2c/max(k−1, 1) − 1, then ((u + 1)·s − 1)/2. */
function cellOf(c: number, k: number, s: number): number {
  return (c * s) / Math.max(k - 1, 1) - 0.5;
}

/**
 * The points that deformable attention reads.
 * @param vgrid Key positions of one sample, `[8, 2, k, k]`, column then row in units of key cells
 * @param received Attention that each key receives, `[8, k²]`
 * @param s Side of the bag's grid
 */
export function sampledPoints(vgrid: ArrayLike<number>, received: ArrayLike<number>, s: number): SampledPoint[] {
  const M = received.length / GROUPS;
  const k = Math.sqrt(M);
  return Array.from({ length: received.length }, (_, i): SampledPoint => {
    const [head, j] = [Math.floor(i / M), i % M];
    return {
      head,
      x: cellOf(vgrid[2 * head * M + j], k, s),
      y: cellOf(vgrid[(2 * head + 1) * M + j], k, s),
      fromX: cellOf(j % k, k, s),
      fromY: cellOf(Math.floor(j / k), k, s),
      attention: received[i],
    };
  });
}

/** The cells inside a grid of side s that a point reads, with bilinear weights: at most 4, which sum to less than 1 at the border and to 0 outside. */
export function cellsRead(
  { x, y }: Pick<SampledPoint, 'x' | 'y'>,
  s: number,
): { readonly cell: number; readonly weight: number }[] {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  return [0, 1].flatMap((dx) =>
    [0, 1].flatMap((dy) => {
      const [column, row] = [left + dx, top + dy];
      if (column < 0 || row < 0 || column >= s || row >= s) return [];
      return [{ cell: row * s + column, weight: (1 - Math.abs(x - column)) * (1 - Math.abs(y - row)) }];
    }),
  );
}

/** Attention that each token receives from each head: `[8][N]`. What points read beyond the border, which is zeros, goes to no token. */
export function tokenAttention(points: readonly SampledPoint[], s: number): Float64Array[] {
  const heads = Array.from({ length: GROUPS }, () => new Float64Array(s * s));
  for (const point of points)
    for (const { cell, weight } of cellsRead(point, s)) heads[point.head][cell] += point.attention * weight;
  return heads;
}

/** Sums what the tokens of a bag have over the patches that they show: `[N] → [patches]`. `patchOf [N]` is the patch of each token. */
export function onPatches(tokens: ArrayLike<number>, patchOf: Uint32Array, patches: number): Float64Array {
  const sums = new Float64Array(patches);
  patchOf.forEach((patch, token) => (sums[patch] += tokens[token]));
  return sums;
}

/** The deformable attention of one branch on one slide, query by query. */
export interface QueryAttention {
  /** `[8, N, M]` */
  readonly A: Float32Array;
  readonly vgrid: Float32Array; // [8, 2, k, k]
}

/** Computes the attention of every token. */
export interface AttentionProgram {
  run(point: Point): Promise<PerBranch<QueryAttention>>;
  dispose(): Promise<void>;
}

/** Compiles the attention of every token; undefined where every token is a key, because there would be N² of it. */
export async function openAttention(
  { network: choice, size, tokens }: Model,
  parameters: Parameters,
  backend: Backend,
): Promise<AttentionProgram | undefined> {
  if (choice.name !== 'subspace' || choice.parts.attention !== 'deformable') return undefined;
  const { parts } = choice;
  const branches = branchesOf(parts);
  const p = parameterInputs(networkLayers(size, parts));
  const { genes, present } = graphInputs(choice, size, tokens, 1);
  const P = perBranch(branches, (branch) => input(`P.${branch}`, [1, tokens, WIDTH]));
  const outputs = branchEntries<BranchLayers>(p).flatMap(([branch, layers]): [string, Value][] => {
    const own = branchInputs({ P, genes, present }, branch, layers);
    const { normalF, normalP, vgrid } = placeBranch(own.P, own.v, layers);
    if (!vgrid) return [];
    const { A } = deformableWeights(normalF, vgrid, normalP, layers, backend.positionBias);
    return [
      [`A.${branch}`, A],
      [`vgrid.${branch}`, vgrid],
    ];
  });
  const program = await compile(Object.fromEntries(outputs), backend);
  return {
    async run(point) {
      const bag = point.P?.[branches[0]];
      const own = Object.fromEntries(
        branches.map((branch) => [
          `P.${branch}`,
          point.P ? ofBranch(point.P, branch) : new Float32Array(tokens * WIDTH),
        ]),
      );
      const feeds = {
        ...parameters,
        ...own,
        ...sampleFeeds([{ bag, genes: point.genes, covariates: undefined }], program.inputs),
      };
      const known = Object.entries(feeds).filter(([name]) => name in program.inputs);
      const results: Record<string, Float32Array> = await program.run(Object.fromEntries(known));
      return perBranch(branches, (branch) => ({
        A: results[`A.${branch}`].slice(),
        vgrid: results[`vgrid.${branch}`].slice(),
      }));
    },
    dispose: () => program.dispose(),
  };
}

/** What the keys receive, the mean over the queries: `[8, M]`. */
export function received({ A, vgrid }: QueryAttention, tokens: number): Look {
  const M = A.length / GROUPS / tokens;
  const sums = new Float64Array(GROUPS * M);
  for (let i = 0; i < A.length; i++) sums[Math.floor(i / (tokens * M)) * M + (i % M)] += A[i];
  return { received: Float32Array.from(sums, (sum) => sum / tokens), vgrid };
}

/** Where one token looks, the mean over the heads: `[N]`; what it reads beyond the border of the grid goes to no token. */
export function looksFrom({ A, vgrid }: QueryAttention, token: number, tokens: number): Float64Array {
  const M = A.length / GROUPS / tokens;
  const side = Math.sqrt(tokens);
  const own = Float32Array.from(
    { length: GROUPS * M },
    (_, i) => A[(Math.floor(i / M) * tokens + token) * M + (i % M)],
  );
  const looked = new Float64Array(tokens);
  for (const point of sampledPoints(vgrid, own, side)) {
    for (const { cell, weight } of cellsRead(point, side)) looked[cell] += (point.attention * weight) / GROUPS;
  }
  return looked;
}
