import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { appendLine, writeFileAtomic } from '../files/atomic.js';
import { InputError } from '../files/errors.js';
import { readSafetensors } from '../files/read.js';
import { encodeSafetensors } from '../files/safetensors.js';
import { choiceParameters, METHOD } from '../model/choice.js';
import type { Parameters } from '../model/parameters.js';
import type { Branch } from '../model/parts.js';
import { taskName, type Model } from './model.js';

/**
 * A run folder:
 * - `config.json`: the resolved config; `split.json`: who was in which part
 * - `model.json` and `checkpoint.safetensors`: the selected model
 * - `metrics.jsonl`: a line an epoch
 * - `state.safetensors`: where training stands, for `--resume`
 * - `result.json`, `predictions.json`, `validation-predictions.json`, `confidence.json`: written by evaluation
 */
export const RUN_FILES = {
  config: 'config.json',
  split: 'split.json',
  model: 'model.json',
  checkpoint: 'checkpoint.safetensors',
  metrics: 'metrics.jsonl',
  state: 'state.safetensors',
  result: 'result.json',
  predictions: 'predictions.json',
  validationPredictions: 'validation-predictions.json',
  confidence: 'confidence.json',
} as const;

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(value, null, 2) + '\n');
}

async function readRunJson(run: string, file: string): Promise<unknown> {
  const path = join(run, file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new InputError(`${path}: not found. Is ${run} the folder of a run that \`subspace train\` wrote?`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(
      `${path}: not valid JSON; the run folder was changed or copied in part. Train again, or restore the file.`,
    );
  }
}

export async function readRunConfig(run: string): Promise<Config> {
  return (await readRunJson(run, RUN_FILES.config)) as Config;
}

export async function readRunSplit(run: string): Promise<Split> {
  return (await readRunJson(run, RUN_FILES.split)) as Split;
}

/** The model of a run. @throws InputError where it is missing or of a format that this version does not read. */
export async function readModel(run: string): Promise<Model> {
  const stored = (await readRunJson(run, RUN_FILES.model)) as Omit<Model, 'network'> & Partial<Pick<Model, 'network'>>;
  const model: Model = { ...stored, network: stored.network ?? METHOD }; // models of before are all of the method
  if ((model.format as number) !== 1)
    throw new InputError(`${join(run, RUN_FILES.model)}: format ${String(model.format)} is not read by this version`);
  return model;
}

/** The selected parameters of a run. @throws InputError where they do not belong to its model. */
export async function readCheckpoint(run: string, model: Model): Promise<{ parameters: Parameters; epoch: number }> {
  const path = join(run, RUN_FILES.checkpoint);
  if (!(await exists(path))) throw new InputError(`${path}: not found; the run has not finished its first epoch`);
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata['model'] !== fingerprint(model)) {
    throw new InputError(
      `${path}: is the checkpoint of another model (task ${metadata['task'] ?? 'not stated'}); that of this run has the task ${taskName(model.task)}. ` +
        'Restore the checkpoint that was written with model.json, or train again.',
    );
  }
  return { parameters: takeParameters(tensors, '', model, path), epoch: Number(metadata['epoch']) };
}

/** Tells models apart whose parameters may have the same shapes: SHA-256 of what gives their inputs and outputs a meaning. */
function fingerprint({
  task,
  labels,
  network,
  outcome,
  tokens,
  layout,
  size,
  scaling,
  encoder,
  covariates,
}: Model): string {
  const other = isDeepStrictEqual(network, METHOD) ? undefined : network; // undefined is not written: fingerprints of before hold
  const meaning = { task, labels, network: other, outcome, tokens, layout, size, scaling, encoder, covariates };
  return createHash('sha256').update(JSON.stringify(meaning)).digest('hex');
}

type Tensors = Awaited<ReturnType<typeof readSafetensors>>['tensors'];

function takeParameters(tensors: Tensors, prefix: string, model: Model, path: string): Parameters {
  const entries = Object.entries(choiceParameters(model.network, model.size)).map(([name, { shape }]) => {
    const t = tensors.get(prefix + name);
    if (!t || !(t.data instanceof Float32Array) || t.data.length !== shape.reduce((n, d) => n * d, 1)) {
      throw new InputError(
        `${path}: ${prefix}${name} [${shape.join(', ')}] is missing or has another shape; this is a checkpoint of another model or task`,
      );
    }
    return [name, t.data] as const;
  });
  return Object.fromEntries(entries);
}

function named(model: Model, prefix: string, parameters: Parameters) {
  const specs = choiceParameters(model.network, model.size);
  return Object.keys(specs).map(
    (name) => [prefix + name, { shape: specs[name].shape, data: parameters[name] }] as const,
  );
}

export async function writeCheckpoint(run: string, model: Model, parameters: Parameters, epoch: number): Promise<void> {
  const metadata = { epoch: String(epoch), task: taskName(model.task), model: fingerprint(model) };
  await writeFileAtomic(join(run, RUN_FILES.checkpoint), encodeSafetensors(named(model, '', parameters), metadata));
}

/** Where training stands after a whole epoch. With the seed, it decides all that follows. */
export interface TrainingState {
  /** Epochs done. */
  readonly epoch: number;
  readonly parameters: Parameters;
  readonly adam: AdamState;
  /** Best validation value so far and its epoch. */
  readonly best: { readonly epoch: number; readonly value: number | null };
}

export async function writeState(
  run: string,
  model: Model,
  { epoch, parameters, adam, best }: TrainingState,
): Promise<void> {
  const tensors = [
    ...named(model, 'parameter.', parameters),
    ...named(model, 'm.', adam.m),
    ...named(model, 'v.', adam.v),
  ];
  const metadata = { state: JSON.stringify({ epoch, step: adam.step, best }) };
  await writeFileAtomic(join(run, RUN_FILES.state), encodeSafetensors(tensors, metadata));
}

/** The state to go on from, or undefined where no epoch was finished. */
export async function readState(run: string, model: Model): Promise<TrainingState | undefined> {
  const path = join(run, RUN_FILES.state);
  if (!(await exists(path))) return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  const { epoch, step, best } = JSON.parse(metadata['state'] ?? '{}') as {
    epoch: number;
    step: number;
    best: TrainingState['best'];
  };
  const take = (prefix: string) => takeParameters(tensors, prefix, model, path);
  return { epoch, parameters: take('parameter.'), adam: { step, m: take('m.'), v: take('v.') }, best };
}

/** One line of `metrics.jsonl`. */
export interface EpochRecord {
  /** Counted from 1. */
  readonly epoch: number;
  readonly learningRate: number;
  /** Means over the epoch's steps: the whole loss, the task's, and the consistency of each branch of the network. */
  readonly loss: number;
  readonly taskLoss: number;
  readonly consistency: Readonly<Partial<Record<Branch, number>>>;
  /** Steps of the epoch, and in how many a subspace gave way; for networks of two subspaces. */
  readonly coordination?: {
    readonly steps: number;
    readonly tumourYielded: number;
    readonly microenvironmentYielded: number;
  };
  /** Directions that the gene codes of the validation patients use, by branch of the network (see `geneCodeRanks`); a peer has none. */
  readonly geneCodeRank?: Readonly<Partial<Record<Branch, number>>>;
  /** What the epoch is selected by, and the task loss, on the validation patients. */
  readonly validation: { readonly metric: string; readonly value: number | null; readonly loss: number };
  readonly seconds: number;
}

export async function readEpochs(run: string): Promise<EpochRecord[]> {
  const path = join(run, RUN_FILES.metrics);
  if (!(await exists(path))) return [];
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  // The last line may have been cut by a kill; `--resume` writes it again.
  return lines.flatMap((line, i) => {
    try {
      return [JSON.parse(line) as EpochRecord];
    } catch {
      if (i === lines.length - 1) return [];
      throw new InputError(`${path}: line ${i + 1} is not JSON`);
    }
  });
}

/** Removes the temporary files that a kill in the middle of a write left behind. */
export async function removeLeftovers(run: string): Promise<void> {
  for (const name of await readdir(run)) if (/\.\d+\.tmp$/.test(name)) await rm(join(run, name), { force: true });
}

/** Keeps the lines of the first `epochs` epochs: those that the state has. */
export async function truncateEpochs(run: string, epochs: number): Promise<void> {
  const kept = (await readEpochs(run)).filter(({ epoch }) => epoch <= epochs);
  await writeFileAtomic(join(run, RUN_FILES.metrics), kept.map((r) => JSON.stringify(r) + '\n').join(''));
}

export async function appendEpoch(run: string, record: EpochRecord): Promise<void> {
  await appendLine(join(run, RUN_FILES.metrics), JSON.stringify(record));
}

/** Adam's memory: first and second moments of every parameter's gradient, and the steps taken. */
export interface AdamState {
  step: number;
  readonly m: Parameters;
  readonly v: Parameters;
}
