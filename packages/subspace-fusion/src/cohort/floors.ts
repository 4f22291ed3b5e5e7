import type { ClinicalTable } from './clinical.js';
import { suggest } from './nearest.js';
import { badInput } from './problems.js';
import type { Expression } from './types.js';

/** A floor is shared by at least this part of a group's patients (zero counts after somebody's normalisation). */
const SHARED = 0.2;
/** A smaller group says nothing about its floor. */
const SMALLEST_GROUP = 10;

/** A gene's lowest value in a group of patients, and the part of them that has it. */
interface Lowest {
  readonly value: number;
  readonly share: number;
}

function lowest({ genes, values }: Expression, gene: number, patients: readonly number[]): Lowest {
  const own = patients.map((p) => values[p * genes.length + gene]);
  const value = own.reduce((least, x) => Math.min(least, x), Infinity);
  return { value, share: own.filter((x) => x === value).length / own.length };
}

/**
 * Genes whose floor gives a group (a study, a site) away: the lowest value is shared by a fifth or more of some group's
 * patients, and is not the same in every group. A model can tell the groups apart by such a gene without any biology. Looks at expression and group only, at no outcome.
 * @param groupOf Group by patient id; patients without one, and groups of fewer than ten, are left out.
 */
export function floorGenes(expression: Expression, groupOf: ReadonlyMap<string, string>): string[] {
  const byGroup = new Map<string, number[]>();
  expression.patients.forEach((id, p) => {
    const group = groupOf.get(id);
    if (group !== undefined) byGroup.set(group, [...(byGroup.get(group) ?? []), p]);
  });
  const groups = [...byGroup.values()].filter((patients) => patients.length >= SMALLEST_GROUP);
  return expression.genes.filter((_, gene) => {
    const floors = groups.map((patients) => lowest(expression, gene, patients));
    return floors.some(({ share }) => share >= SHARED) && new Set(floors.map(({ value }) => value)).size > 1;
  });
}

/** Group of each patient by a clinical column. Throws {@link UserError} where there is no such column. */
export function groupsOf(table: ClinicalTable, column: string): Map<string, string> {
  requireGroups(table, column);
  return new Map(
    table.patients.flatMap(({ id, clinical }) => (clinical[column] ? [[id, clinical[column]] as const] : [])),
  );
}

/** Throws {@link UserError} where a clinical table lacks the column of `expression.leaveOutFloorsBy`. */
export function requireGroups({ file, columns }: ClinicalTable, column: string): void {
  if (columns.includes(column)) return;
  throw badInput({
    file,
    row: 1,
    message: `there is no column '${column}' (expression.leaveOutFloorsBy)`,
    remedy: suggest(column, columns),
  });
}
