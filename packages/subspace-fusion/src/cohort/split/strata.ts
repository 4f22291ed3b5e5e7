import { minOf } from '../../files/lists.js';
import { key, permutation, uniform } from '../../random/counter.js';

/** Patients to divide, by id, each with the stratum whose proportion every part should keep. */
export type Strata = ReadonlyMap<string, string>;

/** Patients in the order of their strata, shuffled within each; independent of the order they come in. */
export function shuffledByStratum(strata: Strata, stream: number): string[] {
  const ids = [...strata.keys()].sort();
  return [...new Set(strata.values())].sort().flatMap((stratum) => {
    const own = ids.filter((id) => strata.get(id) === stratum);
    return Array.from(permutation(key(stream, stratum), own.length), (i) => own[i]);
  });
}

/** A stratified random sample of `size` patients: every (n/size)-th of the list by strata, from a random start. */
export function sample(strata: Strata, size: number, stream: number): Set<string> {
  const ordered = shuffledByStratum(strata, stream);
  const start = uniform(key(stream, 'start'), 0);
  const upTo = (i: number) => Math.floor((i * size) / ordered.length + start);
  return new Set(ordered.filter((_, i) => upTo(i + 1) > upTo(i)));
}

/** Takes a stratified `size` of the patients away from the others: [taken, rest]. */
export function carve(strata: Strata, size: number, stream: number): [string[], Strata] {
  const taken = sample(strata, size, stream);
  const rest = [...strata].filter(([id]) => !taken.has(id));
  return [[...taken], new Map(rest)];
}

/** Patients that stay together, counted by stratum. */
export interface Group {
  readonly name: string;
  /** Patients of each stratum, `[strata]`. */
  readonly counts: readonly number[];
}

/** Divisions that are searched, each from a random start; the best is taken. */
const STARTS = 16;
/** Changes that are tried from each start, for every group and part. */
const TRIES = 60;
/** What a part without a group costs: more than any bad division. */
const EMPTY = 1e12;

/**
 * How far parts are from what they should be, a sum of squares over what was asked for:
 * Σ_p [(n_p − t_p)²/t_p + Σ_c (n_pc − t_pc)²/max(t_pc, 1)], n_pc the patients of stratum c in part p, t_pc its share of that stratum, n_p and t_p over all
 * strata. A part without a group costs more than anything else.
 * @param partOf The part of each group, `[groups]`.
 * @param shares Of the patients, of each part; they add up to 1.
 */
export function imbalance(groups: readonly Group[], partOf: ArrayLike<number>, shares: readonly number[]): number {
  return tally(groups, partOf, shares).cost();
}

/**
 * Divides groups that must stay whole among parts of given shares, so that the {@link imbalance} is small: threshold accepting (Dueck and Scheuer, J. Comput.
 * Phys. 1990), a local search that takes a change where it costs less than a threshold which falls to 0, over moves of one group and exchanges of two; then
 * whatever single change still helps. No part is empty where there are as many groups as parts.
 * @param stream Key of the random numbers; the same key gives the same division.
 * @returns The part of each group, `[groups]`.
 */
export function divideGroups(groups: readonly Group[], shares: readonly number[], stream: number): number[] {
  const found = Array.from({ length: STARTS }, (_, start) => search(groups, shares, key(stream, 'start', start)));
  const costs = found.map((partOf) => imbalance(groups, partOf, shares));
  return found[costs.indexOf(minOf(costs))];
}

function search(groups: readonly Group[], shares: readonly number[], stream: number): number[] {
  const [n, parts] = [groups.length, shares.length];
  if (parts < 2) return groups.map(() => 0);
  const order = permutation(key(stream, 'order'), n);
  const partOf = new Array<number>(n);
  // One group for each part, the others anywhere.
  order.forEach((group, i) => (partOf[group] = i < parts ? i : Math.floor(uniform(key(stream, 'part'), i) * parts)));
  const counted = tally(groups, partOf, shares);
  const draws = key(stream, 'draws');
  const tries = TRIES * n * parts;
  const threshold = counted.cost() / n;
  for (let i = 0; i < tries; i++) {
    const allowed = threshold * (1 - i / tries) ** 2;
    const draw = (j: number, of: number) => Math.floor(uniform(draws, 4 * i + j) * of);
    const a = draw(0, n);
    const b = draw(1, n);
    const isExchange = draw(2, 2) === 0;
    const change = isExchange ? exchange(partOf, a, b) : [[a, draw(3, parts)] as const];
    counted.apply(change, (difference) => difference < allowed);
  }
  descend(counted, partOf, parts);
  return partOf;
}

/** Groups with the parts that they would go to. */
type Change = readonly (readonly [group: number, part: number])[];

const exchange = (partOf: readonly number[], a: number, b: number): Change => [
  [a, partOf[b]],
  [b, partOf[a]],
];

/** Less than this is rounding. */
const NOTHING = 1e-9;

/** Takes every move of one group and exchange of two that helps, until none does. */
function descend(counted: Tally, partOf: readonly number[], parts: number): void {
  const helps = (difference: number) => difference < -NOTHING;
  let improved = true;
  while (improved) {
    improved = false;
    for (let a = 0; a < partOf.length; a++) {
      for (let part = 0; part < parts; part++) if (counted.apply([[a, part]], helps)) improved = true;
      for (let b = 0; b < a; b++) if (counted.apply(exchange(partOf, a, b), helps)) improved = true;
    }
  }
}

interface Tally {
  cost(): number;
  /** Makes a change in place, also of `partOf`, where `accept` takes the difference that it makes to the cost; says whether it did. */
  apply(change: Change, accept: (difference: number) => boolean): boolean;
}

/** Keeps the counts of each part while groups move. */
function tally(groups: readonly Group[], partOf: ArrayLike<number>, shares: readonly number[]): Tally {
  // Column 0 holds all patients, the others a stratum each.
  const rows = groups.map(({ counts }) => [counts.reduce((sum, n) => sum + n, 0), ...counts]);
  const columns = rows[0]?.length ?? 1;
  const totals = Array.from({ length: columns }, (_, c) => rows.reduce((sum, row) => sum + row[c], 0));
  const target = shares.map((share) => totals.map((total) => share * total)); // t_pc
  const counts = shares.map(() => new Array<number>(columns).fill(0)); // n_pc
  const groupsIn = new Array<number>(shares.length).fill(0);
  const place = (group: number, part: number, sign: 1 | -1) => {
    groupsIn[part] += sign;
    for (let c = 0; c < columns; c++) counts[part][c] += sign * rows[group][c];
  };
  const parts = partOf as number[];
  const move = (group: number, to: number) => {
    place(group, parts[group], -1);
    place(group, to, 1);
    parts[group] = to;
  };
  const costOf = (part: number) => {
    if (groupsIn[part] === 0) return EMPTY;
    return counts[part].reduce(
      (sum, n, c) => sum + (n - target[part][c]) ** 2 / Math.max(target[part][c], c === 0 ? 0 : 1),
      0,
    );
  };
  groups.forEach((_, group) => {
    place(group, parts[group], 1);
  });
  return {
    cost: () => shares.reduce((sum, _, part) => sum + costOf(part), 0),
    apply(change, accept) {
      const from = change.map(([group]) => [group, parts[group]] as const);
      if (from.every(([, part], i) => part === change[i][1])) return false;
      const touched = [...new Set([...from, ...change].map(([, part]) => part))];
      const cost = () => touched.reduce((sum, part) => sum + costOf(part), 0);
      const before = cost();
      for (const [group, part] of change) move(group, part);
      if (accept(cost() - before)) return true;
      for (const [group, part] of from) move(group, part);
      return false;
    },
  };
}
