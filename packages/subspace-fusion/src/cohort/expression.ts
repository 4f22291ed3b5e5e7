import type { Config } from './config.js';
import { isMissing } from './missing.js';
import { badInput, problemsError, someOf, type Problem } from './problems.js';
import { readRows, repeatedNames } from './table.js';
import type { Expression, ExpressionTransform } from './types.js';

/** What the other files of a cohort know, by which the matrix's two axes are told apart. */
export interface ExpressionContext {
  /** Patients to keep; undefined keeps all. */
  readonly patients: ReadonlySet<string> | undefined;
  /** Genes that a model needs: they may be neither repeated nor incomplete. */
  readonly genes: ReadonlySet<string>;
}

export type Orientation = 'genes × patients' | 'patients × genes';

/** An expression matrix, and what else the file told. */
export interface ExpressionFile {
  readonly expression: Expression;
  readonly orientation: Orientation;
  /** Names on the patients' axis that are no patient of the context. */
  readonly otherPatients: readonly string[];
}

/** One kept row of the file, its numbers in the order of the kept columns. */
interface NumberRow {
  readonly name: string;
  readonly line: number;
  readonly numbers: Float32Array;
}

/**
 * Reads an expression matrix, genes × patients or patients × genes, comma or tab separated, gzip or not; all of that is detected.
 * Streams: only the numbers of the kept patients stay in memory. Genes that no model needs may miss values (NaN), and of repeated ones
 * the first is kept, with a warning.
 * @throws {UserError} naming all at once: cells that are no number (row and column), needed genes that repeat or miss values,
 * repeated patients.
 */
export async function readExpression(file: string, context: ExpressionContext, problems: Problem[]): Promise<ExpressionFile> {
  const stream = readRows(file);
  const first = await stream.next();
  const header = first.done ? [] : first.value.cells.slice(1);
  const orientation = detectOrientation(file, header, context);
  const genesAreRows = orientation === 'genes × patients';
  const isKept = (patient: string) => context.patients?.has(patient) ?? true;

  const columns = header.map((name, i) => ({ name, cell: i + 1 })).filter(({ name }) => !genesAreRows || isKept(name));
  const otherPatients = genesAreRows ? header.filter((name) => !isKept(name)) : [];
  const rows: NumberRow[] = [];
  const bad = new Map<string, BadCells>();
  for await (const { line, cells } of stream) {
    const name = cells[0]!;
    if (!genesAreRows && !isKept(name)) {
      otherPatients.push(name);
      continue;
    }
    const numbers = Float32Array.from(columns, (column) => {
      const text = cells[column.cell]!;
      const value = text === '' ? NaN : Number(text);
      const gene = genesAreRows ? name : column.name;
      if (!Number.isFinite(value) && (!isMissing(text) || context.genes.has(gene)))
        noteBadCell(bad, gene, { line, column: column.name, text });
      return value;
    });
    rows.push({ name, line, numbers });
  }
  const found = [
    ...[...bad].map(([gene, cells]) => badCellsProblem(file, gene, cells)),
    ...repetitions(
      file,
      genesAreRows ? 'gene' : 'patient',
      'row',
      rows.map(({ name, line }) => ({ name, place: line })),
      context.genes,
    ),
    ...repetitions(
      file,
      genesAreRows ? 'patient' : 'gene',
      'column',
      columns.map(({ name, cell }) => ({ name, place: cell + 1 })),
      context.genes,
    ),
  ];
  if (found.some(({ severity }) => severity === 'error')) throw problemsError(found);
  problems.push(...found);
  return {
    expression: assemble(
      rows,
      columns.map(({ name }) => name),
      genesAreRows,
    ),
    orientation,
    otherPatients,
  };
}

function detectOrientation(file: string, header: readonly string[], { patients, genes }: ExpressionContext): Orientation {
  const asGenes = header.filter((name) => genes.has(name)).length;
  if (patients === undefined) return asGenes > 0 ? 'patients × genes' : 'genes × patients';
  const asPatients = header.filter((name) => patients.has(name)).length;
  if (asGenes === 0 && asPatients === 0) {
    const longer = header.find((name) => [...patients].some((id) => name.startsWith(id)));
    throw badInput({
      file,
      row: 1,
      message: `the header (${someOf(header)}) has no patient of the clinical table and no gene of the gene sets`,
      remedy:
        longer === undefined ? 'Use the same patient ids, or the same gene symbols' : `Shorten names such as '${longer}' to the patient id`,
    });
  }
  return asGenes > asPatients ? 'patients × genes' : 'genes × patients';
}

/** The first bad cell of a gene and how many there are. */
interface BadCells {
  readonly line: number;
  readonly column: string;
  readonly text: string;
  count: number;
}

function noteBadCell(bad: Map<string, BadCells>, gene: string, cell: Omit<BadCells, 'count'>): void {
  const before = bad.get(gene);
  if (before) before.count++;
  else bad.set(gene, { ...cell, count: 1 });
}

function badCellsProblem(file: string, gene: string, { line, column, text, count }: BadCells): Problem {
  const more = count > 1 ? `, and ${count - 1} more cells of gene '${gene}'` : '';
  return {
    severity: 'error',
    file,
    row: line,
    message: `the cell in column '${column}' ${isMissing(text) ? 'is empty' : `holds '${text}', which is not a number`}${more}`,
    remedy: isMissing(text) ? `Fill it in, or take '${gene}' out of the gene set` : 'Correct it, or delete a row or column that is no gene',
  };
}

/** A problem for each name that an axis repeats; the genes that no model needs share one warning. */
function repetitions(
  file: string,
  what: 'gene' | 'patient',
  axis: 'row' | 'column',
  names: readonly { name: string; place: number }[],
  needed: ReadonlySet<string>,
): Problem[] {
  const repeated = repeatedNames(names.map(({ name }) => name));
  const harmless = repeated.filter(({ name }) => what === 'gene' && !needed.has(name));
  const problems = repeated
    .filter((repetition) => !harmless.includes(repetition))
    .map(({ name, first, second }): Problem => {
      const [here, before] = [names[second]!.place, names[first]!.place];
      return {
        severity: 'error',
        file,
        row: axis === 'row' ? here : 1,
        message: `the ${what} '${name}' has two ${axis}s, ${before} and ${here}`,
        remedy: 'Keep one of them',
      };
    });
  if (harmless.length > 0) {
    const message = `${harmless.length} ${axis}s repeat a gene that is in no gene set (${someOf(new Set(harmless.map(({ name }) => name)))})`;
    problems.push({ severity: 'warning', file, message, remedy: 'The first one is used' });
  }
  return problems;
}

/** Places of the first occurrence of each name. */
function firstPlaces(names: readonly string[]): number[] {
  const seen = new Set<string>();
  return names.flatMap((name, i) => (seen.has(name) ? [] : (seen.add(name), [i])));
}

/** Turns the kept rows into [patients, genes], whichever way round they stand. */
function assemble(rows: readonly NumberRow[], columns: readonly string[], genesAreRows: boolean): Expression {
  const rowPlaces = firstPlaces(rows.map(({ name }) => name));
  const columnPlaces = firstPlaces(columns);
  const rowNames = rowPlaces.map((i) => rows[i]!.name);
  const columnNames = columnPlaces.map((j) => columns[j]!);
  const [patients, genes] = genesAreRows ? [columnNames, rowNames] : [rowNames, columnNames];
  const values = new Float32Array(patients.length * genes.length);
  rowPlaces.forEach((i, r) => {
    columnPlaces.forEach((j, c) => {
      values[genesAreRows ? c * genes.length + r : r * genes.length + c] = rows[i]!.numbers[j]!;
    });
  });
  return { patients, genes, values };
}

/**
 * The transform of a matrix: the config's, or `none` where negative values show that it is transformed already.
 * @throws {UserError} where neither says, or `log2p1` meets negative values.
 */
export function decideTransform({ file, transform }: Config['expression'], { values }: Expression): ExpressionTransform {
  const lowest = values.reduce((least, value) => (value < least ? value : least), 0);
  if (transform === 'log2p1' && lowest < 0) {
    throw badInput({
      file,
      message: `the transform log2p1 is for counts, TPM or FPKM, and the matrix has negative values (down to ${lowest})`,
      remedy: "Set expression.transform to 'none' or 'rank'",
    });
  }
  if (transform === undefined && lowest >= 0) {
    throw badInput({
      file,
      message: 'the matrix has no negative value, so it does not show whether it is transformed already',
      remedy:
        "Set expression.transform: 'log2p1' for counts, TPM or FPKM, 'none' for logarithms or z-scores, 'rank' for ranks within a patient",
    });
  }
  return transform ?? 'none';
}
