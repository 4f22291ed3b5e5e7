import type * as h5wasm from 'h5wasm';
import type { Dataset, File } from 'h5wasm';
import { widenHalves } from '../bytes.js';
import { badInput, InputError, WorkError } from '../errors.js';
import { handingOver } from '../worker.js';
import { loadRewindable, type Rewind } from './rewind.js';

/** What the HDF5 worker does. It reads one file at a time, so that the library's errors and its damage are of that file. */

export type Library = typeof h5wasm;

/** Where the worker finds a file: on this machine, among the browser's, or in memory. */
export type FileToOpen = { readonly path: string } | { readonly blob: Blob } | { readonly bytes: Uint8Array };

/** A place where the library finds the file, and what takes it away again. */
export interface Place {
  readonly path: string;
  leave(): void;
}

/** The library as a platform loads it, and how it gets at a file there. */
export interface Platform {
  load(): Promise<Library>;
  placeOf(file: FileToOpen, library: Library): Place;
}

export interface Group {
  readonly kind: 'group';
  readonly path: string;
  /** Names of what is in it. */
  readonly keys: readonly string[];
}

/** A dataset without its numbers. */
export interface StoredData {
  readonly kind: 'dataset';
  readonly path: string;
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly type: 'integer' | 'float' | 'text' | 'other';
  /** The type in words. */
  readonly typeName: string;
  /** Bytes of one number. */
  readonly size: number;
  readonly littleEndian: boolean;
  readonly filters: readonly { readonly id: number; readonly name: string }[];
}

export type Entity = Group | StoredData;

/** What a reader will ask of a file: it comes with the opening, in one message. */
export interface Ahead {
  /** Names in the root. */
  readonly names: readonly string[];
  /** Attributes of the root and of what is under these names. */
  readonly attributes: readonly string[];
}

export interface Opened {
  readonly root: Entity | undefined;
  /** Of the names asked for ahead, those that are there. */
  readonly entities: ReadonlyMap<string, Entity>;
  /** Attributes by path, of the root and of `entities`. */
  readonly attributes: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** From, to (exclusive) along an axis; an empty list is all of it. */
export type Range = readonly [] | readonly [from: number, to: number];

/** Numbers (64-bit ones as BigInt), texts, or what else the library makes of other types. */
export type Values = unknown;

/** Moves whenever the library reads the file: odd while it waits for the disk. */
export type Pulse = Int32Array<ArrayBuffer | SharedArrayBuffer>;

/** What the library may read of a file in one task beyond twice its size. More is a loop. */
const FREE_BYTES = 64 << 20;
/** An attribute of more numbers or bytes than this is a table of its own, none that a reader asks for. */
const MOST_ITEMS = 16;
const MOST_BYTES = 1 << 16;

interface OpenFile {
  readonly name: string;
  readonly size: number;
  readonly place: Place;
  hdf5: File | undefined;
  /** Whether the library failed. An error leaves it in the middle of its work, so that it may fail on whole files afterwards. */
  hasFailed: boolean;
  /** Whether it failed by a trap or an end of the program rather than by an error that it reported. */
  hasCrashed: boolean;
}

/** The tasks that files/hdf5.ts calls; `load` comes first. */
export function hdf5Tasks(platform: Platform) {
  let library: Library | undefined;
  let open: OpenFile | undefined;
  let pulse: Pulse | undefined;
  let bytesRead = 0;
  let rewind: Rewind = () => false;

  /** Does one thing with the open file; what the library throws becomes the user's error about this file. */
  function reading<T>(work: (hdf5: File, library: Library) => T): Promise<T> {
    if (!library || !open) throw new Error('no HDF5 file is open');
    bytesRead = 0;
    try {
      open.hdf5 ??= new library.File(open.place.path, 'r');
      return Promise.resolve(work(open.hdf5, library));
    } catch (error) {
      if (error instanceof InputError) throw error;
      open.hasFailed = true;
      open.hasCrashed = isCrash(error);
      const message = `the HDF5 file cannot be read (${reasonOf(error)})`;
      throw badInput({ file: open.name, message, remedy: 'Copy or extract it again' });
    }
  }

  /** Lets the watch in the other thread see that the file is being read, and ends a loop that reads for ever. */
  function observeReads({ FS }: Library): void {
    const files = FS as unknown as { read(...args: unknown[]): number };
    const read = files.read.bind(files);
    files.read = (...args) => {
      if (open && bytesRead > 2 * open.size + FREE_BYTES) throw new Error('it has the library read it over and over');
      if (pulse) Atomics.add(pulse, 0, 1);
      try {
        const count = read(...args);
        bytesRead += count;
        return count;
      } finally {
        if (pulse) Atomics.add(pulse, 0, 1);
      }
    };
  }

  /** Puts the library back to where it was before it read anything. */
  function startAgain(): boolean {
    if (!library || !rewind()) return false;
    const { FS } = library as unknown as { FS: { streams: ({ fd: number } | null)[]; close(stream: object): void } };
    for (const stream of FS.streams) if (stream && stream.fd > 2) FS.close(stream); // 0 to 2 are the program's own
    return true;
  }

  return {
    async load(): Promise<void> {
      try {
        // Without its throwing handler the library hands out what was in memory when a read fails.
        const settle = ({ Module }: Library) => Module.activate_throwing_error_handler();
        ({ loaded: library, rewind } = await loadRewindable(() => platform.load(), settle));
      } catch (error) {
        if (error instanceof WorkError) throw error;
        const reason = error instanceof Error ? error.message.split('\n')[0].slice(0, 200) : String(error);
        throw new WorkError(
          `The HDF5 library could not be started (${reason}). Give the program more memory (ulimit -v limits it).`,
        );
      }
      observeReads(library);
    },

    /**
     * The root of a file and what is asked for ahead. The file is not kept open then: what needs it opens it again, and only then {@link close} must follow.
     */
    open(request: { file: FileToOpen; name: string; size: number; pulse: Pulse; ahead?: Ahead }): Promise<Opened> {
      const isIdle = open?.hdf5 === undefined && open?.hasFailed !== true;
      if (!library || !isIdle) throw new Error('the HDF5 library is not ready for a file');
      open?.place.leave();
      const { file, name, size, ahead } = request;
      pulse = request.pulse;
      const place = platform.placeOf(file, library);
      const opening: OpenFile = { name, size, place, hdf5: undefined, hasFailed: false, hasCrashed: false };
      open = opening;
      return reading((hdf5) => {
        const opened = openedOf(hdf5, ahead);
        if (ahead) {
          hdf5.close();
          opening.hdf5 = undefined;
        }
        return opened;
      });
    },

    /** What is at a path; undefined where it is neither a group nor a dataset. */
    look: (path: string): Promise<Entity | undefined> => reading((hdf5) => entityOf(hdf5.get(path))),

    /** Those of these attributes that are there and small. */
    attributes: ({ path, names }: { path: string; names: readonly string[] }): Promise<Record<string, unknown>> =>
      reading((hdf5) => attributesOf(path === '/' ? hdf5 : hdf5.get(path), names)),

    read: ({ path, ranges }: { path: string; ranges: readonly Range[] }): Promise<Values> =>
      reading((hdf5) => {
        const values: unknown = datasetAt(hdf5, path).slice(ranges.map((range): [] | [number, number] => [...range]));
        return ArrayBuffer.isView(values) ? handingOver(values, [values.buffer]) : values;
      }),

    floatRows: ({ path, from, to }: { path: string; from: number; to: number }): Promise<Float32Array> =>
      reading((hdf5, library) => {
        const rows = readFloatRows(datasetAt(hdf5, path), from, to, library);
        return handingOver(rows, [rows.buffer]);
      }),

    /** Closes the file, if one is open. Whether the library may read another one. */
    close(): Promise<boolean> {
      const closing = open;
      open = undefined;
      if (!closing) return Promise.resolve(true);
      try {
        if (!closing.hasFailed) closing.hdf5?.close();
        else if (closing.hasCrashed || !startAgain()) return Promise.resolve(false);
        closing.place.leave();
        return Promise.resolve(true);
      } catch {
        return Promise.resolve(false);
      }
    },
  };
}

export type Hdf5Tasks = ReturnType<typeof hdf5Tasks>;

/** The innermost reason of the library's error stack, whose lines end in "in function(): reason". */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return [...message.matchAll(/in \w+\(\): (.*)/g)].at(-1)?.[1] ?? message.split('\n')[0].slice(0, 200);
}

/** A trap, or an end of the program by itself: its JavaScript may be in any state then. */
const isCrash = (error: unknown): boolean =>
  !(error instanceof Error) || error.name === 'RuntimeError' || error.message.includes('Aborted(');

type LibraryEntity = ReturnType<File['get']>;

const isDataset = (entity: LibraryEntity): entity is Dataset =>
  entity !== null && 'type' in entity && (entity.type as string) === 'Dataset';

function datasetAt(hdf5: File, path: string): Dataset {
  const entity = hdf5.get(path);
  if (!isDataset(entity)) throw new Error(`there is no dataset '${path}'`);
  return entity;
}

function openedOf(hdf5: File, { names, attributes }: Ahead = { names: [], attributes: [] }): Opened {
  const root = entityOf(hdf5);
  const there = new Set(hdf5.keys());
  const entities = new Map<string, Entity>();
  const found = new Map([[hdf5.path, attributesOf(hdf5, attributes)]]);
  for (const name of names.filter((name) => there.has(name))) {
    const entity = hdf5.get(name);
    const stored = entityOf(entity);
    if (!stored) continue;
    entities.set(name, stored);
    found.set(stored.path, attributesOf(entity, attributes));
  }
  return { root, entities, attributes: found };
}

/** Those of these attributes that are there and small. */
function attributesOf(entity: LibraryEntity, names: readonly string[]): Record<string, unknown> {
  const attrs = entity && 'attrs' in entity ? entity.attrs : {};
  const found = names.flatMap((name) => {
    if (!(name in attrs)) return [];
    const { shape, metadata, value } = smallOnly(attrs[name]);
    return shape && metadata ? [[name, value] as const] : [];
  });
  return Object.fromEntries(found);
}

const TYPES: Readonly<Record<number, StoredData['type']>> = { 0: 'integer', 1: 'float', 3: 'text' };

function entityOf(entity: LibraryEntity): Entity | undefined {
  if (isDataset(entity)) {
    const { path, metadata } = entity;
    return {
      kind: 'dataset',
      path,
      shape: (metadata.shape ?? []).map(Number),
      chunks: (metadata.chunks ?? []).map(Number),
      type: TYPES[metadata.type] ?? 'other',
      typeName: typeNameOf(entity),
      size: metadata.size,
      littleEndian: metadata.littleEndian,
      filters: (entity.filters as StoredData['filters']).map(({ id, name }) => ({ id, name })),
    };
  }
  if (entity === null || !('keys' in entity)) return undefined;
  return { kind: 'group', path: entity.path, keys: entity.keys() };
}

/** The type of a dataset's numbers in words; those of records are long. */
function typeNameOf(dataset: Dataset): string {
  const { type, size } = dataset.metadata;
  // The library has no word for an integer of three bytes.
  if (type === 0 && ![1, 2, 4, 8].includes(size)) return `integer of ${size} bytes`;
  const { dtype } = dataset;
  return typeof dtype === 'string' ? dtype : JSON.stringify(dtype);
}

type Attribute = File['attrs'][string];

/** An attribute, but for one that is a table of its own. */
function smallOnly(attribute: Attribute): Partial<Attribute> {
  const { shape, metadata } = attribute;
  const items = (shape ?? []).reduce((product, n) => product * n, 1);
  return items <= MOST_ITEMS && items * metadata.size <= MOST_BYTES ? attribute : {};
}

/** Rows `from`…`to − 1` of a matrix `[n, width]` (or `[1, n, width]`) of float16, float32 or float64, as float32, row-major. */
function readFloatRows(dataset: Dataset, from: number, to: number, library: Library): Float32Array {
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
    const steps = count.map(() => 1n);
    Module.get_dataset_data(dataset.file_id, dataset.path, count, offset, steps, BigInt(at));
    return new Uint16Array(Module.HEAPU8.slice(at, at + bytes).buffer);
  } finally {
    Module._free(at);
  }
}
