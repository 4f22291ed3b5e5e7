import { append } from '../files/lists.js';
import type { ExpressionFiles, Paths } from '../cohort/expression/expression-files.js';
import { parseGeneMap } from '../cohort/expression/gene-names.js';
import { parseExpression, type ParseOptions } from '../cohort/expression/parse.js';
import { rName, rSpellings } from '../cohort/expression/r-names.js';
import type { Expression } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { badInput, InputError, someOf, type Problem } from '../files/errors.js';
import { closing, type Source } from '../files/source.js';
import type { GeneVectors } from '../inference/batch.js';
import type { Model } from '../runs/model.js';
import { applyGeneScaling } from '../runs/scaling.js';

/**
 * How expression files are read, as the run's config says; a config that is not known says nothing. Its tables are read where there are
 * paths: a page cannot know them.
 */
export type ExpressionFormat = Partial<Pick<Config['expression'], 'geneMap' | 'format' | 'column' | 'samples'>> & {
  readonly paths?: Paths | undefined;
};

/** Whose expression, and as the model reads it. */
export interface PatientExpression {
  readonly patient: string | undefined;
  readonly genes: GeneVectors;
}

/** The patient to take of a matrix: the one that was asked for, or the one that the slides are named after. */
export interface Wanted {
  readonly patient: string | undefined;
  readonly slides: readonly string[];
}

/**
 * One patient's scaled expression from a matrix, read as the training's matrix was, and where it cannot be, as what it looks like.
 * @throws InputError for a file that cannot be read, genes of the model that are missing, another unit, or a patient who is not in the matrix
 */
export async function expressionFromFile(
  files: ExpressionFiles,
  model: Model,
  format: ExpressionFormat,
  wanted: Wanted,
  problems: Problem[],
): Promise<PatientExpression> {
  const expression = await readMatrix(files, model, format, problems);
  const patient = choosePatient(expression.patients, wanted, files.name, problems);
  return { patient: wanted.patient ?? patient, genes: scaledGenes(expression, patient, model, files.name, problems) };
}

/**
 * A patient's scaled expression from values by gene symbol, in the unit that the model was trained on.
 * @throws InputError for genes of the model that are missing, values that are no finite numbers, and another unit
 */
export function expressionFromValues(values: Readonly<Record<string, number>>, model: Model): GeneVectors {
  const genes = Object.keys(values);
  const bad = genes.find((gene) => !Number.isFinite(Math.fround(values[gene])));
  if (bad !== undefined) {
    const message = `the value of ${bad} is ${values[bad]}`;
    throw badInput({ file: 'genes', message, remedy: 'Give a finite number below 3.4e38 for each gene' });
  }
  const expression = { patients: [''], genes, values: Float32Array.from(Object.values(values)) };
  return scaledGenes(expression, '', model, 'genes');
}

/** @param problems What was found about the file, which may say why a gene is missing. */
function scaledGenes(
  expression: Expression,
  patient: string,
  model: Model,
  file: string,
  problems: readonly Problem[] = [],
): GeneVectors {
  requireGenes(model, file, expression, problems);
  refuseOtherUnit(model, file, expression);
  const of = (subspace: 'tumour' | 'microenvironment') =>
    applyGeneScaling(model.scaling[subspace], expression, [patient]);
  return { tumour: of('tumour'), microenvironment: of('microenvironment') };
}

function genesOf({ scaling }: Model): Set<string> {
  return new Set([...scaling.tumour.genes, ...scaling.microenvironment.genes]);
}

/** The matrix in the format of the training's, or in its own. */
async function readMatrix(
  files: ExpressionFiles,
  model: Model,
  { geneMap: mapFile, format, column, samples: sheet, paths }: ExpressionFormat,
  problems: Problem[],
): Promise<Expression> {
  const withTable = async <T>(path: string | undefined, use: (table?: Source) => Promise<T>): Promise<T> =>
    path === undefined || !paths ? use() : closing(await paths.file(path), use);
  const geneMap = await withTable(mapFile, async (table) => table && parseGeneMap(table, problems));
  const read = async (options: ParseOptions) => {
    const found: Problem[] = [];
    const context = { patients: undefined, genes: genesOf(model), geneMap };
    const { expression } = await parseExpression(files, context, found, options);
    append(problems, found);
    return expression;
  };
  if (format === undefined && sheet === undefined) return read({ column });
  return withTable(sheet, (samples) => read({ format, column, samples })).catch((error: unknown) => {
    // Another format, or a sheet of its own beside it.
    return read({ column }).catch(() => {
      throw error;
    });
  });
}

/** The model was built on these genes and has no value for one that is missing. */
function requireGenes(model: Model, file: string, expression: Expression, problems: readonly Problem[]): void {
  const there = new Set(expression.genes);
  const needed = [...genesOf(model)];
  const absent = needed.filter((gene) => !there.has(gene));
  if (absent.length === 0) return;
  const message = `lacks ${absent.length} of the ${needed.length} genes that the model needs (${someOf(absent)})`;
  throw new InputError([{ severity: 'error', file, message, remedy: 'Add them' }, ...problems]);
}

function choosePatient(
  patients: readonly string[],
  { patient, slides }: Wanted,
  file: string,
  problems: Problem[],
): string {
  if (patient !== undefined) {
    if (patients.includes(patient)) return patient;
    const fromR = rSpellings([patient]);
    const fitting = patients.filter((id) => fromR(id) === patient);
    if (fitting.length === 1) {
      const [spelled] = fitting;
      const message = `the patient has the name ${spelled} here, as R writes it`;
      problems.push({ severity: 'warning', file, message, remedy: `It is read as ${patient}` });
      return spelled;
    }
    throw new InputError(
      `${file}: has no patient '${patient}'. It has ${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''}.`,
    );
  }
  const [only] = patients;
  if (patients.length === 1) return only;
  for (const name of [(slide: string) => slide, rName]) {
    const named = patients.filter((id) => slides.every((slide) => isNamedAfter(name(slide), id)));
    if (named.length === 1) return named[0];
  }
  throw new InputError(
    `${file}: holds ${patients.length} patients and the bag's name tells none of them. Say which with --patient.`,
  );
}

/** Whether a file name starts with the id and the id ends there: `P10.h5` is not named after `P1`. */
function isNamedAfter(name: string, id: string): boolean {
  return name.startsWith(id) && !/[A-Za-z0-9]/.test(name.charAt(id.length));
}

/** Expression whose logarithm the model takes cannot be negative; what is negative was transformed already. */
function refuseOtherUnit({ scaling }: Model, file: string, { values }: Expression): void {
  if (scaling.tumour.transform !== 'log2p1' || values.every((x) => !(x < 0))) return;
  throw new InputError(
    `${file}: has negative values, but the model was trained on counts, TPM or FPKM. Give the expression in the unit that it was trained on.`,
  );
}
