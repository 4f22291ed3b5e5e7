import type { Subspace } from '../cohort/types.js';
import { bootstrap, percentileIntervals, type Estimate } from '../metrics/index.js';
import type { Shares } from '../patient/shapley.js';
import { key, permutation } from '../random/counter.js';
import type { GroupComparison, GroupShares, MeanInterval } from '../runs/explanations.js';
import { permutationP, RESAMPLES } from './gene-ranking.js';

/** A patient's group and the shares of the subspaces in that prediction. */
export interface GroupedShares {
  readonly group: string;
  readonly shares: Shares<Subspace>;
}

/**
 * Compares the subspaces between groups of patients. The Shapley values of a risk group are high or low by construction, as the groups
 * are made by the output that they sum to; the share is what can be compared.
 */
export function compareGroups(patients: readonly GroupedShares[], seed: number): GroupComparison {
  const names = [...new Set(patients.map(({ group }) => group))].sort();
  const groups = names.map((group) =>
    describeGroup(
      group,
      patients.filter((p) => p.group === group),
      seed,
    ),
  );
  if (names.length < 2) return { groups };
  const share = patients.map(({ shares }) => shares.share.tumour);
  const of = patients.map(({ group }) => names.indexOf(group));
  const stream = key(seed, 'groups');
  const shuffled = Float64Array.from({ length: RESAMPLES }, (_, r) =>
    spread(
      Array.from(permutation(key(stream, r), share.length), (i) => share[i]),
      of,
      names.length,
    ),
  );
  return { groups, p: permutationP(shuffled, spread(share, of, names.length)) };
}

/** Σ over the groups of n·(mean of the group)²: with the values fixed, as large as their means are apart. */
function spread(values: readonly number[], group: readonly number[], groups: number): number {
  const [sums, counts] = [new Float64Array(groups), new Float64Array(groups)];
  values.forEach((value, i) => {
    sums[group[i]] += value;
    counts[group[i]] += 1;
  });
  return sums.reduce((t, sum, g) => t + sum ** 2 / counts[g], 0);
}

function describeGroup(group: string, patients: readonly GroupedShares[], seed: number): GroupShares {
  const n = patients.length;
  const values = [
    patients.map(({ shares }) => shares.share.tumour),
    patients.map(({ shares }) => shares.contribution.tumour),
    patients.map(({ shares }) => shares.contribution.microenvironment),
  ];
  const means = (drawn: Uint32Array) =>
    values.map((of): Estimate => ({
      name: 'mean',
      value: drawn.reduce((t, i) => t + of[i], 0) / drawn.length,
      estimator: 'mean',
      ties: 'none',
      n,
    }));
  const [tumourShare, tumour, microenvironment] = (
    percentileIntervals(bootstrap(means, n, seed, RESAMPLES)) as Estimate[]
  ).map(({ value, low = value, high = value }): MeanInterval => ({ mean: value, low, high }));
  return { group, patients: n, tumourShare: tumourShare, tumour: tumour, microenvironment: microenvironment };
}
