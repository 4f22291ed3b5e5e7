import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../files/errors.js';
import { readSafetensors } from '../files/file-source.js';
import { isJson, parseJson } from '../files/json.js';
import type { StoredTensor } from '../files/safetensors.js';

/** How far a computed tensor may be from the expected one: `abs + rel · max|expected|`. */
export interface Tolerance {
  readonly rel: number;
  readonly abs: number;
}

/** value[i] = center + scale·(2u/2³² − 1), u hashed from seed and i. */
interface ValueFormula {
  readonly seed: number;
  readonly scale: number;
  readonly center: number;
}

interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly tolerance?: Tolerance;
  readonly stored?: boolean;
  readonly formula?: ValueFormula;
}

interface CaseEntry {
  readonly file: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly TensorEntry[];
}

export interface Manifest {
  readonly cases: Readonly<Record<string, CaseEntry>>;
}

const manifestFile = z.object({
  cases: z
    .record(
      z.string(),
      z.object({
        file: z.string(),
        config: z.record(z.string(), z.unknown()),
        tensors: z.array(
          z.object({
            name: z.string(),
            shape: z.array(z.number()),
            dtype: z.string(),
            tolerance: z.object({ rel: z.number(), abs: z.number() }).optional(),
            stored: z.boolean().optional(),
            formula: z.object({ seed: z.number(), scale: z.number(), center: z.number() }).optional(),
          }),
        ),
      }),
    )
    .optional(),
}) satisfies z.ZodType<Partial<Manifest>>;

/** A case as its runner sees it: every tensor given, and what is expected of the others. */
export interface Case {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** All tensors, those of the case it goes `with` included. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Names of the tensors that must be reproduced. */
  readonly expected: ReadonlyMap<string, Tolerance>;
}

/** Names under these prefixes are results. `metrics` has no prefixes: there, results have a tolerance or are counts. */
const results = /^(out|grad|grad_reference|norm|sample|final_norm)\//;

/** @throws InputError where the folder has no readable manifest. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'manifest.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new InputError(`${path}: cannot be read. Give the folder that holds the cases and their manifest.json.`);
  }
  if (!isJson(text)) throw new InputError(`${path}: is not valid JSON. Copy the folder again.`);
  const { cases } = parseJson(text, manifestFile, { file: path, remedy: 'Copy the folder again' });
  if (!cases) throw new InputError(`${path}: lists no cases. Give the folder of the parity cases.`);
  return { cases };
}

export async function readCase(folder: string, manifest: Manifest, name: string): Promise<Case> {
  if (!(name in manifest.cases)) throw new InputError(`${folder}: the manifest has no case ${name}`);
  const entry = manifest.cases[name];
  const companion = entry.config['with'];
  const shared = typeof companion === 'string' ? (await readCase(folder, manifest, companion)).tensors : [];
  const { tensors: stored } = await readSafetensors(join(folder, entry.file));
  const tensors = new Map<string, StoredTensor>(shared);
  const expected = new Map<string, Tolerance>();
  for (const t of entry.tensors) {
    const tensor = stored.get(t.name) ?? (t.formula && { shape: t.shape, data: fromFormula(t.formula, t.shape) });
    if (!tensor)
      throw new InputError(`${join(folder, entry.file)}: tensor ${t.name} is neither stored nor given by a formula`);
    tensors.set(t.name, tensor);
    const counts = t.dtype.startsWith('int') && /(^|\/)(pairs|concordant|discordant|tied)/.test(t.name);
    if (t.tolerance || results.test(t.name) || counts) expected.set(t.name, t.tolerance ?? { rel: 0, abs: 0 });
  }
  return { name, config: entry.config, tensors, expected };
}

/** A tensor of a case. @throws Error where it has none of that name. */
export function tensorOf({ name, tensors }: Case, tensor: string): StoredTensor {
  const found = tensors.get(tensor);
  if (!found) throw new Error(`case ${name} has no tensor ${tensor}`);
  return found;
}

/** The elements of a tensor of any type, e.g. of labels. */
export function numbers(c: Case, tensor: string): number[] {
  return Array.from<number | bigint, number>(tensorOf(c, tensor).data, Number);
}

/** The elements of a tensor of float32. */
export function floats(c: Case, tensor: string): Float32Array {
  const { data } = tensorOf(c, tensor);
  if (!(data instanceof Float32Array)) throw new Error(`case ${c.name}: ${tensor} is not of float32`);
  return data;
}

function fromFormula({ seed, scale, center }: ValueFormula, shape: readonly number[]): Float32Array {
  const n = shape.reduce((product, d) => product * d, 1);
  return Float32Array.from({ length: n }, (_, i) => center + scale * ((2 * hash(seed, i)) / 4294967296 - 1));
}

/** The manifest's own hash, on purpose apart from the product's random numbers. */
function hash(seed: number, i: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
  x = (x ^ (x >>> 16)) >>> 0;
  x = Math.imul(x, 0x7feb352d) >>> 0;
  x = (x ^ (x >>> 15)) >>> 0;
  x = Math.imul(x, 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

/**
 * Relative error of a computed tensor by the manifest's rule, to be held against `rel`: max|got − expected| over
 * max|expected| + abs/rel. Where rel is 0, the largest difference. Infinity where NaN or the sizes do not match.
 */
export function relativeError(
  got: ArrayLike<number | bigint> | undefined,
  expected: ArrayLike<number | bigint>,
  { rel, abs }: Tolerance,
): number {
  if (!got || got.length !== expected.length) return Infinity;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const e = Number(expected[i]);
    const g = Number(got[i]);
    if (Number.isNaN(e) !== Number.isNaN(g)) return Infinity;
    if (Number.isNaN(e)) continue;
    largest = Math.max(largest, Math.abs(e));
    difference = Math.max(difference, Math.abs(g - e));
  }
  if (rel === 0) return difference <= abs ? 0 : difference;
  const scale = largest + abs / rel;
  return difference === 0 ? 0 : difference / scale;
}
