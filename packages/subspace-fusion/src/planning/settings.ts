import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { hashInputs } from '../cohort/cohort-files.js';
import { parseConfig, type Config } from '../config/config.js';
import { readYaml } from '../config/yaml.js';
import { decodeText } from '../files/decode.js';
import { badInput, formatProblem, InputError } from '../files/errors.js';
import { suggest } from '../files/text.js';
import { taskName } from '../runs/model.js';
import type { PlanFile } from './plan-file.js';

/** One configuration of a plan, to be trained on every fold with every seed. */
export interface Setting {
  readonly task: string;
  readonly model: string;
  /** Empty where the plan has no variants. */
  readonly variant: string;
  readonly config: Config;
  /** Hashes of the tables that the config names. */
  readonly inputs: Readonly<Record<string, string>>;
}

type Changes = Readonly<Record<string, unknown>>;
type PlanTask = NonNullable<PlanFile['tasks']>[number];
type Variants = NonNullable<PlanFile['variants']>;
const NO_VARIANTS: Variants = { '': {} };

/**
 * Tasks × models × variants of a plan as configs.
 * @param path the plan's, where its config's path starts
 * @param overrides as in `--set`; they win over the plan
 * @throws InputError for a setting whose config is wrong, naming the setting
 */
export async function planSettings(
  plan: PlanFile,
  path: string,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Setting[]> {
  const file = resolve(dirname(path), plan.config);
  const bytes = await readFile(file).catch(() => {
    throw badInput({
      file: path,
      message: `'config': ${file} cannot be read`,
      remedy: 'Check the path; it starts at the folder of the plan',
    });
  });
  const text = decodeText(bytes, file);
  const settings: Setting[] = [];
  const inputs = new Map<string, Setting['inputs']>();
  for (const task of plan.tasks ?? [undefined]) {
    for (const model of plan.models ?? [undefined]) {
      for (const [variant, { models, ...changes }] of Object.entries(plan.variants ?? NO_VARIANTS)) {
        const { models: known = [] } = plan;
        const unknown = known.length > 0 ? models?.find((name) => !known.includes(name)) : undefined;
        if (unknown !== undefined) {
          throw badInput({
            file: path,
            message: `'variants.${variant}.models': '${unknown}' is not among the plan's models`,
            remedy: suggest(unknown, known),
          });
        }
        const all: Changes = {
          ...plan.set,
          ...(task === undefined ? {} : { task }),
          ...(model === undefined ? {} : { 'model.name': model }),
          ...changes,
        };
        const config = withThreads(
          changedConfig(text, file, all, overrides, `${path}, ${describe(task, model, variant)}`),
          plan.threads,
        );
        if (models && !models.includes(config.model.name)) continue;
        const tables = JSON.stringify({ ...config, training: undefined, model: undefined, task: undefined });
        const hashes = inputs.get(tables) ?? (await hashInputs(config));
        inputs.set(tables, hashes);
        settings.push({ task: taskName(config.task), model: config.model.name, variant, config, inputs: hashes });
      }
    }
  }
  return settings;
}

function describe(task: PlanTask | undefined, model: string | undefined, variant: string): string {
  const parts = [
    task === undefined ? '' : `task ${typeof task === 'string' ? task : task.column}`,
    model === undefined ? '' : `model ${model}`,
    variant === '' ? '' : `variant ${variant}`,
  ];
  return parts.filter((part) => part !== '').join(', ') || 'its config';
}

/** A config with keys set as if they were written in its file. */
function changedConfig(
  text: string,
  file: string,
  changes: Changes,
  overrides: Readonly<Record<string, string>>,
  where: string,
): Config {
  readYaml(text, file); // says what is wrong with the file itself, and where
  try {
    return parseConfig(text, file, overrides, changes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const problems =
      error.problems.length > 0
        ? error.problems.map((problem) => formatProblem({ ...problem, row: undefined }))
        : [error.message];
    throw new InputError(`${where}: ${problems.join('\n')}`);
  }
}

/** Threads belong to what is computed: left to the machine, two machines would not give the same bits. */
function withThreads(config: Config, threads: number | undefined): Config {
  return { ...config, training: { ...config.training, threads: threads ?? config.training.threads ?? 1 } };
}

/**
 * A folder name that is the setting's own, with eight digits of a hash of its config and the tables that it names: a setting or a
 * table that changed gets a new folder. Fold and seed are left out; they have folders of their own below it.
 * @param config of one of the folds
 */
export function settingFolder({ task, model, variant, inputs }: Setting, config: Config): string {
  const meaning = {
    ...config,
    split: { ...config.split, fold: undefined },
    training: { ...config.training, seed: undefined },
    inputs,
  };
  const hash = createHash('sha256').update(canonical(meaning)).digest('hex').slice(0, 8);
  return [task, model, variant, hash]
    .filter((part) => part !== '')
    .map(slug)
    .join('-');
}

/** A part of a folder's name; the hash tells those apart that are cut. */
const slug = (text: string) => text.replace(/[^\w.-]+/g, '_').slice(0, 60);

/** JSON with the keys of every object in alphabetical order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
