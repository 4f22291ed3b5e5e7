import { badInput, InputError } from '../files/errors.js';
import { parseValue } from '../files/json.js';
import { decodeSafetensors, parseSafetensorsHeader, type StoredTensor } from '../files/safetensors.js';
import { sha256 } from '../files/sha256.js';
import type { Source } from '../files/source.js';
import { choiceParameters, METHOD } from '../model/choice.js';
import type { Parameters } from '../model/layers.js';
import { branchesOf, WIDTH } from '../model/parts.js';
import type { Confidence } from './confidence.js';
import type { Background } from './explanations.js';
import { taskName, type Model } from './model.js';
import type { EvaluatedPatient, Prediction } from './result.js';
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

/**
 * What each file of a run says by itself its schema checks; here is checked that it is of this model. A file of another run is whole, and would
 * be shown with the wrong names of classes, or stop the program in the middle.
 */
function refuse(file: string, message: string): never {
  throw badInput({ file, message: `is not of this run's model: ${message}`, remedy: 'Restore it, or train again' });
}

/** @throws {InputError} where a prediction has other outputs than the model. */
export function requireOutputs(predictions: readonly Prediction[], { size, outcome }: Model, file: string): void {
  for (const { patient, outputs, risk } of predictions) {
    if (outputs.length !== size.classes)
      refuse(file, `the prediction of ${patient} has ${outputs.length} outputs, the model ${size.classes}`);
    if (outcome.kind === 'survival' && risk === undefined) refuse(file, `the prediction of ${patient} has no risk`);
  }
}

/** @throws {InputError} where a prediction, or what happened, is of another task than the model's. */
export function requireEvaluated(predictions: readonly EvaluatedPatient[], model: Model, file: string): void {
  requireOutputs(predictions, model, file);
  const { outcome } = model;
  for (const one of predictions) {
    if ('label' in one !== (outcome.kind === 'classes'))
      refuse(file, `${one.patient} has ${'label' in one ? 'a class, and the model predicts survival' : 'no class'}`);
    if ('label' in one && outcome.kind === 'classes' && outcome.classes[one.label] !== one.className)
      refuse(file, `class ${one.label} of ${one.patient} is '${one.className}'`);
    if ('time' in one && outcome.kind === 'survival' && one.survival.length !== outcome.cuts.length)
      refuse(file, `${one.patient} has ${one.survival.length} survival probabilities for ${outcome.cuts.length} cuts`);
  }
}

/** @throws {InputError} where the confidence is of other classes, or of features of another width. */
export function requireConfidence({ classes, survival, range }: Confidence, model: Model, file: string): void {
  const { outcome, size } = model;
  if (outcome.kind === 'classes' ? survival : classes) refuse(file, 'it is of another task');
  if (classes && outcome.kind === 'classes') {
    const C = outcome.classes.length;
    const { conformal, operatingPoints } = classes;
    if (classes.classes.join('\n') !== outcome.classes.join('\n')) refuse(file, 'it has other classes');
    if (conformal && (conformal.byClass.length !== C || conformal.patientsByClass.length !== C))
      refuse(file, `its sets are not of ${C} classes`);
    const unknown = operatingPoints.find((point) => !outcome.classes.includes(point.class));
    if (unknown) refuse(file, `it has an operating point of '${unknown.class}'`);
  }
  const { features } = range;
  if (features && (features.mean.length !== size.patchWidth || features.deviation.length !== size.patchWidth))
    refuse(file, `its features are ${features.mean.length} wide, the model's ${size.patchWidth}`);
}

/** @throws {InputError} where the means are not of the model's widths and branches. */
export function requireBackground({ meanPatch, meanZ }: Background, { network, size }: Model, file: string): void {
  if (meanPatch.length !== size.patchWidth)
    refuse(file, `its mean patch is ${meanPatch.length} wide, the model's are ${size.patchWidth}`);
  if (network.name !== 'subspace') return;
  for (const branch of branchesOf(network.parts))
    if (meanZ[branch]?.length !== WIDTH)
      refuse(file, `it has no mean feature of ${WIDTH} numbers of the ${branch} branch`);
}
