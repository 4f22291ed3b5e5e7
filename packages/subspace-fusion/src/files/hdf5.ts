import { loadLibrary, placeOf, type Library } from '#hdf5';
import type { Dataset, File, Group } from 'h5wasm';
import { requireContent, widenHalves } from './bytes.js';
import { badInput, InputError } from './errors.js';
import { HEAD, whatItIs } from './signature.js';
import type { Source } from './source.js';
import { latin1, printable } from './text.js';

export type { Dataset, File, Group } from 'h5wasm';
export type { Library } from '#hdf5';

const SIGNATURE = '\x89HDF\r\n\x1a\n';

/**
 * Checks what the HDF5 library does not tell apart: a file that is no HDF5, and one that was cut short. The superblock stores the
 * address of the end of the file (HDF5 File Format Specification 3.0, II.A).
 */
async function requireHdf5(source: Source): Promise<void> {
  requireContent(source);
  const { name: file, size } = source;
  const head = await source.read(0, HEAD);
  if (!latin1(head).startsWith(SIGNATURE)) throw badInput({ file, ...whatItIs(head, 'HDF5') });
  const version = head[8];
  const at = version === 0 ? 40 : version === 1 ? 44 : 28;
  const end =
    at + 8 > head.length
      ? Infinity
      : Number(new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(at, true));
  if (size >= end) return;
  const message = `the HDF5 file is cut short: ${size}${end === Infinity ? '' : ` of ${end}`} bytes`;
  throw badInput({ file, message, remedy: 'Copy or extract it again' });
}

/**
 * The file whose damage made the library fail inside WebAssembly, if one did. Nobody knows what the library's memory holds after
 * that, so it reads nothing more.
 */
let stoppedBy: string | undefined;

/** The file that is open now: the library has one way to report an error, so files are read one after the other. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Opens an HDF5 file for reading, hands it to `use`, and closes it whatever happens. The library keeps parts of a file that it
 * failed to read, so it sees what is written over that file in place only in a new process; a new file of that name it does see.
 * `use` opens no other HDF5 file: one is read at a time.
 * @throws {InputError} for a file that is no HDF5, cut short, or damaged inside.
 */
export async function withHdf5<T>(source: Source, use: (hdf5: File, library: Library) => T | Promise<T>): Promise<T> {
  await requireHdf5(source);
  const library = await loadLibrary();
  const work = last.then(() => withOpenFile(source, library, use));
  last = work.catch(() => undefined);
  return work;
}

async function withOpenFile<T>(
  source: Source,
  library: Library,
  use: (hdf5: File, library: Library) => T | Promise<T>,
): Promise<T> {
  const file = source.name;
  if (stoppedBy !== undefined) {
    const message = `this was not read, because the damaged file ${stoppedBy} stopped the HDF5 library`;
    throw badInput({ file, message, remedy: 'Replace or remove that file and start again' });
  }
  const place = await placeOf(source, library);
  let hdf5: File | undefined;
  try {
    // Without its throwing handler the library hands out what was in memory when a read fails.
    library.Module.activate_throwing_error_handler();
    hdf5 = place.open();
    return await use(hdf5, library);
  } catch (error) {
    // A TypeError would be a mistake of ours.
    if (error instanceof InputError || error instanceof TypeError) throw error;
    if (error instanceof Error && error.name === 'RuntimeError') stoppedBy = file; // a trap of WebAssembly
    throw badInput({
      file,
      message: `the HDF5 file cannot be read (${reasonOf(error)})`,
      remedy: 'Copy or extract it again',
    });
  } finally {
    library.Module.deactivate_throwing_error_handler();
    hdf5?.close();
    await place.leave();
  }
}

/** The innermost reason of the library's error stack, whose lines end in "in function(): reason". */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return [...message.matchAll(/in \w+\(\): (.*)/g)].at(-1)?.[1] ?? message.split('\n')[0];
}

export type Entity = ReturnType<Group['get']>;

/** The dataset of this name; undefined where there is none, or something else. */
export function datasetIn(group: Group, name: string): Dataset | undefined {
  const entity = group.keys().includes(name) ? group.get(name) : undefined;
  return isDataset(entity) ? entity : undefined;
}

/** The group of this name; undefined where there is none, or something else. */
export function groupIn(group: Group, name: string): Group | undefined {
  const entity = group.keys().includes(name) ? group.get(name) : undefined;
  return isGroup(entity) ? entity : undefined;
}

// The library is loaded when it is needed, and so are its classes: entities are told apart by what they say of themselves.
export const isDataset = (entity: Entity | undefined): entity is Dataset => typeIn(entity) === 'Dataset';
export const isGroup = (entity: Entity | undefined): entity is Group => typeIn(entity) === 'Group';

const typeIn = (entity: Entity | undefined): string | undefined =>
  entity && 'type' in entity ? entity.type : undefined;

/** Filters from this number on are other people's: LZF, Blosc, Zstandard. The library reads its own: gzip, shuffle, checksums. */
const FIRST_FOREIGN_FILTER = 256;

/** Refuses a dataset that is compressed in a way which the library cannot undo. Throws {@link InputError}. */
export function requireKnownFilters(dataset: Dataset, file: string): void {
  const foreign = (dataset.filters as { id: number; name: string }[]).find(({ id }) => id >= FIRST_FOREIGN_FILTER);
  if (!foreign) return;
  const message = `'${printable(dataset.path)}' is compressed with the filter ${printable(foreign.name) || foreign.id}, which is not supported`;
  throw badInput({ file, message, remedy: 'Write it with gzip or without compression' });
}

/** The type of a dataset's numbers in words; those of records are long. */
export const typeName = ({ dtype }: Dataset): string =>
  typeof dtype === 'string' ? dtype : printable(JSON.stringify(dtype));

const FLOAT = 1;

/** Whether a dataset holds floating-point numbers that {@link readFloatRows} reads. */
export function isFloatDataset({ metadata }: Dataset): boolean {
  return metadata.type === FLOAT && metadata.littleEndian && [2, 4, 8].includes(metadata.size);
}

/**
 * Rows `from`…`to − 1` of a matrix `[n, width]` (or `[1, n, width]`) of float16, float32 or float64, as float32, row-major.
 * Only these rows are read from the disk.
 */
export function readFloatRows(dataset: Dataset, from: number, to: number, library: Library): Float32Array {
  const shape = dataset.shape ?? [];
  const leading = shape.slice(0, -2);
  const width = shape.at(-1) ?? 0;
  if (dataset.metadata.size === 2) {
    const count = [...leading, to - from, width].map(BigInt);
    const offset = [...leading.map(() => 0), from, 0].map(BigInt);
    return widenHalves(readHalves(dataset, count, offset, library));
  }
  const rows = dataset.slice([...leading.map((): [] => []), [from, to], []]) as Float32Array | Float64Array;
  return rows instanceof Float32Array ? rows : Float32Array.from(rows);
}

/** The bits of float16 numbers, by the library's raw call: its own accessors refuse this type. */
function readHalves(dataset: Dataset, count: bigint[], offset: bigint[], { Module }: Library): Uint16Array {
  const bytes = 2 * Number(count.reduce((product, n) => product * n, 1n));
  const at = Module._malloc(bytes);
  try {
    Module.get_dataset_data(
      dataset.file_id,
      dataset.path,
      count,
      offset,
      count.map(() => 1n),
      BigInt(at),
    );
    return new Uint16Array(Module.HEAPU8.slice(at, at + bytes).buffer);
  } finally {
    Module._free(at);
  }
}
