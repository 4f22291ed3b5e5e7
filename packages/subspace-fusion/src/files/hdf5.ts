import { handOver, startLibrary } from '#hdf5';
import { requireContent } from './bytes.js';
import { badInput, InputError } from './errors.js';
import { newPulse, Stalled, watch } from './hdf5/watch.js';
import type { Ahead, Entity, Group, Hdf5Tasks, Range, StoredData, Values } from './hdf5/tasks.js';
import { HEAD, whatItIs } from './signature.js';
import type { Source } from './source.js';
import { latin1, printable } from './text.js';
import { connect, UnforeseenError, type Connection, type Port } from './worker.js';

export type { Entity, Group, StoredData } from './hdf5/tasks.js';

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

/** An HDF5 file that is open. All that is read of it is read by the library in a worker. */
export interface Hdf5 {
  readonly root: Group;
  /** What a group has under this name; undefined where that is nothing, or neither a group nor a dataset. */
  get(group: Group, name: string): Promise<Entity | undefined>;
  /** Values of those of these attributes that an entity has; without those that are tables of their own. */
  attributes(of: Entity, names: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
  /** Values of a dataset within these ranges, one per axis. Only these are read from the disk. */
  read(dataset: StoredData, ranges: readonly Range[]): Promise<Values>;
  /**
   * Rows `from`…`to − 1` of a matrix `[n, width]` (or `[1, n, width]`) of float16, float32 or float64, as float32, row-major.
   * Only these rows are read from the disk.
   */
  floatRows(dataset: StoredData, from: number, to: number): Promise<Float32Array>;
}

/** The worker that has the library. A damaged file can make the library loop for ever or spoil its memory: then the worker is ended. */
interface Library {
  readonly port: Port;
  readonly tasks: Connection<Hdf5Tasks>;
  ended: boolean;
}

let running: Promise<Library> | undefined;

async function start(): Promise<Library> {
  const port = startLibrary();
  const tasks = connect<Hdf5Tasks>(port);
  await tasks.load(undefined);
  return { port, tasks, ended: false };
}

/** The running worker; a new one where there is none, or the last one could not be started. */
async function library(): Promise<Library> {
  const starting = (running ??= start());
  starting.catch(() => {
    if (running === starting) running = undefined;
  });
  return starting;
}

/** Ends the worker; the next file gets a new one. */
async function end(worker: Library): Promise<void> {
  running = undefined;
  worker.ended = true;
  await worker.port.close();
}

/** The file that is open now: the library has one way to report an error, so files are read one after the other. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Opens an HDF5 file for reading, hands it to `use`, and closes it whatever happens. A file over which the library makes no progress for
 * some seconds is given up, and the next is read by a new worker; after one that the library failed to read, it starts from its first state.
 * `use` opens no other HDF5 file: one is read at a time.
 * @param ahead What `use` is known to ask for comes with the opening, in one message: headers of many files are read so.
 * @throws {InputError} for a file that is no HDF5, cut short, or damaged inside.
 */
export async function withHdf5<T>(source: Source, use: (hdf5: Hdf5) => Promise<T>, ahead?: Ahead): Promise<T> {
  await requireHdf5(source);
  const work = last.then(() => withOpenFile(source, use, ahead));
  last = work.catch(() => undefined);
  return work;
}

async function withOpenFile<T>(source: Source, use: (hdf5: Hdf5) => Promise<T>, ahead?: Ahead): Promise<T> {
  const { name, size } = source;
  const worker = await library();
  const { tasks } = worker;
  const { file, done } = await handOver(source);
  const pulse = newPulse();
  let mustClose = true;
  async function watched<R>(call: Promise<R>): Promise<R> {
    mustClose = true;
    try {
      return await watch(call, pulse);
    } catch (error) {
      if (error instanceof InputError || error instanceof UnforeseenError) throw error;
      await end(worker);
      const how = error instanceof Stalled ? 'makes no progress' : `fails: ${printable(String(error))}`;
      const message = `the HDF5 file is damaged (the library that reads it ${how})`;
      throw badInput({ file: name, message, remedy: 'Copy or extract it again' });
    }
  }
  try {
    const opened = await watched(tasks.open({ file, name, size, pulse, ...(ahead && { ahead }) }));
    const { root, entities, attributes } = opened;
    if (root?.kind !== 'group') throw new Error('an HDF5 file without a root');
    mustClose = ahead === undefined;
    return await use({
      root,
      async get(group, child) {
        if (!group.keys.includes(child)) return undefined;
        if (group === root && ahead?.names.includes(child)) return entities.get(child);
        return watched(tasks.look(`${group.path === '/' ? '' : group.path}/${child}`));
      },
      async attributes({ path }, names) {
        const known = names.every((name) => ahead?.attributes.includes(name)) ? attributes.get(path) : undefined;
        return known ?? watched(tasks.attributes({ path, names }));
      },
      read: ({ path }, ranges) => watched(tasks.read({ path, ranges })),
      floatRows: ({ path }, from, to) => watched(tasks.floatRows({ path, from, to })),
    });
  } finally {
    if (mustClose && !worker.ended) {
      const sound = await watched(tasks.close(undefined));
      if (!sound) await end(worker);
    }
    await done();
  }
}

/** The dataset of this name; undefined where there is none, or something else. */
export async function datasetIn(hdf5: Hdf5, group: Group, name: string): Promise<StoredData | undefined> {
  const entity = await hdf5.get(group, name);
  return entity?.kind === 'dataset' ? entity : undefined;
}

/** The group of this name; undefined where there is none, or something else. */
export async function groupIn(hdf5: Hdf5, group: Group, name: string): Promise<Group | undefined> {
  const entity = await hdf5.get(group, name);
  return entity?.kind === 'group' ? entity : undefined;
}

/** Filters from this number on are other people's: LZF, Blosc, Zstandard. The library reads its own: gzip, shuffle, checksums. */
const FIRST_FOREIGN_FILTER = 256;

/** Refuses a dataset that is compressed in a way which the library cannot undo. Throws {@link InputError}. */
export function requireKnownFilters(dataset: StoredData, file: string): void {
  const foreign = dataset.filters.find(({ id }) => id >= FIRST_FOREIGN_FILTER);
  if (!foreign) return;
  const message = `'${printable(dataset.path)}' is compressed with the filter ${printable(foreign.name) || foreign.id}, which is not supported`;
  throw badInput({ file, message, remedy: 'Write it with gzip or without compression' });
}

/** Whether a dataset holds floating-point numbers that {@link Hdf5.floatRows} reads. */
export const isFloatDataset = ({ type, littleEndian, size }: StoredData): boolean =>
  type === 'float' && littleEndian && [2, 4, 8].includes(size);
