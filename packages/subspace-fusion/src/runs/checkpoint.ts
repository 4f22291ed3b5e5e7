import { InputError } from '../files/errors.js';
import { parseValue } from '../files/json.js';
import { decodeSafetensors, parseSafetensorsHeader, type StoredTensor } from '../files/safetensors.js';
import { sha256 } from '../files/sha256.js';
import type { Source } from '../files/source.js';
import { choiceParameters, METHOD } from '../model/choice.js';
import type { Parameters } from '../model/parameters.js';
import { taskName, type Model } from './model.js';
import { checkpointMetadata } from './training-files.js';

/** The selected parameters of a run. */
export interface Checkpoint {
  readonly parameters: Parameters;
  /** Of training; 0 of an imported model. */
  readonly epoch: number;
}

type Tensors = ReadonlyMap<string, StoredTensor>;
type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

/**
 * Reads a checkpoint's bytes as that of a model.
 * @throws {InputError} where they are not whole, or of another model; it names what differs.
 */
export function decodeCheckpoint(bytes: Uint8Array, model: Model, file: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const epoch = requireOwn(tensors, metadata, model, file);
  return { parameters: takeParameters(tensors, '', model, file), epoch };
}

/** Of a checkpoint reads no more than says whose it is. @throws {InputError} as {@link decodeCheckpoint} does. */
export async function checkOwner(source: Source, model: Model): Promise<void> {
  const wrong = (problem: string) =>
    new InputError(`${source.name}: ${problem}; is this a safetensors file, and is it whole?`);
  const length = await source.read(0, 8);
  if (length.length < 8) throw wrong('too short to hold a header');
  const bytes = Number(new DataView(length.buffer).getBigUint64(0, true));
  if (8 + bytes > source.size) throw wrong(`the header would be ${bytes} bytes long`);
  const { entries, metadata } = parseSafetensorsHeader(await source.read(8, bytes), wrong);
  requireOwn(entries, metadata, model, source.name);
}

/** The epoch of a checkpoint that is this model's. */
function requireOwn(shapes: Shapes, metadata: unknown, model: Model, file: string): number {
  const stated = parseValue(metadata, checkpointMetadata, { file });
  if (stated.model !== fingerprint(model)) {
    throw new InputError(
      `${file}: is the checkpoint of another model${difference(stated, shapes, model)}. ` +
        'Restore the checkpoint that was written with model.json, or train again.',
    );
  }
  return stated.epoch;
}

/**
 * Tells models apart whose parameters may have the same shapes: SHA-256 of what gives their inputs and outputs a meaning, keys in the
 * order of the model's schema.
 */
export function fingerprint(model: Model): string {
  const { task, labels, network, outcome, tokens, layout, size, scaling, encoder, covariates } = model;
  const other = isMethod(network) ? undefined : network; // undefined is not written: fingerprints of before hold
  const meaning = { task, labels, network: other, outcome, tokens, layout, size, scaling, encoder, covariates };
  return sha256(JSON.stringify(meaning));
}

function isMethod(network: Model['network']): boolean {
  if (network.name !== 'subspace' || METHOD.name !== 'subspace') return false;
  const { parts } = network;
  const whole = METHOD.parts;
  return (
    parts.subspaces === whole.subspaces &&
    parts.attention === whole.attention &&
    parts.positionBias === whole.positionBias &&
    parts.standIns === whole.standIns
  );
}

/** What tells a checkpoint from that of the model, as far as the checkpoint shows it. */
function difference(stated: { readonly task: string; readonly model: string }, shapes: Shapes, model: Model): string {
  const own = taskName(model.task);
  if (stated.task !== own) return ` (task ${stated.task}); that of this run has the task ${own}`;
  const specs = Object.entries(choiceParameters(model.network, model.size));
  const missing = specs.find(([name]) => !shapes.has(name))?.[0];
  const names = new Set(specs.map(([name]) => name));
  const further = [...shapes.keys()].find((name) => !names.has(name));
  if (missing !== undefined || further !== undefined) {
    const which = missing === undefined ? `has ${String(further)}` : `has no ${missing}`;
    return ` of another network: it ${which}, and that of this run (${model.network.name}) ${missing === undefined ? 'has not' : 'has'}`;
  }
  for (const [name, { shape }] of specs) {
    const found = shapes.get(name)?.shape ?? [];
    if (found.join() === shape.join()) continue;
    return `${meaningOf(name)}: its ${name} is [${found.join(', ')}], that of this run is [${shape.join(', ')}]`;
  }
  const short = (hash: string) => hash.slice(0, 12);
  return (
    `: its task (${own}) and shapes are those of this run, so that genes, their scaling, classes, cuts, the rule of labels, tokens, layout, encoder or covariates differ ` +
    `(fingerprint ${short(stated.model)}, that of this run ${short(fingerprint(model))})`
  );
}

/** What the shape of a parameter follows from, as far as its name tells. */
function meaningOf(name: string): string {
  if (/(^|\.)patches\./.test(name)) return ' with patch features of another width';
  if (/(^|\.)genes\.0\./.test(name)) return ' with another number of genes';
  if (/^head\./.test(name)) return ' with another number of classes, bins or covariates';
  return '';
}

/** The parameters of a model among these tensors. @throws {InputError} where one is missing or of another shape. */
export function takeParameters(tensors: Tensors, prefix: string, model: Model, file: string): Parameters {
  const entries = Object.entries(choiceParameters(model.network, model.size)).map(([name, { shape }]) => {
    const data = tensors.get(prefix + name)?.data;
    if (!(data instanceof Float32Array) || data.length !== shape.reduce((n, d) => n * d, 1)) {
      throw new InputError(
        `${file}: ${prefix}${name} [${shape.join(', ')}] is missing or has another shape; this is a checkpoint of another model or task. Restore it, or train again.`,
      );
    }
    return [name, data] as const;
  });
  return Object.fromEntries(entries);
}
