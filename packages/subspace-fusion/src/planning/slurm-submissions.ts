import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import { writeJson } from '../training/run-folder.js';
import { readWholeJson } from './job.js';
import { submit } from './slurm-commands.js';
import { arrayScript, FOLDERS_FILE, type SlurmResources } from './slurm-script.js';

/** A job array that was submitted: task i does the job of `folders[i]`. */
export interface Submission {
  readonly job: string;
  readonly submitted: string;
  readonly folders: readonly string[];
}

const RECORD = 'submission.json';
const SCRIPT = 'array.sh';
/** Tasks of one array; Slurm's own default limit is 1,001. */
export const LARGEST_ARRAY = 1000;

/** All submissions of a sweep, the oldest first. Each has a folder `slurm/1`, `slurm/2`, … with its script, folders and logs. */
export async function readSubmissions(out: string): Promise<Submission[]> {
  const names = await readdir(join(out, 'slurm')).catch(() => []);
  const numbers = names
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
  const records = await Promise.all(numbers.map((n) => readWholeJson(join(out, 'slurm', String(n), RECORD))));
  return records.filter((record) => record !== undefined) as Submission[];
}

/** The task that each folder was given to last, as `123_4`. */
export function tasksByFolder(submissions: readonly Submission[]): Map<string, string> {
  return new Map(
    submissions.flatMap(({ job, folders }) => folders.map((folder, i) => [folder, `${job}_${i}`] as const)),
  );
}

/** Submits the jobs of some folders as arrays and notes that. */
export async function submitFolders(
  out: string,
  name: string,
  folders: readonly string[],
  resources: SlurmResources,
): Promise<Submission[]> {
  const submissions: Submission[] = [];
  for (let i = 0; i < folders.length; i += LARGEST_ARRAY) {
    const part = folders.slice(i, i + LARGEST_ARRAY);
    const beside = await newFolder(join(out, 'slurm'));
    await writeFileAtomic(join(beside, FOLDERS_FILE), part.map((folder) => `${folder}\n`).join(''));
    await writeFileAtomic(join(beside, SCRIPT), arrayScript(beside, name, part.length, resources));
    const submission = { job: await submit(join(beside, SCRIPT)), submitted: new Date().toISOString(), folders: part };
    await writeJson(join(beside, RECORD), submission);
    submissions.push(submission);
  }
  return submissions;
}

/** Makes the first of the folders 1, 2, … that is not there. */
async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  for (let n = 1; ; n++) {
    const folder = join(parent, String(n));
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
