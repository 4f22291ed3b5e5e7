import type { ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import { geneSetsFile } from './default-gene-sets.js';
import { floorGenes } from './floors.js';
import { suggest } from './nearest.js';
import { badInput, counted, someOf, type Problem } from './problems.js';
import type { Cohort, Expression, Subspace } from './types.js';

/** Genes of each set that the matrix has and that give no group away by their floor; the others are counted. */
export function presentGenes(
  config: Pick<Config, 'geneSets' | 'expression'>,
  geneSets: Cohort['genes'],
  expression: Expression,
  tellTale: ReadonlySet<string>,
  problems: Problem[],
): Cohort['genes'] {
  const inMatrix = new Set(expression.genes);
  const column = config.expression.leaveOutFloorsBy;
  const present = (subspace: Subspace) => {
    const all = geneSets[subspace];
    const set = config.geneSets[subspace];
    const absent = all.filter((gene) => !inMatrix.has(gene));
    const leftOut = all.filter((gene) => tellTale.has(gene));
    const kept = all.filter((gene) => inMatrix.has(gene) && !tellTale.has(gene));
    const note = (severity: Problem['severity'], message: string, remedy: string) =>
      problems.push({ severity, file: geneSetsFile(config.geneSets), message, remedy });
    if (leftOut.length > 0) {
      note(
        'warning',
        `${counted(leftOut.length, 'gene', 'genes')} of ${set} ${leftOut.length === 1 ? 'has' : 'have'} a floor that gives the ${column} away (${someOf(leftOut)})`,
        'They are left out',
      );
    }
    if (kept.length === 0) note('error', `no gene of ${set} is left of ${all.length}`, 'Use the gene symbols of the expression matrix');
    else if (absent.length > 0) {
      note(
        'warning',
        `${absent.length} of ${all.length} genes of ${set} are not in the matrix (${someOf(absent)})`,
        'The model is built without them',
      );
    }
    return kept;
  };
  return { tumour: present('tumour'), microenvironment: present('microenvironment') };
}

/** Genes whose floor gives a group of `expression.leaveOutFloorsBy` away, within any of the cohorts, or one of several cohorts. */
export function tellTaleGenes({ leaveOutFloorsBy: column }: Config['expression'], tables: readonly ClinicalTable[], expression: Expression): Set<string> {
  if (column === undefined) return new Set();
  const first = groupsOf(tables[0]!, column);
  if (tables.length === 1) return new Set(floorGenes(expression, first));
  const everybody = tables.flatMap(({ patients }, cohort) => patients.map(({ id, clinical }) => ({ id, cohort: String(cohort), group: clinical[column] ?? '' })));
  const byCohort = new Map(everybody.map(({ id, cohort }) => [id, cohort]));
  const byBoth = new Map(everybody.map(({ id, cohort, group }) => [id, `${cohort} ${group}`]));
  return new Set([...floorGenes(expression, byCohort), ...floorGenes(expression, byBoth)]);
}

/** Group of each patient by a clinical column. Throws {@link UserError} where there is no such column. */
export function groupsOf({ file, columns, patients }: ClinicalTable, column: string): Map<string, string> {
  if (!columns.includes(column)) {
    throw badInput({
      file,
      row: 1,
      message: `there is no column '${column}' (expression.leaveOutFloorsBy)`,
      remedy: suggest(column, columns),
    });
  }
  return new Map(patients.flatMap(({ id, clinical }) => (clinical[column] ? [[id, clinical[column]] as const] : [])));
}
