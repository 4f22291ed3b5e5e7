import { logGamma } from '../../metrics/distributions.js';
import type { Expression } from '../types.js';

/** A floor is shared by at least this part of a group's patients (zero counts after somebody's normalisation). */
const SHARED = 0.2;
/** A smaller group says nothing about its floor. */
const SMALLEST_GROUP = 10;
/** Counts come twice by chance. */
const FEWEST_PATIENTS = 3;
/** Of the patients with the lowest value, this many are in one group by chance less often. */
const CHANCE = 0.05;
/** A normalisation leaves its floor in many genes, and in other groups hardly. */
const MANY_GENES = 5;
const TIMES_AS_OFTEN = 4;

/** A gene's lowest value in a group of patients, and how many have it there and among the others. */
interface Floor {
  readonly group: number;
  readonly value: number;
  readonly own: number;
  readonly others: number;
}

/**
 * Genes whose floor gives a group (a study, a site) away: the lowest value is shared by a fifth or more of some group's
 * patients, and is not the same in every group. A model can tell the groups apart by such a gene without any biology. Not a floor is what comes by
 * chance, as two equal counts do: either three patients or more share the value, more of them in the group than chance puts there; or it is the floor of
 * many genes in this group, and rare in the others. Looks at expression and group only, at no outcome.
 * @param groupOf Group by patient id; patients without one, and groups of fewer than ten, are left out.
 */
export function floorGenes(expression: Expression, groupOf: ReadonlyMap<string, string>): string[] {
  const byGroup = new Map<string, number[]>();
  expression.patients.forEach((id, p) => {
    const group = groupOf.get(id);
    if (group !== undefined) byGroup.set(group, [...(byGroup.get(group) ?? []), p]);
  });
  const groups = [...byGroup.values()].filter((patients) => patients.length >= SMALLEST_GROUP);
  const all = groups.reduce((sum, patients) => sum + patients.length, 0);
  const floors = expression.genes.map((_, gene) => sharedFloors(expression, gene, groups));
  const recurs = recurringFloors(expression, floors.flat(), groups);
  const isFloor = ({ group, value, own, others }: Floor) =>
    (own >= FEWEST_PATIENTS && chanceOf(own, own + others, groups[group].length, all) < CHANCE) || recurs(group, value);
  return expression.genes.filter((_, gene) => floors[gene].some(isFloor));
}

/** The lowest values of a gene that a fifth of a group or more share; none where they are the same in every group. */
function sharedFloors({ genes, values }: Expression, gene: number, groups: readonly (readonly number[])[]): Floor[] {
  const value = (p: number) => values[p * genes.length + gene];
  const lowest = groups.map((patients) => patients.reduce((least, p) => Math.min(least, value(p)), Infinity));
  if (new Set(lowest).size < 2) return [];
  const having = (patients: readonly number[], x: number) => patients.filter((p) => value(p) === x).length;
  return groups.flatMap((patients, group) => {
    const own = having(patients, lowest[group]);
    if (own < SHARED * patients.length) return [];
    const others = groups.reduce((sum, other, g) => sum + (g === group ? 0 : having(other, lowest[group])), 0);
    return [{ group, value: lowest[group], own, others }];
  });
}

/** Whether a value is a group's floor in many genes, and comes in the group much more often than in the others. */
function recurringFloors(
  { genes, values }: Expression,
  floors: readonly Floor[],
  groups: readonly (readonly number[])[],
): (group: number, value: number) => boolean {
  const genesOf = groups.map(() => new Map<number, number>());
  for (const { group, value } of floors) genesOf[group].set(value, (genesOf[group].get(value) ?? 0) + 1);
  const many = new Set(genesOf.flatMap((own) => [...own].flatMap(([value, n]) => (n >= MANY_GENES ? [value] : []))));
  // How often each of these values comes in all genes of a group.
  const counts = groups.map(() => new Map<number, number>());
  if (many.size > 0)
    groups.forEach((patients, group) => {
      for (const p of patients)
        for (let i = p * genes.length; i < (p + 1) * genes.length; i++)
          if (many.has(values[i])) counts[group].set(values[i], (counts[group].get(values[i]) ?? 0) + 1);
    });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
  return (group, value) => {
    if ((genesOf[group].get(value) ?? 0) < MANY_GENES) return false;
    const others = [...groups.keys()].filter((g) => g !== group);
    const share = (of: readonly number[]) =>
      sum(of.map((g) => counts[g].get(value) ?? 0)) / sum(of.map((g) => groups[g].length));
    return share([group]) >= TIMES_AS_OFTEN * share(others);
  };
}

/** How probable it is that `own` or more of the `having` patients with a value, among `all`, are of a group of `size` (hypergeometric). */
function chanceOf(own: number, having: number, size: number, all: number): number {
  const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  let chance = 0;
  for (let k = own; k <= Math.min(having, size); k++)
    if (having - k <= all - size)
      chance += Math.exp(logChoose(size, k) + logChoose(all - size, having - k) - logChoose(all, having));
  return chance;
}
