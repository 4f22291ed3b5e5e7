import { InputError } from '../files/errors.js';
import { parseValue } from '../files/json.js';
import { decodeSafetensors, type StoredTensor } from '../files/safetensors.js';
import { sha256 } from '../files/sha256.js';
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

/**
 * Reads a checkpoint's bytes as that of a model.
 * @throws {InputError} where they are not whole, or of another model; it names what differs.
 */
export function decodeCheckpoint(bytes: Uint8Array, model: Model, file: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const stated = parseValue(metadata, checkpointMetadata, { file });
  if (stated.model !== fingerprint(model)) {
    throw new InputError(
      `${file}: is the checkpoint of another model: ${difference(stated, tensors, model)}. ` +
        'Restore the checkpoint that was written with model.json, or train again.',
    );
  }
  return { parameters: takeParameters(tensors, '', model, file), epoch: stated.epoch };
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
function difference(stated: { readonly task: string; readonly model: string }, tensors: Tensors, model: Model): string {
  const own = taskName(model.task);
  if (stated.task !== own) return `its task is ${stated.task}, that of model.json is ${own}`;
  const specs = Object.entries(choiceParameters(model.network, model.size));
  const shape = (name: string) => tensors.get(name)?.shape;
  const missing = specs.find(([name]) => shape(name) === undefined);
  const known = new Set(specs.map(([name]) => name));
  const further = [...tensors.keys()].find((name) => !known.has(name));
  if (missing || further !== undefined) {
    const lacks = missing ? `it has no ${missing[0]}` : `it has ${String(further)}`;
    return `its network is not the one of model.json (${model.network.name}): ${lacks}`;
  }
  const other = specs.find(([name, spec]) => spec.shape.join() !== shape(name)?.join());
  if (other) {
    const [name, spec] = other;
    return `${meaningOf(name)}${name} is [${shape(name)?.join(', ') ?? ''}], and by model.json [${spec.shape.join(', ')}]`;
  }
  const short = (hash: string) => hash.slice(0, 12);
  return (
    `the task (${own}) and all shapes are the same, so genes, their scaling, classes or cuts, the label rule, tokens, layout, encoder or covariates differ ` +
    `(fingerprint ${short(stated.model)}, of model.json ${short(fingerprint(model))})`
  );
}

/** What the shape of a parameter follows from, as far as its name tells. */
function meaningOf(name: string): string {
  if (/(^|\.)patches\./.test(name)) return 'it reads patch features of another width: ';
  if (/(^|\.)genes\.0\./.test(name)) return 'it reads another number of genes: ';
  if (/^head\./.test(name)) return 'it has other classes, bins or covariates: ';
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
