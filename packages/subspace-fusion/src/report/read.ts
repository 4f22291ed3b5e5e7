import { join } from 'node:path';
import { CROSSVAL_FILE } from '../evaluation/crossval.js';
import { UserError } from '../files/user-error.js';
import { exists, RUN_FILES } from '../training/run-folder.js';
import { VERSION } from '../version.js';
import { crossvalPatients, readReportCrossval } from './from-crossval.js';
import { readReportRun, splitPatients } from './from-run.js';
import type { ReportInput } from './types.js';

/** What a folder holds, and every patient whom it names. */
export interface ReportSource {
  readonly input: ReportInput;
  readonly patients: readonly string[];
}

/** Reads the folder of a run or of a cross-validation. @throws UserError where it is neither, or is not finished. */
export async function readReport(folder: string): Promise<ReportSource> {
  const crossval = await isCrossval(folder);
  const run = await (crossval ? readReportCrossval(folder) : readReportRun(folder));
  const named = await (crossval ? crossvalPatients(folder) : splitPatients(folder));
  const explained = run.explanations.patients.map(({ explanation }) => explanation.patient);
  const what = crossval ? `${run.task}, cross-validated` : run.task;
  const name = typeof run.config['name'] === 'string' ? run.config['name'] : 'cohort';
  return {
    input: { title: `${name}: ${what}`, runs: [run], versions: versions() },
    patients: [...named, ...explained],
  };
}

export async function isCrossval(folder: string): Promise<boolean> {
  if (await exists(join(folder, CROSSVAL_FILE))) return true;
  if (await exists(join(folder, RUN_FILES.config))) return false;
  throw new UserError(
    `${folder}: holds neither a run (${RUN_FILES.config}) nor a cross-validation (${CROSSVAL_FILE}). Name the folder that \`subspace train\` or \`subspace crossval\` wrote.`,
  );
}

/** Of the programs that write a report. */
export function versions(): Record<string, string> {
  return {
    'subspace-fusion': VERSION,
    'Node.js': process.versions.node,
    system: `${process.platform}, ${process.arch}`,
  };
}
