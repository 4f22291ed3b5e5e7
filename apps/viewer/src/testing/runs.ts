import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { evaluateAndWrite, loadConfig, simulateCohort, train } from 'subspace-fusion';
import { openRunFolder, writeCheckpoint } from '../../../../packages/subspace-fusion/src/runs/run-folder.js';

/** Runs on a simulated cohort that train in seconds: 24 patients, 36 patches of width 16. */
export interface TestRuns {
  /** Survival; can do without either modality. */
  readonly survival: string;
  /** Grade, from the site of the tumour, too; needs both modalities. */
  readonly grade: string;
  /** A test patient of both, whom the command line explained. */
  readonly patient: string;
  readonly bag: string;
  /** A second slide of theirs. */
  readonly otherBag: string;
  readonly expression: string;
  readonly folder: string;
  remove(): void;
}

const SHORT = { 'training.epochs': '2', 'training.batch': '6', 'model.bag': '36' };
/** The command line, as it was built. */
export const SUBSPACE = join(process.cwd(), 'packages/subspace-fusion/bin/subspace.js');

export async function makeRuns(): Promise<TestRuns> {
  const folder = mkdtempSync(join(tmpdir(), 'viewer-'));
  const cohort = join(folder, 'cohort');
  const { config } = await simulateCohort({ out: cohort, patients: 24, bag: 36, width: 16, population: 24, seed: 3 });
  const [survival, grade] = [join(folder, 'survival'), join(folder, 'grade')];
  await train({
    config: await loadConfig(config, { ...SHORT, 'training.modalityDropout': '0.3', 'split.test': '0.3' }),
    out: survival,
  });
  const { predictions } = await evaluateAndWrite(survival);
  await train({
    config: await loadConfig(config, {
      ...SHORT,
      task: 'grade',
      covariates: '[{column: site}]',
      'split.conformal': '0.3',
    }),
    out: grade,
  });
  await evaluateAndWrite(grade);
  const { patient } = predictions[0];
  const otherBag = join(folder, `${patient}-DX2.h5`);
  copyFileSync(join(cohort, 'bags', `${predictions[1].patient}-DX1.h5`), otherBag);
  const files = {
    otherBag,
    bag: join(cohort, 'bags', `${patient}-DX1.h5`),
    expression: join(cohort, 'expression.csv.gz'),
  };
  return { survival, grade, patient, ...files, folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What the command line prints of a patient. */
export function predicted(run: string, bag: string, expression: string): string {
  return execFileSync(process.execPath, [SUBSPACE, 'predict', run, '--bag', bag, '--expression', expression], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** A patient's explanation by the command line. */
export function explained(run: string, patient: string): unknown {
  return JSON.parse(
    execFileSync(process.execPath, [SUBSPACE, 'explain', run, '--patient', patient, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** A matrix of genes × patients, rewritten into another file; the header is row 0. */
export function editedMatrix(matrix: string, to: string, edit: (rows: string[][]) => string[][]): string {
  const rows = gunzipSync(readFileSync(matrix))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const text = edit(rows)
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
  writeFileSync(to, to.endsWith('.gz') ? gzipSync(text) : text);
  return to;
}

/** A copy of a run whose model reads bags of another size: the parameters are the same for all sizes. */
export async function withBagSize(run: string, to: string, tokens: number): Promise<string> {
  cpSync(run, to, { recursive: true });
  const opened = await openRunFolder(run);
  const { parameters, epoch } = await opened.checkpoint();
  const resized = { ...opened.model, tokens };
  writeFileSync(join(to, 'model.json'), JSON.stringify(resized));
  await writeCheckpoint(to, resized, parameters, epoch);
  return to;
}
