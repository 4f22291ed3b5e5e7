import { compile } from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Sample } from '../inference/batch.js';
import type { PredictingModel } from '../inference/predictor.js';
import { effectiveRank } from '../metrics/effective-rank.js';
import { graphInputs } from '../model/choice.js';
import { parameterInputs } from '../model/layers.js';
import { geneCodes, networkLayers } from '../model/network.js';
import type { Parameters } from '../model/parameters.js';
import { branchEntries, branchesOf, type Branch } from '../model/parts.js';

/** How many directions the gene codes of some patients use, by branch of the network; a peer has none. */
export interface GeneCodeRanks {
  of(parameters: Parameters): Promise<Partial<Record<Branch, number>>>;
  dispose(): Promise<void>;
}

/**
 * The effective rank of the gene codes v of these patients, each code scaled to length 1. The consistency loss compares
 * patients by the angles between their codes: where the rank falls to 1, all are alike to it, whatever their genes say.
 */
export async function geneCodeRanks(
  { network, size, tokens }: PredictingModel,
  samples: readonly Sample[],
  backend: Backend,
): Promise<GeneCodeRanks> {
  if (network.name !== 'subspace') return { of: () => Promise.resolve({}), dispose: () => Promise.resolve() };
  const branches = branchesOf(network.parts);
  const { genes } = graphInputs(network, size, tokens, samples.length);
  const codes = geneCodes(genes, parameterInputs(networkLayers(size, network.parts)));
  const program = await compile(Object.fromEntries(branchEntries(codes)), backend);
  const feeds = sampleFeeds(samples, program.inputs);
  return {
    async of(parameters) {
      const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => name in program.inputs));
      const codes = await program.run({ ...own, ...feeds });
      return Object.fromEntries(
        branches.map((branch) => [branch, effectiveRank(unitRows(codes[branch], samples.length), samples.length)]),
      );
    },
    dispose: () => program.dispose(),
  };
}

/** Rows of length 1; a row of zeros stays. */
function unitRows(rows: Float32Array, n: number): Float64Array {
  const D = rows.length / n;
  const lengths = Array.from({ length: n }, (_, i) => Math.hypot(...rows.subarray(i * D, (i + 1) * D)) || 1);
  return Float64Array.from(rows, (x, i) => x / lengths[Math.floor(i / D)]);
}
