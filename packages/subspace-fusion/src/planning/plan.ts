import { append, maxOf } from '../files/lists.js';
import { basename, join, resolve } from 'node:path';
import type { SiteRule } from '../cohort/clinical/sites.js';
import { hashInputs } from '../cohort/cohort-files.js';
import { foldsOf, type Fold } from '../cohort/split/folds.js';
import type { Control } from '../comparison/file.js';
import type { Subgroup } from '../comparison/subgroups.js';
import type { Config } from '../config/config.js';
import { badInput } from '../files/errors.js';
import { taskName } from '../runs/model.js';
import { runName } from '../words/comparison.js';
import type { Job } from './job.js';
import { readPlanFile, type PlanFile } from './plan-file.js';
import { planSettings, settingFolder, type Setting } from './settings.js';
import type { SlurmResources } from './slurm-script.js';

/** One training of a plan. */
export interface PlannedRun extends PlannedFold {
  /** Stable and for people: `survival/subspace/fold-0/seed-1`; `fold 0, seed 1` where there is one setting. */
  readonly name: string;
  readonly setting: Setting;
  readonly job: Job;
}

/** Settings with their runs, to be compared task by task: those of a plan's file, or the one of a cross-validation. */
export interface Plan {
  readonly name: string;
  /** Holds the run folders, `results.csv` and the comparison. */
  readonly out: string;
  readonly runs: readonly PlannedRun[];
  /** Keys of the config that differ between settings, or from the config of the plan. */
  readonly changed: readonly string[];
  /** What the comparison of each task is asked besides: subgroups, and how well the inputs tell the site. */
  readonly within?: readonly Subgroup[];
  readonly probe?: SiteRule | undefined;
  readonly slurm?: PlanFile['slurm'];
}

export interface PlanOptions {
  /** As in `--set`; they win over the plan. */
  readonly overrides?: Readonly<Record<string, string>>;
  /** By default `runs/` and the plan's file name. */
  readonly out?: string;
}

/**
 * Reads a plan's file and expands it: tasks × models × variants are settings, each with a folder of its own whose name changes with its config;
 * each has a run for every fold and seed. Writes nothing.
 * @throws InputError for a plan or a config that is wrong
 */
export async function readPlan(path: string, { overrides, out }: PlanOptions = {}): Promise<Plan> {
  const file = await readPlanFile(path);
  const name = basename(path).replace(/\.ya?ml$/, '');
  const settings = await planSettings(file, path, overrides);
  const runs: Omit<PlannedRun, 'job'>[] = [];
  for (const setting of settings) {
    const { config } = setting;
    const seeds = file.seeds ?? [config.training.seed];
    const each = { folds: typeof file.folds === 'number' ? file.folds : config.split.folds, repeats: file.repeats };
    requireFewRuns(path, settings.length * seeds.length * (1 + file.controls.length), each);
    const folds = await foldsOfFile(file, config, path);
    const folder = settingFolder(setting, folds[0]?.config ?? config);
    const own = [undefined, ...file.controls].flatMap((control) => planRuns(folds, seeds, control));
    const prefix = [setting.task, setting.model, setting.variant].filter((part) => part !== '');
    append(
      runs,
      own.map((run) => ({
        ...run,
        setting,
        name: [...prefix, run.folder].join('/'),
        folder: join(folder, run.folder),
      })),
    );
  }
  if (runs.length === 0)
    throw badInput({
      file: path,
      message: 'plans no run',
      remedy: 'Give it a variant of one of its models, or no variants at all',
    });
  const folders = runs.map(({ folder }) => folder);
  const twice = runs.find(({ folder }, i) => folders.indexOf(folder) !== i);
  if (twice)
    throw badInput({
      file: path,
      message: `two settings are the same run (${twice.name})`,
      remedy: 'Take one of them away',
    });
  const absolute = resolve(out ?? join('runs', name));
  return { name, out: absolute, runs: withJobs(absolute, runs), changed: changedKeys(file), slurm: file.slurm };
}

/** Runs of a plan: as many as a cluster takes in weeks, and few enough to be held in memory. */
const MOST_RUNS = 20_000;

/** @throws {InputError} before the runs are made one by one, where there are too many */
function requireFewRuns(
  file: string,
  trainings: number,
  { folds = 1, repeats = 1 }: { readonly folds?: number | undefined; readonly repeats?: number | undefined },
): void {
  const runs = trainings * folds * repeats;
  if (runs <= MOST_RUNS) return;
  const message = `plans ${runs} runs`;
  const remedy = `The largest number allowed is ${MOST_RUNS}; plan fewer folds, repeats, seeds, models or variants`;
  throw badInput({ file, message, remedy });
}

async function foldsOfFile({ folds: asked, repeats }: PlanFile, config: Config, path: string): Promise<Fold[]> {
  const folds = await foldsOf(config, typeof asked === 'number' ? asked : undefined, repeats);
  if (!Array.isArray(asked)) return folds;
  const absent = asked.find((fold) => !folds.some((known) => known.fold === fold));
  if (absent !== undefined) {
    throw badInput({
      file: path,
      message: `'folds': there is no fold ${absent}`,
      remedy: `There is: ${[...new Set(folds.map(({ fold }) => fold))].join(', ')}`,
    });
  }
  return folds.filter(({ fold }) => asked.includes(fold));
}

/** Keys of the config that the plan sets for all runs or for some. */
function changedKeys({ set, variants = {} }: PlanFile): string[] {
  const ofVariants = Object.values(variants).flatMap((variant) => Object.keys(variant));
  return [...new Set([...Object.keys(set), ...ofVariants])].filter((key) => key !== 'models');
}

/** A cross-validation: the folds and seeds of one configuration. */
export interface CrossvalOptions extends Pick<Plan, 'out' | 'within' | 'probe'> {
  readonly config: Config;
  /** Folds to make; by default those of the config's split file, or five. */
  readonly folds?: number | undefined;
  /** How often all patients are dealt to folds; once by default. */
  readonly repeats?: number | undefined;
  /** Seeds of the training; every fold is trained with each. */
  readonly seeds: readonly number[];
  readonly control?: { readonly name: Control; readonly seeds: readonly number[] } | undefined;
}

/**
 * Plans the cross-validation of one configuration. Its run folders are in `out` itself, `fold-0/seed-1`: no hash of the config is in their
 * names. Writes nothing.
 * @throws InputError where folds cannot be made as asked
 */
export async function planCrossval({ config, out, within, probe, ...asked }: CrossvalOptions): Promise<Plan> {
  const { seeds, control } = asked;
  requireFewRuns(config.name, seeds.length + (control?.seeds.length ?? 0), {
    folds: asked.folds ?? config.split.folds,
    repeats: asked.repeats,
  });
  const folds = await foldsOf(config, asked.folds, asked.repeats);
  const setting = {
    task: taskName(config.task),
    model: config.model.name,
    variant: '',
    config,
    inputs: await hashInputs(config),
  };
  const planned = [...planRuns(folds, seeds), ...(control ? planRuns(folds, control.seeds, control.name) : [])];
  const runs = planned.map((run) => ({ ...run, setting, name: runName(run) }));
  return { name: config.name, out, runs: withJobs(out, runs), changed: [], within, probe };
}

function withJobs(out: string, runs: readonly Omit<PlannedRun, 'job'>[]): PlannedRun[] {
  return runs.map((run) => ({
    ...run,
    job: { name: run.name, folder: join(out, run.folder), request: { kind: 'training', config: run.config } },
  }));
}

/** The plan's runs as jobs, in their order. */
export const jobsOf = ({ runs }: Plan): Job[] => runs.map(({ job }) => job);

/** Threads of the most demanding run. */
export function threadsOf({ runs }: Plan): number {
  return maxOf(runs.map(({ config }) => config.training.threads ?? 1));
}

/** What a run asks of a cluster. @throws InputError where the plan does not say */
export function slurmResources(plan: Plan): SlurmResources {
  const { name, slurm } = plan;
  if (!slurm)
    throw badInput({
      file: name,
      message: "the plan has no key 'slurm'",
      remedy: 'Add slurm: {time: ...} with the limit of a run, and memory and partition where the cluster wants them',
    });
  return { cores: threadsOf(plan), ...slurm };
}

/** One training of a configuration: a fold with a seed. */
export interface PlannedFold {
  readonly fold: number;
  /** Which dealing of the patients to folds, from 0; undefined where there is only one. */
  readonly repeat?: number;
  readonly seed: number;
  readonly control?: Control;
  readonly config: Config;
  /** Run folder, within a folder of the configuration's own. */
  readonly folder: string;
}

/**
 * Plans every fold with every seed; the seed decides the training alone, not who is in which part. Whole rounds of folds come first. Folders are
 * `fold-0/seed-1`, and from the second repeat on `repeat-1/fold-0/seed-1`: more repeats leave what is finished where it is.
 */
export function planRuns(folds: readonly Fold[], seeds: readonly number[], control?: Control): PlannedFold[] {
  return seeds.flatMap((seed) =>
    folds.map(({ config, ...fold }) => {
      const seeded = { ...config, training: { ...config.training, seed } };
      const foldFolder = join(fold.repeat ? `repeat-${fold.repeat}` : '', `fold-${fold.fold}`);
      if (control === undefined) return { ...fold, seed, config: seeded, folder: join(foldFolder, `seed-${seed}`) };
      return {
        ...fold,
        seed,
        control,
        config: controlled(seeded, control),
        folder: join(foldFolder, `${control}-seed-${seed}`),
      };
    }),
  );
}

/** Slides are exchanged by the run's seed. Outcomes are exchanged by that of the split: whatever is trained, it is the same table that is scored. */
function controlled(config: Config, control: Control): Config {
  if (control === 'permuted-bags')
    return { ...config, features: { ...config.features, permuteBags: config.training.seed } };
  return { ...config, clinical: { ...config.clinical, shuffleOutcomes: config.split.seed } };
}
