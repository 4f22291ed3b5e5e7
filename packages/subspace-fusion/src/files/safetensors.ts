import { MOST_AXES } from './bytes.js';
import { InputError } from './errors.js';
import { printable } from './text.js';

/** Element types that we read, by their safetensors names. */
type Dtype = 'F32' | 'F64' | 'I32' | 'I64' | 'U8';

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

/** Place and shape of one tensor, as the header states them. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array } as const;
const MAX_HEADER = 100_000_000; // the format's own limit

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * Reads a safetensors file: an 8-byte length, a JSON header, the tensors.
 * @param path for messages
 * @throws InputError where the bytes are not one, are cut short, or have an element type we do not read.
 */
export function decodeSafetensors(bytes: Uint8Array, path: string): Safetensors {
  const wrong = (problem: string) =>
    new InputError(`${path}: ${problem}; is this a safetensors file, and is it whole?`);
  if (bytes.length < 8) throw wrong('too short to hold a header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > bytes.length) throw wrong(`the header would be ${length} bytes long`);
  const { entries, metadata } = parseSafetensorsHeader(bytes.subarray(8, 8 + length), wrong);
  const body = bytes.subarray(8 + length);
  const tensors = new Map([...entries].map(([name, entry]) => [name, readTensor(name, entry, body, wrong)]));
  return { tensors, metadata: metadata as Record<string, string> };
}

/** The entries of a header and its free metadata. Nothing says yet that a tensor lies inside its file. Throws what `wrong` makes. */
export function parseSafetensorsHeader(
  json: Uint8Array,
  wrong: (problem: string) => Error,
): { entries: Map<string, SafetensorsEntry>; metadata: Readonly<Record<string, unknown>> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(json));
  } catch {
    throw wrong('the header is not JSON');
  }
  if (typeof header !== 'object' || header === null) throw wrong('the header is not a JSON object');
  const { __metadata__: metadata, ...stated } = header as Record<string, unknown>;
  const entries = new Map<string, SafetensorsEntry>();
  for (const [name, entry] of Object.entries(stated)) {
    if (!isEntry(entry)) throw wrong(`the entry of tensor ${printable(name)} is not complete`);
    entries.set(name, entry);
  }
  const places = [...entries.values()]
    .map(({ data_offsets }) => data_offsets)
    .sort(([a, aEnd], [b, bEnd]) => a - b || aEnd - bEnd);
  if (places.some(([start, end], i) => end < start || (i > 0 && start < places[i - 1][1])))
    throw wrong('the places of its tensors overlap');
  return {
    entries,
    metadata: typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {},
  };
}

function isEntry(entry: unknown): entry is SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<SafetensorsEntry>;
  const areCounts = (list: unknown) => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return (
    typeof dtype === 'string' &&
    areCounts(shape) &&
    Number(shape?.length) <= MOST_AXES &&
    areCounts(offsets) &&
    offsets?.length === 2
  );
}

function readTensor(
  name: string,
  { dtype, shape, data_offsets: [start, end] }: SafetensorsEntry,
  body: Uint8Array,
  wrong: (problem: string) => InputError,
): StoredTensor {
  if (!Object.hasOwn(arrays, dtype))
    throw wrong(`tensor ${printable(name)} has element type ${printable(dtype)}, which is not read`);
  const type = arrays[dtype as Dtype];
  const count = shape.reduce((n: number, d: number) => n * d, 1);
  if (!(end <= body.length && end - start === count * type.BYTES_PER_ELEMENT)) {
    throw wrong(`tensor ${printable(name)} [${shape.join(', ')}] does not lie inside the file`);
  }
  const copy = Uint8Array.from(body.subarray(start, end)); // aligned, whatever the header's length; a Buffer's slice() would not copy
  return { shape, data: new type(copy.buffer, 0, count) };
}

/** A safetensors file of float32 tensors, in the order given. */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, { readonly shape: readonly number[]; readonly data: Float32Array }]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const list = [...tensors];
  let end = 0;
  const entries = list.map(([name, { shape, data }]) => {
    const start = end;
    end += data.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [start, end] }] as const;
  });
  const json = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  const header = new TextEncoder().encode(json + ' '.repeat((8 - (new TextEncoder().encode(json).length % 8)) % 8));
  const bytes = new Uint8Array(8 + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  list.forEach(([, { data }], i) => {
    bytes.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      8 + header.length + entries[i][1].data_offsets[0],
    );
  });
  return bytes;
}
