import { join } from 'node:path';
import { jobCommand, STOPPED_EXIT_CODE } from './job.js';

/** What a job asks of a Slurm cluster. */
export interface SlurmResources {
  readonly cores: number;
  /** As sbatch reads them: minutes, `hours:minutes:seconds`, `days-hours`; `4G`. */
  readonly time: string;
  readonly memory?: string | undefined;
  readonly partition?: string | undefined;
  readonly gpu?: number | undefined;
  /** Lines of shell before the program starts: `module load …`. */
  readonly setup?: string | undefined;
  /** Further options of sbatch: account, qos, constraint, … */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** A run is told to stop so long before its limit; less where the limit is short. Slurm may do it up to a minute earlier. */
const WARNING_SECONDS = 120;

/**
 * The script of a job array whose task i does the job of the folder in line i + 1 of `folders.txt` beside it. Before the time limit
 * Slurm signals the script alone; it stops the job cleanly and puts the task back into the queue, where it goes on.
 */
export function arrayScript(
  beside: string,
  name: string,
  tasks: number,
  { cores, time, memory, partition, gpu, setup, options = {} }: SlurmResources,
): string {
  const warning = Math.min(WARNING_SECONDS, Math.floor((slurmSeconds(time) ?? Infinity) / 4));
  const asked = {
    'job-name': name.replace(/[^\w.-]+/g, '-'),
    array: `0-${tasks - 1}`,
    nodes: '1',
    ntasks: '1',
    'cpus-per-task': String(cores),
    time,
    ...(memory === undefined ? {} : { mem: memory }),
    ...(partition === undefined ? {} : { partition }),
    ...(gpu === undefined ? {} : { gres: `gpu:${gpu}` }),
    output: quoted(join(beside, '%a.log')),
    'open-mode': 'append',
    signal: `B:USR1@${warning}`,
    ...options,
  };
  return [
    '#!/bin/bash',
    ...Object.entries(asked).map(([option, value]) => `#SBATCH --${option}=${value}`),
    '#SBATCH --requeue',
    ...(setup === undefined ? [] : [setup.trimEnd()]),
    `folder=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(join(beside, FOLDERS_FILE))})`,
    `${jobCommand().map(quoted).join(' ')} "$folder" &`,
    'run=$!',
    '# Before the time limit Slurm signals this script; the run stops cleanly and goes on when the task gets its next turn.',
    'near_limit=',
    'trap \'near_limit=yes; kill -TERM "$run"\' USR1',
    '# scancel signals the run itself; wait until it has stopped.',
    'trap : TERM',
    'while kill -0 "$run" 2>/dev/null; do wait "$run"; done',
    'wait "$run"',
    'code=$?',
    `if [ -n "$near_limit" ] && [ "$code" = ${STOPPED_EXIT_CODE} ]; then`,
    '  # By its number in the array: the plain id of the last task is that of the whole array.',
    '  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"',
    'fi',
    'exit "$code"',
    '',
  ].join('\n');
}

/** The folders of a submission's tasks, one a line. */
export const FOLDERS_FILE = 'folders.txt';

const quoted = (text: string) => (/^[\w./%:@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/**
 * Seconds of a time as sbatch reads it: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`, `days-hours:minutes`,
 * `days-hours:minutes:seconds`. Undefined for other text.
 */
export function slurmSeconds(time: string): number | undefined {
  const parts = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(time);
  if (!parts) return undefined;
  const [, days, a, b, c] = parts.map((part: string | undefined) => Number(part ?? 0));
  if (parts.at(1) !== undefined) return days * 86_400 + a * 3600 + b * 60 + c;
  return parts.at(4) === undefined ? a * 60 + b : a * 3600 + b * 60 + c;
}

/** Bytes of a memory size as sbatch reads it: `4G`, `500M`; a plain number is megabytes. Undefined for other text. */
export function slurmBytes(memory: string): number | undefined {
  const parts = /^(\d+)([KMGT]?)$/i.exec(memory);
  if (!parts) return undefined;
  return Number(parts[1]) * 1024 ** ({ K: 1, M: 2, G: 3, T: 4 }[parts[2].toUpperCase()] ?? 2);
}
