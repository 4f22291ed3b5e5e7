import { append } from '../../files/lists.js';
import type { Config } from '../../config/config.js';
import { badInput, counted, someOf, type Problem } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import { definingGenes } from '../clinical/labels.js';
import type { ClinicalTable } from '../clinical/read.js';
import { randomGenes } from '../controls.js';
import type { Cohort, Patient, Subspace } from '../types.js';
import { floorGenes } from './floors.js';
import { geneSetsFile } from './gene-sets.js';

/** Group of each patient by a clinical column. Throws {@link InputError} where there is no such column. */
export function groupsOf(table: ClinicalTable, column: string): Map<string, string> {
  requireGroups(table, column);
  return new Map(
    table.patients.flatMap(({ id, clinical }) => (clinical[column] ? [[id, clinical[column]] as const] : [])),
  );
}

/** Throws {@link InputError} where a clinical table lacks the column of `expression.leaveOutFloorsBy`. */
export function requireGroups({ file, columns }: ClinicalTable, column: string): void {
  if (columns.includes(column)) return;
  throw badInput({
    file,
    row: 1,
    message: `there is no column '${column}' (expression.leaveOutFloorsBy)`,
    remedy: suggest(column, columns),
  });
}

/**
 * The genes that a model of these training patients reads: those of the sets, less those whose floor among the training patients gives a group of
 * `expression.leaveOutFloorsBy` away; for the control `geneSets.random`, as many others. The values of no other patient are compared.
 * @throws {InputError} where a set is left empty, or the matrix has too few genes for random sets.
 */
export function chooseGenes(
  cohort: Cohort,
  config: Pick<Config, 'task' | 'labels' | 'geneSets' | 'expression'>,
  training: readonly string[],
  problems: Problem[],
): Cohort['genes'] {
  const {
    expression: { leaveOutFloorsBy: column },
    geneSets: { random },
  } = config;
  const tellTale = column === undefined ? new Set<string>() : tellTaleGenes(cohort, column, training);
  const left = (subspace: Subspace) =>
    withoutFloors(cohort.genes[subspace], subspace, tellTale, config, training.length, problems);
  const ofSets = { tumour: left('tumour'), microenvironment: left('microenvironment') };
  const genes =
    random === undefined
      ? ofSets
      : randomGenes(
          { seed: random, instead: ofSets, without: tellTale, training },
          cohort,
          config.expression.file,
          problems,
        );
  append(problems, definitionProblems(config, genes));
  return genes;
}

/** Genes whose floor among these patients gives a group of a clinical column away, within any of the cohorts, or one of several cohorts. */
function tellTaleGenes(
  { names, patients, incomplete, expression }: Cohort,
  column: string,
  ids: readonly string[],
): Set<string> {
  const asked = new Set(ids);
  const own = [...patients, ...incomplete].filter(({ id }) => asked.has(id));
  const floorsBy = (groupOf: (patient: Patient) => string | undefined) => {
    const groups = own.flatMap((patient) => {
      const group = groupOf(patient);
      return group ? [[patient.id, group] as const] : [];
    });
    return floorGenes(expression, new Map(groups));
  };
  if (names.length === 1) return new Set(floorsBy(({ clinical }) => clinical[column]));
  return new Set([
    ...floorsBy(({ cohort }) => cohort),
    ...floorsBy(({ cohort, clinical }) => `${cohort} ${clinical[column] ?? ''}`),
  ]);
}

function withoutFloors(
  genes: readonly string[],
  subspace: Subspace,
  tellTale: ReadonlySet<string>,
  { geneSets, expression: { leaveOutFloorsBy: column } }: Pick<Config, 'geneSets' | 'expression'>,
  patients: number,
  problems: Problem[],
): readonly string[] {
  const leftOut = genes.filter((gene) => tellTale.has(gene));
  if (leftOut.length === 0) return genes;
  const [set, file, among] = [geneSets[subspace], geneSetsFile(geneSets), `among ${counted(patients, 'patient')}`];
  if (leftOut.length === genes.length) {
    const message = `every gene of ${set} that the matrix has (${genes.length}) has a floor that gives the ${column} away ${among}, and none is left`;
    throw badInput({
      file,
      message,
      remedy: 'Give a larger gene set, another split, or no expression.leaveOutFloorsBy',
    });
  }
  const message = `${leftOut.length} of ${genes.length} genes of ${set} ${leftOut.length === 1 ? 'has' : 'have'} a floor that gives the ${column} away ${among} (${someOf(leftOut)})`;
  problems.push({
    severity: 'warning',
    file,
    message,
    remedy: 'They are left out. Each training decides by its training patients alone',
  });
  return genes.filter((gene) => !tellTale.has(gene));
}

/** Genes of the input that are part of the label's definition. */
function definitionProblems(
  { task, labels, geneSets }: Pick<Config, 'task' | 'labels' | 'geneSets'>,
  genes: Cohort['genes'],
): Problem[] {
  const defining = new Set(definingGenes(task, labels));
  const given = [...genes.tumour, ...genes.microenvironment].filter((gene) => defining.has(gene));
  if (given.length === 0) return [];
  const message = `the expression of ${given.join(', ')} is an input, and the state of ${given.length === 1 ? 'this gene' : 'these genes'} is part of the label's definition`;
  const remedy = 'The model may read a part of the answer there: say so, or take them out of the gene set';
  return [{ severity: 'warning', file: geneSetsFile(geneSets), message, remedy }];
}
