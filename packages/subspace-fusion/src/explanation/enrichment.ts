import { holm, quantile } from '../metrics/index.js';
import { key, permutation } from '../random/counter.js';
import { permutationP, RESAMPLES, type GeneRanking } from './gene-ranking.js';

/** How high the genes of a set stand in the rankings of their subspaces. */
export interface SetEnrichment {
  readonly set: string;
  /** Genes of the set that the model reads, of all of the set. */
  readonly read: number;
  readonly genes: number;
  /** Probability that a gene of the set ranks above another gene of its subspace; absent with `reason`. */
  readonly auc?: number;
  /** 95 % of the areas of random sets with as many genes of each subspace. */
  readonly chance?: { readonly low: number; readonly high: number };
  /** Permutation p-value of an area as large by chance, and the same adjusted for the number of sets (Holm). */
  readonly p?: number;
  readonly adjustedP?: number;
  readonly reason?: string;
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
