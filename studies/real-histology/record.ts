/** The records of the study on real histology: a file per task and kind of folds, a line per cell. They hold metrics of folds and no patients. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

export const REAL_HISTOLOGY = 'studies/results/real-histology';

/** A metric of each fold; null where it cannot be computed. */
const perFold = z.array(z.number().nullable()).min(2);

const cell = z.strictObject({
  model: z.string(),
  repeat: z.int().nonnegative().describe('Which dealing of the patients to folds'),
  seed: z.int().nonnegative().describe('Of the training'),
  commit: z.string().describe('Of the program that trained it'),
  metrics: z.record(z.string(), perFold).describe('On the test patients of each fold'),
});
/** One model in one repeat: five folds. */
export type Cell = z.infer<typeof cell>;

const record = z.strictObject({
  task: z.string(),
  folds: z.enum(['site', 'published']),
  patients: z.int().positive().describe('Test patients of all folds'),
  deaths: z.int().nonnegative().optional(),
  cells: z.array(cell),
});
export type TaskRecord = z.infer<typeof record>;

const fileOf = (folder: string, task: string, folds: TaskRecord['folds']) => join(folder, `${task}.${folds}.json`);

/** Undefined where nothing is recorded. */
export function readRecord(folder: string, task: string, folds: TaskRecord['folds']): TaskRecord | undefined {
  const file = fileOf(folder, task, folds);
  return existsSync(file) ? record.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export function readAllRecords(folder: string): TaskRecord[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter((file) => /\.(site|published)\.json$/.test(file));
  return files.sort().map((file) => record.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

/** Writes a record with one line per cell, so that two records merge line by line; the old file stays whole until the new one is. */
export function writeRecord(folder: string, { cells, ...about }: TaskRecord): void {
  const file = fileOf(folder, about.task, about.folds);
  const lines = cells.map((one) => `  ${JSON.stringify(cell.parse(one))}`).join(',\n');
  const head = JSON.stringify(about).slice(1, -1);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, `{${head},"cells":[\n${lines}\n]}\n`);
  renameSync(`${file}.tmp`, file);
}

/** The cell of a model in a repeat with a seed. */
export const findCell = (one: TaskRecord | undefined, model: string, repeat: number, seed: number): Cell | undefined =>
  one?.cells.find((own) => own.model === model && own.repeat === repeat && own.seed === seed);
