import { open } from 'node:fs/promises';
import { File, Module, ready, type Dataset } from 'h5wasm/node';
import { widenHalves } from './element-type.js';
import { badInput, InputError } from './errors.js';
import { whatItIs } from './signature.js';
import { requireFile } from './table.js';
import { printable } from './text.js';

const SIGNATURE = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Checks what the HDF5 library does not tell apart: a file that is missing, one that is no HDF5, and one that was cut short. The
 * superblock stores the address of the end of the file (HDF5 File Format Specification 3.0, II.A).
 */
async function requireHdf5(file: string): Promise<void> {
  await requireFile(file);
  const handle = await open(file);
  try {
    const head = Buffer.alloc(64);
    await handle.read(head, 0, head.length, 0);
    if (!head.subarray(0, 8).equals(SIGNATURE)) throw badInput({ file, ...whatItIs(head, 'HDF5') });
    const version = head[8];
    const end = Number(head.readBigUInt64LE(version === 0 ? 40 : version === 1 ? 44 : 28));
    const { size } = await handle.stat();
    if (size < end) {
      throw badInput({
        file,
        message: `the HDF5 file is cut short: ${size} of ${end} bytes`,
        remedy: 'Copy or extract it again',
      });
    }
  } finally {
    await handle.close();
  }
}

/**
 * The file whose damage made the library fail inside WebAssembly, if one did. Nobody knows what the library's memory holds after
 * that, so it reads nothing more.
 */
let stoppedBy: string | undefined;

/**
 * Opens an HDF5 file for reading, hands it to `use`, and closes it whatever happens. The library keeps parts of a file that it
 * failed to read, so it sees what is written over that file in place only in a new process; a new file of that name it does see.
 * @throws {InputError} for a file that is missing, no HDF5, cut short, or damaged inside.
 */
export async function withHdf5<T>(file: string, use: (hdf5: File) => T): Promise<T> {
  await requireHdf5(file);
  await ready;
  if (stoppedBy !== undefined) {
    const message = `this was not read, because the damaged file ${stoppedBy} stopped the HDF5 library`;
    throw badInput({ file, message, remedy: 'Replace or remove that file and start again' });
  }
  try {
    return withOpenFile(file, use);
  } catch (error) {
    // A TypeError would be a mistake of ours.
    if (error instanceof InputError || error instanceof TypeError) throw error;
    if ((error as Error).name === 'RuntimeError') stoppedBy = file; // a trap of WebAssembly
    throw badInput({
      file,
      message: `the HDF5 file cannot be read (${reasonOf(error)})`,
      remedy: 'Copy or extract it again',
    });
  }
}

function withOpenFile<T>(file: string, use: (hdf5: File) => T): T {
  let hdf5: File | undefined;
  try {
    // Without its throwing handler the library hands out what was in memory when a read fails.
    Module.activate_throwing_error_handler();
    hdf5 = new File(file, 'r');
    return use(hdf5);
  } finally {
    Module.deactivate_throwing_error_handler();
    hdf5?.close();
  }
}

/** The innermost reason of the library's error stack, whose lines end in "in function(): reason". */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return [...message.matchAll(/in \w+\(\): (.*)/g)].at(-1)?.[1] ?? message.split('\n')[0];
}

/** Filters from this number on are other people's: LZF, Blosc, Zstandard. The library reads its own: gzip, shuffle, checksums. */
const FIRST_FOREIGN_FILTER = 256;

/** Refuses a dataset that is compressed in a way which the library cannot undo. Throws {@link InputError}. */
export function requireKnownFilters(dataset: Dataset, file: string): void {
  const foreign = (dataset.filters as { id: number; name: string }[]).find(({ id }) => id >= FIRST_FOREIGN_FILTER);
  if (!foreign) return;
  const message = `'${printable(dataset.path)}' is compressed with the filter ${printable(foreign.name) || foreign.id}, which is not supported`;
  throw badInput({ file, message, remedy: 'Write it with gzip or without compression' });
}

const FLOAT = 1;

/** Whether a dataset holds floating-point numbers that {@link readFloatRows} reads. */
export function isFloatDataset({ metadata }: Dataset): boolean {
  return metadata.type === FLOAT && metadata.littleEndian && [2, 4, 8].includes(metadata.size);
}

/**
 * Rows `from`…`to − 1` of a matrix `[n, width]` (or `[1, n, width]`) of float16, float32 or float64, as float32, row-major.
 * Only these rows are read from the disk.
 */
export function readFloatRows(dataset: Dataset, from: number, to: number): Float32Array {
  const shape = dataset.shape!;
  const leading = shape.slice(0, -2);
  const width = shape.at(-1)!;
  if (dataset.metadata.size === 2) {
    const count = [...leading, to - from, width].map(BigInt);
    const offset = [...leading.map(() => 0), from, 0].map(BigInt);
    return widenHalves(readHalves(dataset, count, offset));
  }
  const rows = dataset.slice([...leading.map((): [] => []), [from, to], []]) as Float32Array | Float64Array;
  return rows instanceof Float32Array ? rows : Float32Array.from(rows);
}

/** The bits of float16 numbers, by the library's raw call: its own accessors refuse this type. */
function readHalves(dataset: Dataset, count: bigint[], offset: bigint[]): Uint16Array {
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
