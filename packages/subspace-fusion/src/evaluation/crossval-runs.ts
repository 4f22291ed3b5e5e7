import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hashInputs, type Config, type Problem } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { exists, readModel, readRunConfig, RUN_FILES } from '../training/run-folder.js';
import { Interrupted, train } from '../training/train.js';
import { evaluateAndWrite } from './evaluate.js';
import type { Fold } from './folds.js';
import type { Result } from './result.js';

/** A training of the same configuration with something taken away. */
export const CONTROLS = ['permuted-bags'] as const;
export type Control = (typeof CONTROLS)[number];

/** One training of a cross-validation. */
export interface PlannedRun {
  readonly fold: number;
  readonly seed: number;
  readonly control?: Control;
  readonly config: Config;
  /** Run folder, within the folder of the cross-validation. */
  readonly folder: string;
}

/** Plans every fold with every seed; the seed decides the training alone, not who is in which part. Whole rounds of folds come first. */
export function planRuns(folds: readonly Fold[], seeds: readonly number[], control?: Control): PlannedRun[] {
  return seeds.flatMap((seed) =>
    folds.map(({ fold, config }) => {
      const seeded = { ...config, training: { ...config.training, seed } };
      if (control === undefined) return { fold, seed, config: seeded, folder: join(`fold-${fold}`, `seed-${seed}`) };
      const permuted = { ...seeded, features: { ...config.features, permuteBags: seed } };
      return { fold, seed, control, config: permuted, folder: join(`fold-${fold}`, `${control}-seed-${seed}`) };
    }),
  );
}

export type RunOutcome = { readonly result: Result } | { readonly failure: string };

export interface RunProgress {
  readonly run: PlannedRun;
  /** Trainings that this process has done, of those it has to do. */
  readonly done: number;
  readonly of: number;
  readonly epoch: number;
  readonly epochs: number;
  /** At the speed so far; undefined at the very start. */
  readonly secondsLeft: number | undefined;
}

export interface RunEvents {
  readonly signal?: AbortSignal;
  readonly onWarning?: (problem: Problem) => void;
  readonly onProgress?: (progress: RunProgress) => void;
  /** A run has been trained and scored, or has failed. */
  readonly onRun?: (run: PlannedRun, outcome: RunOutcome, seconds: number) => void;
}

/**
 * Trains and scores the planned runs in turn. A finished one is read, an interrupted one goes on; one that fails leaves the others
 * alone. The outcomes are in the order of the plan.
 * @throws UserError before any work, where a folder holds a run of another configuration or of other input files
 * @throws Interrupted where the signal says so
 */
export async function doRuns(out: string, plan: readonly PlannedRun[], events: RunEvents = {}): Promise<RunOutcome[]> {
  const tables = plan[0] ? await hashInputs(plan[0].config) : {};
  const finished = await Promise.all(plan.map((run) => finishedResult(join(out, run.folder), run.config, tables)));
  const of = finished.filter((result) => result === undefined).length;
  const started = performance.now();
  let done = 0;
  const outcomes: RunOutcome[] = [];
  for (const [i, run] of plan.entries()) {
    const before = finished[i];
    if (before) {
      outcomes.push({ result: before });
      continue;
    }
    const own = performance.now();
    const outcome = await doRun(join(out, run.folder), run, events, (epoch, epochs, part) => {
      const work = done + part;
      const secondsLeft = work > 0 ? ((performance.now() - started) / 1000 / work) * (of - work) : undefined;
      events.onProgress?.({ run, done, of, epoch, epochs, secondsLeft });
    });
    done++;
    outcomes.push(outcome);
    events.onRun?.(run, outcome, (performance.now() - own) / 1000);
  }
  return outcomes;
}

/** The result of a run that is done; undefined where there is something left to do. `tables`: hashes of the input tables as they are now. */
async function finishedResult(folder: string, config: Config, tables: Readonly<Record<string, string>>): Promise<Result | undefined> {
  if (!(await exists(join(folder, RUN_FILES.model)))) return undefined;
  const plain: unknown = JSON.parse(JSON.stringify(config));
  const { inputs } = await readModel(folder);
  const same = isDeepStrictEqual(await readRunConfig(folder), plain) && Object.entries(tables).every(([name, hash]) => inputs[name] === hash);
  if (!same) throw new UserError(`${folder}: holds a run of another configuration or other input files. Choose another --out.`);
  const result = join(folder, RUN_FILES.result);
  return (await exists(result)) ? (JSON.parse(await readFile(result, 'utf8')) as Result) : undefined;
}

async function doRun(
  out: string,
  { config }: PlannedRun,
  { signal, onWarning }: RunEvents,
  onPart: (epoch: number, epochs: number, part: number) => void,
): Promise<RunOutcome> {
  try {
    await train({
      config,
      out,
      resume: await exists(join(out, RUN_FILES.model)),
      signal,
      onWarning,
      onStep: ({ epoch, epochs, step, steps }) => {
        onPart(epoch, epochs, (epoch * steps + step) / (epochs * steps));
      },
    });
    return { result: (await evaluateAndWrite(out)).result };
  } catch (error) {
    if (error instanceof Interrupted || !(error instanceof Error)) throw error;
    return { failure: error.message };
  }
}
