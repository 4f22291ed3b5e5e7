import type { Subspace } from '../cohort/types.js';
import { quantile } from '../metrics/arrays.js';
import type { Estimate } from '../metrics/bootstrap.js';
import { withIntervals } from '../metrics/intervals.js';
import { holm } from '../metrics/significance.js';
import type { Shares } from '../patient/attribution.js';
import { key, permutation } from '../random/counter.js';
import type {
  GeneRanking,
  GroupComparison,
  GroupShares,
  MeanInterval,
  RankedGene,
  SetEnrichment,
} from '../runs/explanations.js';

/** Attributions of the genes of one subspace, a row a patient. */
export interface AttributionTable {
  readonly subspace: Subspace;
  readonly genes: readonly string[];
  /** `[patients][genes]` */
  readonly attributions: readonly Float64Array[];
  /** Scaled expression, `[patients][genes]`. */
  readonly z: readonly ArrayLike<number>[];
}

const RESAMPLES = 1000;

const mean = (values: readonly number[]) => values.reduce((t, x) => t + x, 0) / values.length;

/** Mean |attribution| of each gene over these patients. */
function importances({ genes, attributions }: AttributionTable, patients: ArrayLike<number>): number[] {
  const sums = new Float64Array(genes.length);
  for (let i = 0; i < patients.length; i++) attributions[patients[i]].forEach((a, g) => (sums[g] += Math.abs(a)));
  return Array.from(sums, (sum) => sum / patients.length);
}

/** Place of each value, 1 for the largest; equal values in their order. */
function places(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
  const place = new Array<number>(values.length);
  order.forEach((i, at) => (place[i] = at + 1));
  return place;
}

/**
 * Ranks the genes of a subspace by mean |attribution|. Intervals are BCa over resamples of the patients. The control: in every
 * patient the attributions are dealt out anew among the genes; a gene's p-value is the part of the shuffles in which some gene comes to its
 * importance (single-step maximum, Westfall and Young 1993), so all genes below 0.05 together are chance in 5 % of cases.
 */
export function rankGenes(table: AttributionTable, seed: number): GeneRanking {
  const { subspace, genes, attributions, z } = table;
  const n = attributions.length;
  const estimate = (name: string, value: number): Estimate => ({
    name,
    value,
    estimator: 'mean |attribution|',
    ties: 'none',
    n,
  });
  const both = (patients: ArrayLike<number>) => {
    const values = importances(table, patients);
    return [...values.map((v) => estimate('importance', v)), ...places(values).map((v) => estimate('rank', v))];
  };
  const metrics = withIntervals(both, n, seed) as Estimate[];
  const maxima = shuffledMaxima(attributions, key(seed, 'gene-shuffle', subspace));
  const ranked = genes.map((gene, g): RankedGene => {
    const [importance, rank] = [metrics[g], metrics[genes.length + g]];
    return {
      subspace,
      gene,
      importance: importance.value,
      low: importance.low ?? importance.value,
      high: importance.high ?? importance.value,
      rank: rank.value,
      rankLow: rank.low ?? rank.value,
      rankHigh: rank.high ?? rank.value,
      slope: slope(
        z.map((row) => row[g]),
        attributions.map((row) => row[g]),
      ),
      p: permutationP(maxima, importance.value),
    };
  });
  return { subspace, genes: ranked.sort((a, b) => a.rank - b.rank), chance: quantile(maxima, 0.95) };
}

/** The largest mean |attribution| of each shuffle. */
function shuffledMaxima(attributions: readonly Float64Array[], stream: number): Float64Array {
  const G = attributions[0].length;
  return Float64Array.from({ length: RESAMPLES }, (_, r) => {
    const sums = new Float64Array(G);
    attributions.forEach((row, p) => {
      const order = permutation(key(stream, r, p), G);
      row.forEach((a, g) => (sums[order[g]] += Math.abs(a)));
    });
    return sums.reduce((top, sum) => Math.max(top, sum), 0) / attributions.length;
  });
}

/** (1 + #{draws ≥ value})/(1 + draws): never 0 (Phipson and Smyth 2010). */
function permutationP(draws: ArrayLike<number>, value: number): number {
  let reached = 0;
  // Sums in another order differ by rounding.
  for (let i = 0; i < draws.length; i++) if (draws[i] >= value - 1e-12 * Math.abs(value)) reached++;
  return (1 + reached) / (1 + draws.length);
}

/** Σ x·y / Σ x²; 0 where x never moves. */
function slope(x: readonly number[], y: readonly number[]): number {
  const squares = mean(x.map((v) => v * v));
  return squares === 0 ? 0 : mean(x.map((v, i) => v * y[i])) / squares;
}

/** A ranking of which some genes are marked: 1 at every gene of the set, from the highest rank. */
type Marks = readonly Uint8Array[];

/**
 * Pairs of a marked and another gene of the same subspace in which the marked one ranks higher, over all such pairs
 * (Mann-Whitney, stratified by subspace).
 */
function stratifiedAuc(marks: Marks): number {
  let [won, pairs] = [0, 0];
  for (const marked of marks) {
    const positives = marked.reduce((n, m) => n + m, 0);
    let below = marked.length - positives;
    pairs += positives * below;
    for (const m of marked) {
      if (m) won += below;
      else below--;
    }
  }
  return won / pairs;
}

/**
 * Enrichment of gene sets at the top of the rankings. The null hands the places of a set's genes to random genes of the same
 * subspace. It takes genes for independent: genes that are expressed together make its p-values too small.
 */
export function enrichment(
  rankings: readonly GeneRanking[],
  sets: ReadonlyMap<string, readonly string[]>,
  seed: number,
): SetEnrichment[] {
  const tested = [...sets].map(([set, genes]): SetEnrichment => {
    const members = new Set(genes);
    const marks = rankings.map((ranking) => Uint8Array.from(ranking.genes, ({ gene }) => (members.has(gene) ? 1 : 0)));
    const read = new Set(
      rankings.flatMap((ranking) => ranking.genes.flatMap(({ gene }) => (members.has(gene) ? [gene] : []))),
    ).size;
    const counts = { set, read, genes: members.size };
    const comparable = marks.some((marked) => marked.includes(1) && marked.includes(0));
    if (!comparable)
      return {
        ...counts,
        reason:
          read === 0
            ? 'the model reads none of its genes'
            : 'it has all genes of the model: there is nothing to compare with',
      };
    const auc = stratifiedAuc(marks);
    const random = randomAucs(marks, key(seed, 'enrichment', set));
    return {
      ...counts,
      auc,
      chance: { low: quantile(random, 0.025), high: quantile(random, 0.975) },
      p: permutationP(random, auc),
    };
  });
  const adjusted = holm(tested.flatMap(({ p }) => (p === undefined ? [] : [p])));
  let next = 0;
  return tested.map((result) => (result.p === undefined ? result : { ...result, adjustedP: adjusted[next++] }));
}

function randomAucs(marks: Marks, stream: number): Float64Array {
  return Float64Array.from({ length: RESAMPLES }, (_, r) =>
    stratifiedAuc(
      marks.map((marked, s) => Uint8Array.from(permutation(key(stream, r, s), marked.length), (i) => marked[i])),
    ),
  );
}

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
  const [tumourShare, tumour, microenvironment] = (withIntervals(means, n, seed) as Estimate[]).map(
    ({ value, low = value, high = value }): MeanInterval => ({ mean: value, low, high }),
  );
  return { group, patients: n, tumourShare: tumourShare, tumour: tumour, microenvironment: microenvironment };
}
