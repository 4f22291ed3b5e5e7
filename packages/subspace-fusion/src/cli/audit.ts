import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadConfig, parseOverrides } from '../config/config.js';
import { auditConfig, auditRuns, hasLeak, type Audit } from '../evaluation/audit/audit.js';
import type { Finding } from '../evaluation/audit/findings.js';
import { counted, InputError, someOf } from '../files/errors.js';
import { print } from './output.js';
import { collect, progressBar, SET } from './terminal.js';

interface AuditFlags {
  readonly set: string[];
  readonly json?: boolean;
}

/** `subspace audit PATH`: whether anything of the test patients got into the training. */
export function defineAudit(command: Command): void {
  command
    .argument('<path>', 'cohort.yaml, a run folder, or the folder of a cross-validation or sweep')
    .option(...SET, collect, [])
    .option('--json', 'print the findings as JSON')
    .action(async (path: string, { set, json = false }: AuditFlags) => {
      const bar = progressBar('slides');
      const onSlide = (done: number, of: number) => {
        bar.update(done, of);
      };
      const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
      if (isFolder && set.length > 0)
        throw new InputError(`${path}: is a folder of runs, which have their configs. Leave --set away.`);
      const audit = await (
        isFolder ? auditRuns(path, onSlide) : auditConfig(await loadConfig(path, parseOverrides(set)), onSlide)
      ).finally(() => {
        bar.clear();
      });
      if (hasLeak(audit)) process.exitCode = 1;
      print(json ? JSON.stringify(audit, null, 2) : describe(path, audit));
    });
}

function describe(path: string, { divisions, patients, slides, findings }: Audit): string {
  const leaks = findings.filter(({ severity }) => severity === 'leak').length;
  const verdict = leaks > 0 ? `${counted(leaks, 'leak')} found` : 'no leak found';
  const notes = findings.length > leaks ? `, ${counted(findings.length - leaks, 'note')}` : '';
  return [
    `${path}: ${counted(divisions.length, 'split')} of ${counted(patients, 'patient')} with ${counted(slides, 'slide')}: ${verdict}${notes}`,
    ...findings.map(line),
  ].join('\n');
}

function line({ severity, message, remedy, where }: Finding): string {
  const place = where.length === 0 ? '' : `${someOf(where)}: `;
  return `  ${severity === 'leak' ? 'LEAK' : 'note'}  ${place}${message}. ${remedy}.`;
}
