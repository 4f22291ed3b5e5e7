import { readFile } from 'node:fs/promises';
import { UserError } from './user-error.js';

/** Element types that we read, by their safetensors names. */
export type Dtype = 'F32' | 'F64' | 'I32' | 'I64' | 'U8';

export interface StoredTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array } as const;
const MAX_HEADER = 100_000_000; // the format's own limit

/**
 * Reads a safetensors file: an 8-byte length, a JSON header, the tensors.
 * @throws UserError where the file is not one, is cut short, or has an element type we do not read.
 */
export async function readSafetensors(path: string): Promise<{ tensors: Map<string, StoredTensor>; metadata: Record<string, string> }> {
  return decodeSafetensors(await readFile(path), path);
}

/** The same from bytes in memory; `path` is for messages. */
export function decodeSafetensors(bytes: Uint8Array, path: string): { tensors: Map<string, StoredTensor>; metadata: Record<string, string> } {
  const wrong = (problem: string) => new UserError(`${path}: ${problem}; is this a safetensors file, and is it whole?`);
  if (bytes.length < 8) throw wrong('too short to hold a header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER || 8 + length > bytes.length) throw wrong(`the header would be ${length} bytes long`);
  let header: Record<string, HeaderEntry | Record<string, string>>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as typeof header;
  } catch {
    throw wrong('the header is not JSON');
  }
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    tensors.set(name, readTensor(name, entry as HeaderEntry, bytes.subarray(8 + length), wrong));
  }
  return { tensors, metadata: (header['__metadata__'] ?? {}) as Record<string, string> };
}

function readTensor(name: string, entry: HeaderEntry, body: Uint8Array, wrong: (problem: string) => UserError): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!(dtype in arrays)) throw wrong(`tensor ${name} has element type ${dtype}, which is not read`);
  const type = arrays[dtype as Dtype];
  if (!Array.isArray(shape) || !Array.isArray(offsets)) throw wrong(`the entry of tensor ${name} is not complete`);
  const [start, end] = offsets;
  const count = shape.reduce((n: number, d: number) => n * d, 1);
  if (!(start >= 0 && end <= body.length && end - start === count * type.BYTES_PER_ELEMENT)) {
    throw wrong(`tensor ${name} [${shape.join(', ')}] does not lie inside the file`);
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
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 8 + header.length + entries[i]![1].data_offsets[0]!);
  });
  return bytes;
}
