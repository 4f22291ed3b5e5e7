import { ascendingOrder, countEvents, requireNumbers, type Events } from './arrays.js';
import { refuse, type Metric, type Sides } from './bootstrap.js';

/** Risks closer than this are tied, as in scikit-survival. */
export const TIED_TOLERANCE = 1e-8;

/** The pairs in which each patient is the one who dies first, by what the risks say about them: [n], 0 for those who do not die. */
export interface ComparablePairs {
  /** The patient has the higher risk. */
  readonly concordant: Uint32Array;
  readonly discordant: Uint32Array;
  /** Risks within 1e-8 of each other. */
  readonly tiedRisk: Uint32Array;
  /** Pairs counted above in which the other is censored at the time of the death. */
  readonly tiedTime: Uint32Array;
}

/** How the pairs are chosen, in words. */
export const PAIR_TIES =
  'risks within 1e-8 count 1/2; a death and a censoring at one time are comparable, two deaths are not';

/**
 * Compares the risk (higher is worse) of each patient who dies with those known to live longer: followed longer, or
 * censored at that very time. Two deaths at one time do not count.
 * O(n log n): a sweep from the latest time to the earliest over a Fenwick tree of the risks seen so far.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function comparablePairs(time: ArrayLike<number>, event: Events, risk: ArrayLike<number>): ComparablePairs {
  const n = time.length;
  requireNumbers(n, { time, event, risk });
  const { rank, lower, notHigher } = riskRanks(risk);
  const latestFirst = ascendingOrder(time).reverse();
  const outliving = new Int32Array(n + 1); // Fenwick tree over the risk ranks of those known to live longer
  let outlivingCount = 0;
  const concordant = new Uint32Array(n);
  const discordant = new Uint32Array(n);
  const tiedRisk = new Uint32Array(n);
  const tiedTime = new Uint32Array(n);
  for (let start = 0, end = 0; start < n; start = end) {
    while (end < n && time[latestFirst[end]] === time[latestFirst[start]]) end++;
    const here = latestFirst.subarray(start, end);
    const deaths = here.filter((i) => event[i]);
    for (const i of here) if (!event[i]) addRank(outliving, rank[i]);
    outlivingCount += here.length - deaths.length;
    for (const i of deaths) {
      const below = countRanks(outliving, lower[i]);
      const notAbove = countRanks(outliving, notHigher[i]);
      concordant[i] = below;
      tiedRisk[i] = notAbove - below;
      discordant[i] = outlivingCount - notAbove;
      tiedTime[i] = here.length - deaths.length;
    }
    for (const i of deaths) addRank(outliving, rank[i]);
    outlivingCount += deaths.length;
  }
  return { concordant, discordant, tiedRisk, tiedTime };
}

/**
 * Each patient's place in the order of risk, and how many places from the start of that order hold a risk
 * that is lower (by more than the tolerance), or not higher.
 */
function riskRanks(risk: ArrayLike<number>) {
  const n = risk.length;
  const order = ascendingOrder(risk);
  const rank = new Uint32Array(n);
  const lower = new Uint32Array(n);
  const notHigher = new Uint32Array(n);
  let below = 0;
  let upTo = 0;
  for (let place = 0; place < n; place++) {
    const i = order[place];
    while (risk[i] - risk[order[below]] > TIED_TOLERANCE) below++;
    while (upTo < n && !(risk[order[upTo]] - risk[i] > TIED_TOLERANCE)) upTo++;
    rank[i] = place;
    lower[i] = below;
    notHigher[i] = upTo;
  }
  return { rank, lower, notHigher };
}

/** Fenwick tree: notes one more patient at `rank`. */
function addRank(tree: Int32Array, rank: number): void {
  for (let node = rank + 1; node < tree.length; node += node & -node) tree[node]++;
}

/** Fenwick tree: patients noted at ranks 0…count−1. */
function countRanks(tree: Int32Array, count: number): number {
  let sum = 0;
  for (let node = count; node > 0; node -= node & -node) sum += tree[node];
  return sum;
}

/** Pairs of patients whose order of death is known, by what the risks say about it. */
export interface Concordance {
  /** The patient who dies first has the higher risk. */
  readonly concordant: number;
  readonly discordant: number;
  /** Risks within 1e-8 of each other. */
  readonly tiedRisk: number;
  /** Pairs counted above in which one dies at the time the other is censored. */
  readonly tiedTime: number;
  /** All comparable pairs: concordant + discordant + tiedRisk. */
  readonly comparable: number;
  /** (concordant + tiedRisk/2) / comparable, or null where no pair is comparable. */
  readonly index: number | null;
}

/**
 * Harrell's concordance of `risk` (higher is worse) with survival. A pair counts when one patient dies and the other
 * is followed longer, or is censored at that very time; two deaths at one time do not count.
 * Throws a RangeError on unequal lengths or NaN.
 */
export function concordance(time: ArrayLike<number>, event: Events, risk: ArrayLike<number>): Concordance {
  const pairs = comparablePairs(time, event, risk);
  const [concordant, discordant, tiedRisk, tiedTime] = [
    pairs.concordant,
    pairs.discordant,
    pairs.tiedRisk,
    pairs.tiedTime,
  ].map((ofEach) => ofEach.reduce((sum, count) => sum + count, 0));
  const comparable = concordant + discordant + tiedRisk;
  const index = comparable === 0 ? null : (concordant + tiedRisk / 2) / comparable;
  return { concordant, discordant, tiedRisk, tiedTime, comparable, index };
}

/** Deaths, and how many are known to outlive one on average: each is in many pairs, on both sides, so little has to be borrowed. */
export function concordanceSides(deaths: number, pairs: number): Sides {
  return { cases: deaths, others: pairs / deaths, borrowed: 1 };
}

/** The concordance index as a metric. Refused where no pair of patients is comparable. */
export function concordanceIndex(time: ArrayLike<number>, event: Events, risk: ArrayLike<number>): Metric {
  const name = 'concordanceIndex';
  const { index, comparable } = concordance(time, event, risk);
  const events = countEvents(event);
  if (index === null) return refuse(name, `no comparable pair among ${time.length} patients with ${events} deaths`);
  return {
    name,
    value: index,
    estimator: "Harrell's C",
    ties: PAIR_TIES,
    n: time.length,
    events,
    comparablePairs: comparable,
    sides: concordanceSides(events, comparable),
  };
}
