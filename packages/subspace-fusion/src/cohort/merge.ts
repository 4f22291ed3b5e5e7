import { append } from '../files/lists.js';
import { badInput, counted, required, someOf, type Problem } from '../files/errors.js';
import { disagreements, firstOf } from './bags/agreement.js';
import { summarise } from './bags/provenance.js';
import { inTimeUnit, type CohortFiles } from './cohort-files.js';
import { compareExpressions, transformExpression } from './expression/value-scale.js';
import type { BagHeader, Expression, ExpressionTransform, Patient } from './types.js';

/** One cohort's matrix as it stands in its file. */
export interface CohortExpression {
  readonly name: string;
  readonly file: string;
  readonly expression: Expression;
  readonly transform: ExpressionTransform;
}

/**
 * The matrices of several cohorts as one: each after the transform of its own, the genes that all have, aligned by name, in the order of the first. What is
 * lost, and what makes them no common scale, goes to `problems`.
 * @throws {InputError} for ranks beside values, or no common gene.
 */
export function mergeExpressions(parts: readonly CohortExpression[], problems: Problem[]): Expression {
  const [first, ...others] = parts as readonly [CohortExpression, ...CohortExpression[]];
  if (others.length === 0) return transformExpression(first.expression, first.transform);
  for (const { name, file, transform } of others) {
    if ((transform === 'rank') === (first.transform === 'rank')) continue;
    const message = `the transform of '${name}' is '${transform}', that of '${first.name}' is '${first.transform}': ranks and values do not mix`;
    throw badInput({ file, message, remedy: "Set expression.transform to 'rank' for all cohorts, or for none" });
  }
  const inAll = parts.map(({ expression }) => new Set(expression.genes));
  const genes = first.expression.genes.filter((gene) => inAll.every((own) => own.has(gene)));
  const kept = new Set(genes);
  for (const { name, file, expression } of parts) {
    const lost = expression.genes.filter((gene) => !kept.has(gene));
    if (lost.length === 0) continue;
    const message = `${lost.length} of ${expression.genes.length} genes of '${name}' are not in all cohorts (${someOf(lost)})`;
    problems.push({ severity: 'warning', file, message, remedy: 'They are left out' });
  }
  if (genes.length === 0) {
    throw badInput({
      file: others[0].file,
      message: `no gene of '${first.name}' is in all cohorts`,
      remedy: 'Bring the names to symbols by expression.geneMap',
    });
  }
  const aligned = parts.map(({ expression, transform }) =>
    alignGenes(transformExpression(expression, transform), genes),
  );
  const compared = parts.map(({ name, file }, i) => ({ name, file, expression: aligned[i] }));
  for (const other of compared.slice(1)) append(problems, compareExpressions(compared[0], other));
  const values = new Float32Array(aligned.reduce((length, part) => length + part.values.length, 0));
  let at = 0;
  for (const part of aligned) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { patients: aligned.flatMap(({ patients }) => patients), genes, values, transformed: first.transform };
}

/** The matrix with these genes in this order. */
function alignGenes({ patients, genes, values, ...rest }: Expression, wanted: readonly string[]): Expression {
  const placeOf = new Map(genes.map((gene, g) => [gene, g]));
  const places = wanted.map((gene) => required(placeOf, gene));
  const aligned = new Float32Array(patients.length * places.length);
  for (let p = 0; p < patients.length; p++) {
    places.forEach((g, i) => (aligned[p * places.length + i] = values[p * genes.length + g]));
  }
  return { ...rest, patients, genes: wanted, values: aligned };
}

/** Patients of all cohorts, times in the unit of the first. */
export function mergePatients<P extends Patient>(
  files: readonly CohortFiles[],
  take: (files: CohortFiles) => readonly P[],
): readonly P[] {
  const { timeUnit } = files[0].config.clinical;
  return files.flatMap((one) => inTimeUnit(take(one), one.config.clinical.timeUnit, timeUnit));
}

/** Whether cohorts can be studied together: other names, no patient twice, one endpoint, patches of one kind. */
export function cohortDisagreements(files: readonly CohortFiles[]): Problem[] {
  if (files.length < 2) return [];
  return [...repeatedCohorts(files), ...repeatedPatients(files), ...otherEndpoints(files), ...otherPatches(files)];
}

function repeatedCohorts(files: readonly CohortFiles[]): Problem[] {
  const repeated = files.filter(({ config: { name } }, i) => files.findIndex(({ config }) => config.name === name) < i);
  return repeated.map(({ config }) => ({
    severity: 'error',
    file: config.clinical.file,
    message: `there is another cohort of the name '${config.name}'`,
    remedy: "Give each cohort's config a name of its own",
  }));
}

function repeatedPatients(files: readonly CohortFiles[]): Problem[] {
  const fileOf = new Map<string, string>();
  return files.flatMap(({ clinical }): Problem[] => {
    if (!clinical) return [];
    const { file, patients } = clinical;
    const twice = patients.filter(({ id }) => fileOf.has(id));
    const before = twice[0] && fileOf.get(twice[0].id);
    for (const { id } of patients) fileOf.set(id, fileOf.get(id) ?? file);
    if (before === undefined) return [];
    const message = `${counted(twice.length, 'patient is', 'patients are')} in ${before} too (${someOf(twice.map(({ id }) => id))})`;
    return [
      {
        severity: 'error',
        file,
        row: twice[0].row,
        message,
        remedy: 'A patient is of one cohort: delete one of the rows, or give different people different ids',
      },
    ];
  });
}

function otherEndpoints([first, ...others]: readonly CohortFiles[]): Problem[] {
  if (first.config.task !== 'survival') return [];
  const one = first.clinical?.endpoint;
  return others.flatMap(({ clinical }): Problem[] => {
    const endpoint = clinical?.endpoint;
    if (!one || !endpoint || endpoint.name === one.name) return [];
    const message = `the endpoint is ${endpoint.name} (${endpoint.event}), that of ${first.clinical.file} is ${one.name} (${one.event})`;
    return [
      {
        severity: 'error',
        file: clinical.file,
        message,
        remedy: 'Name columns of one endpoint, and what it is by clinical.endpoint',
      },
    ];
  });
}

/** What the files of each cohort say of their patches, one against the other. */
function otherPatches(files: readonly CohortFiles[]): Problem[] {
  const spokesmen = files.flatMap(({ config: { name, features }, headers }): [string, BagHeader][] => {
    const header = [...headers.values()].at(0);
    if (!header) return [];
    const said = firstOf(summarise(headers.values()));
    const encoder = features.encoder ?? said.encoder;
    return [
      [
        `${features.folder} (${name})`,
        { ...said, patches: header.patches, width: header.width, ...(encoder === undefined ? {} : { encoder }) },
      ],
    ];
  });
  return disagreements(new Map(spokesmen), undefined);
}
