import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CONTROLS } from '../comparison/file.js';
import { column, count, MOST, seed } from '../config/values.js';
import { readYaml } from '../config/yaml.js';
import { decodeText } from '../files/decode.js';
import { badInput, InputError, type Problem } from '../files/errors.js';
import { wrongValue } from '../files/schema-words.js';
import { hasControlCharacters, nearest, printable } from '../files/text.js';
import { slurmBytes, slurmSeconds } from './slurm-script.js';

/** Names become parts of paths, scripts and tables. */
const name = z
  .string()
  .min(1)
  .refine((text) => !hasControlCharacters(text), { error: 'a line end or another control character cannot be in it' });
/** Names of variants become folders, also where a disk does not tell upper case from lower. */
const variantName = name.refine((text) => !/[/\\]|^\.+$/.test(text), {
  error: 'a name becomes a folder: it has no / or \\, and is not . or ..',
});
const areApart = (variants: Readonly<Record<string, unknown>>): boolean =>
  sameFolder(Object.keys(variants)) === undefined;

/** Two names that a disk may take for one. */
function sameFolder(names: readonly string[]): string | undefined {
  const plain = names.map((text) => text.normalize('NFKC').toLowerCase());
  const second = plain.findIndex((text, i) => plain.indexOf(text) !== i);
  return second < 0 ? undefined : `'${names[plain.indexOf(plain[second])]}' and '${names[second]}'`;
}

/** Keys of the config and their values: `training.epochs: 5`; null takes a key away. */
const overrides = z.record(z.string(), z.unknown());
/** A list without repetitions: whoever writes one twice meant another. */
const list = <T extends z.ZodType>(of: T) =>
  z
    .array(of)
    .min(1)
    .refine((all) => new Set(all.map((item) => JSON.stringify(item))).size === all.length, {
      error: ({ input }) => `${firstTwice(input as unknown[])} is listed twice`,
    });

function firstTwice(all: readonly unknown[]): string {
  const texts = all.map((item) => JSON.stringify(item));
  return texts.find((text, i) => texts.indexOf(text) !== i) ?? '';
}
/** What sbatch reads, a number or text. */
const text = (isRight: (text: string) => boolean, error: string) =>
  z.union([z.string(), z.int().nonnegative()]).transform(String).refine(isRight, { error });
/** What a line of a script takes over. */
const scriptText = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine((text) => !hasControlCharacters(text), { error: 'a line end or another control character cannot be in it' });

const optionName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, { error: 'an option of sbatch is letters and hyphens' });

const slurm = z.strictObject({
  /** Limit of a run's turn; a run that needs longer goes on in its next turn. */
  time: text(
    (time) => (slurmSeconds(time) ?? 0) >= 60,
    'a time is minutes, hours:minutes:seconds or days-hours, and a minute at least',
  ),
  memory: text((memory) => slurmBytes(memory) !== undefined, 'a memory size is a number and K, M, G or T').optional(),
  partition: name.optional(),
  gpu: count(MOST.gpus).optional(),
  /** Shell lines before the program starts: module load, … */
  setup: z.string().optional(),
  /** Further options of sbatch: account, qos, … */
  options: z.record(optionName, scriptText).optional(),
});

const schema = z.strictObject({
  /** Config that the runs start from; a relative path starts at the plan's folder. */
  config: name,
  /** Changes to it that all runs share. */
  set: overrides.prefault({}),
  /** Values of `model.name`. */
  models: list(name).optional(),
  /** Values of `task`. */
  tasks: list(z.union([name, column])).optional(),
  /** How many folds to make, or which of the folds to take; by default all of the config's, or five. */
  folds: z
    .union([z.int().min(2).max(MOST.folds), list(z.int().nonnegative())], {
      error: `it is a number of folds from 2 to ${MOST.folds}, or a list of folds such as [0, 2]`,
    })
    .optional(),
  /** How often the patients are dealt to folds, each time another way; once by default. */
  repeats: count(MOST.repeats).optional(),
  seeds: list(seed).optional(),
  /** Settings by name: changes to the config, and under `models` which models they are for; by default all. */
  variants: z
    .record(variantName, z.object({ models: list(name).optional() }).catchall(z.unknown()))
    .refine(areApart, {
      error: ({ input }) =>
        `${sameFolder(Object.keys(input as object))} differ only in case or in the form of a letter`,
    })
    .optional(),
  /** Trainings with something taken away, of every setting. */
  controls: z.array(z.enum(CONTROLS)).default([]),
  /** Threads of a run, here and on a cluster: the same bits need the same threads. By default the config's, or one. */
  threads: count(MOST.threads).optional(),
  slurm: slurm.optional(),
});

/** A PLAN.yaml. */
export type PlanFile = z.output<typeof schema>;

/**
 * Reads the text of a plan; `path` is for messages.
 * @throws InputError naming every unknown, missing or wrong key at once, an unknown one with the nearest known
 */
function parsePlan(text: string, path: string): PlanFile {
  const { value, rowOf } = readYaml(text, path);
  const parsed = schema.safeParse(value ?? {}, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new InputError(parsed.error.issues.flatMap((issue) => issueProblems(issue, path, rowOf)));
}

/** Whether a YAML file is a plan, which names the config that it starts from, rather than a config. */
export async function isPlan(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\ufeff?config:/m.test(text);
}

/** {@link parsePlan} of a file. */
export async function readPlanFile(path: string): Promise<PlanFile> {
  const bytes = await readFile(path).catch(() => {
    throw badInput({ file: path, message: 'the file cannot be read', remedy: 'Check the path' });
  });
  return parsePlan(decodeText(bytes, path), path);
}

function issueProblems(
  issue: z.core.$ZodIssue,
  file: string,
  rowOf: (at: readonly PropertyKey[]) => number | undefined,
): Problem[] {
  const key = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(issue.path[0] === 'slurm' ? slurm.shape : schema.shape);
    return issue.keys.map((unknown) => {
      const near = nearest(unknown, known);
      const remedy =
        near === undefined ? `Keys here: ${known.join(', ')}` : `Did you mean '${[...issue.path, near].join('.')}'?`;
      return {
        severity: 'error',
        file,
        row: rowOf([...issue.path, unknown]),
        message: `unknown key '${[...issue.path, unknown].join('.')}'`,
        remedy,
      };
    });
  }
  return [{ severity: 'error', file, row: rowOf(issue.path), ...issueWords(issue, key) }];
}

function issueWords(issue: z.core.$ZodIssue, key: string): Pick<Problem, 'message' | 'remedy'> {
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return { message: `the key '${key}' is missing`, remedy: 'Add it' };
  return wrongValue(issue, printable(key));
}
