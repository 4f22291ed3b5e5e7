import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { appendLine, writeFileAtomic } from '../files/atomic.js';
import { folderStore } from '../files/file-source.js';
import { parseJson } from '../files/json.js';
import { decodeSafetensors, encodeSafetensors } from '../files/safetensors.js';
import { readAll } from '../files/source.js';
import { choiceParameters } from '../model/choice.js';
import type { Parameters } from '../model/layers.js';
import { fingerprint, takeParameters } from './checkpoint.js';
import { taskName, type Model } from './model.js';
import { openRun, RUN_FILES, type Run } from './open-run.js';
import { stateMetadata, type EpochRecord } from './training-files.js';

export { RUN_FILES } from './open-run.js';

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(value, null, 2) + '\n');
}

/** {@link openRun} of a folder of this machine. @throws {InputError} as it does. */
export function openRunFolder(folder: string): Promise<Run> {
  return openRun(folderStore(folder));
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

/** The state to go on from, or undefined where no epoch was finished. @throws {InputError} where it is damaged or another model's. */
export async function readState(run: string, model: Model): Promise<TrainingState | undefined> {
  const source = await folderStore(run).open(RUN_FILES.state);
  if (!source) return undefined;
  const path = source.name;
  const { tensors, metadata } = decodeSafetensors(await readAll(source).finally(() => source.close()), path);
  const { epoch, step, best } = parseJson(metadata['state'] ?? '{}', stateMetadata, { file: path });
  const take = (prefix: string) => takeParameters(tensors, prefix, model, path);
  return { epoch, parameters: take('parameter.'), adam: { step, m: take('m.'), v: take('v.') }, best };
}

/** Keeps the lines of the first `epochs` epochs: those that the state has. */
export async function truncateEpochs(run: string, epochs: number): Promise<void> {
  const kept = (await (await openRunFolder(run)).epochs()).filter(({ epoch }) => epoch <= epochs);
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
