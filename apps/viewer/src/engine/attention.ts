import { compile, input, type Value } from 'onnx-autodiff';
import {
  branchEntries,
  branchesOf,
  branchInputs,
  cellsRead,
  deformableWeights,
  graphInputs,
  GROUPS,
  networkLayers,
  ofBranch,
  parameterInputs,
  perBranch,
  placeBranch,
  sampledPoints,
  sampleFeeds,
  WIDTH,
  type Backend,
  type BranchLayers,
  type Look,
  type PerBranch,
  type Point,
} from 'subspace-fusion/browser';
import type { Run } from './run.js';

/** The attention of one branch on one slide, query by query. */
export interface FullAttention {
  /** `[8, N, M]` */
  readonly A: Float32Array;
  readonly vgrid: Float32Array; // [8, 2, k, k]
}

/** Computes the attention of every token; undefined where every token is a key, for then there would be N² of it. */
export async function openAttention({ model, parameters }: Pick<Run, 'model' | 'parameters'>, backend: Backend) {
  const { network: choice, size, tokens } = model;
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
    async run(point: Point): Promise<PerBranch<FullAttention>> {
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

/** What the keys receive in the mean over the queries, `[8, M]`. */
export function received({ A, vgrid }: FullAttention, tokens: number): Look {
  const M = A.length / GROUPS / tokens;
  const sums = new Float64Array(GROUPS * M);
  for (let i = 0; i < A.length; i++) sums[Math.floor(i / (tokens * M)) * M + (i % M)] += A[i];
  return { received: Float32Array.from(sums, (sum) => sum / tokens), vgrid };
}

/** Where one token looks, the mean over the heads: `[N]`; what it reads beyond the border of the grid goes to no token. */
export function neighboursOf({ A, vgrid }: FullAttention, token: number, tokens: number): Float64Array {
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
