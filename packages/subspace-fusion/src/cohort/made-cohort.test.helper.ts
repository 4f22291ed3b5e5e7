import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder, write, writeBag } from './made-files.test.helper.js';

/** Whole small cohorts for this room's tests. */

export interface MadeCohort {
  readonly name: string;
  /** A row a patient, by column. */
  readonly clinical: readonly Readonly<Record<string, string | number>>[];
  /** Values by gene, one a patient of `measured`. */
  readonly expression: Readonly<Record<string, readonly number[]>>;
  /** Patients of the matrix and those with slides; by default all. */
  readonly measured?: readonly string[];
  readonly scanned?: readonly string[];
  readonly width?: number;
  readonly encoder?: string;
  /** Further lines of the config; `clinical` replaces the line of that name. */
  readonly config?: string;
  readonly clinicalConfig?: string;
  readonly expressionConfig?: string;
  readonly folder?: string;
}

/** Writes a cohort into a folder of its own and returns the path of its config, `NAME.yaml`. */
export async function makeCohort(made: MadeCohort): Promise<string> {
  const {
    name,
    clinical,
    expression,
    width = 4,
    encoder,
    config = '',
    clinicalConfig = '',
    expressionConfig = 'transform: none',
  } = made;
  const folder = made.folder ?? newFolder();
  const ids = clinical.map((row) => String(row['patient_id']));
  const { measured = ids, scanned = ids } = made;
  const columns = Object.keys(clinical[0]);
  const lines = (rows: readonly (readonly (string | number)[])[]) => rows.map((row) => `${row.join(',')}\n`).join('');
  const quoted = (cell: string | number | undefined) => (/,/.test(String(cell)) ? `"${cell}"` : (cell ?? ''));
  write(
    folder,
    `${name}.csv`,
    lines([columns, ...clinical.map((row) => columns.map((column) => quoted(row[column])))]),
  );
  write(
    folder,
    `${name}-expression.csv`,
    lines([['gene', ...measured], ...Object.entries(expression).map(([gene, values]) => [gene, ...values])]),
  );
  write(folder, `${name}.gmt`, 'TUMOUR\tx\tA\tB\nMICROENVIRONMENT\tx\tC\tD\n');
  const bags = join(folder, `${name}-bags`);
  mkdirSync(bags);
  for (const id of scanned)
    await writeBag(bags, `${id}-DX1.h5`, {
      shape: [40, width],
      features: new Float32Array(40 * width).fill(1),
      ...(encoder ? { encoder } : {}),
    });
  return write(
    folder,
    `${name}.yaml`,
    `name: ${name}
clinical: {file: ${name}.csv, time: time, event: event, ${clinicalConfig}}
expression: {file: ${name}-expression.csv, ${expressionConfig}}
geneSets: {file: ${name}.gmt}
features: {folder: ${name}-bags}
model: {bag: 64}
${config}`,
  );
}
