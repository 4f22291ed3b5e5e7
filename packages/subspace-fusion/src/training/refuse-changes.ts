import { isDeepStrictEqual } from 'node:util';
import type { Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import type { Model } from '../runs/model.js';
import { openRunFolder } from '../runs/run-folder.js';

/** What `Model.inputs` has hashes of, in words. */
const INPUTS = {
  clinical: 'the clinical table',
  expression: 'the expression matrix',
  geneSets: 'the gene sets',
  features: 'the feature files',
};

/**
 * Compares a run folder with what would begin now: a resumed run must be the run that was begun.
 * @throws InputError naming all that changed.
 */
export async function refuseChanges(folder: string, config: Config, split: Split, model: Model): Promise<void> {
  const run = await openRunFolder(folder);
  const before = run.model;
  const changed: string[] = [];
  for (const [name, words] of Object.entries(INPUTS))
    if (before.inputs[name] !== model.inputs[name]) changed.push(words);
  const keys = differentKeys(await run.config(), asRead(config));
  if (keys.length > 0) changed.push(`the config (${keys.join(', ')})`);
  if (before.version !== model.version)
    changed.push(`the program (${before.version} began it, this is ${model.version})`);
  if (changed.length === 0) {
    // Nothing that a user changes, and yet not the same: a split file or a slide table, say.
    if (!isDeepStrictEqual(await run.split(), asRead(split))) changed.push('the split');
    else if (!isDeepStrictEqual(comparable(before), comparable(model))) changed.push('the cohort');
  }
  if (changed.length === 0) return;
  throw new InputError(
    `${folder}: cannot resume, since the run began there changed: ${changed.join('; ')}. Undo that, or start a new run with another --out.`,
  );
}

/** A model without its provenance, which models did not always hold and which follows from the feature files. */
function comparable(model: Model): unknown {
  return asRead({ ...model, provenance: undefined });
}

/** A value as it comes back from a JSON file. */
function asRead(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Keys of nested plain objects whose values differ, as `training.epochs`. */
function differentKeys(a: unknown, b: unknown, path: readonly string[] = []): string[] {
  if (!isPlain(a) || !isPlain(b)) return isDeepStrictEqual(a, b) ? [] : [path.join('.')];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) =>
    differentKeys(a[key], b[key], [...path, key]),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
