import { badInput } from './errors.js';
import { baseName } from './text.js';

/**
 * The bytes of one file, wherever it is. Parsers read a `Source` and nothing else, so that they are the same program in Node and in a
 * browser.
 */
export interface Source {
  /** As a person calls it, for messages: a path, the name of a dropped file, an address. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Bytes from `offset` on: `length` of them, or fewer where the file ends before.
   * @throws {InputError} where the file cannot be read; the signal's reason where it was aborted.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
  /** Where a library that does its own reading finds the file: on this machine, or among the browser's. */
  readonly path?: string;
  readonly blob?: Blob;
}

/** Files by the names that a folder has for them: `model.json`, `explanations/background.json`. */
export interface Store {
  /** As a person calls it, for messages: the folder's path, or what was dropped. */
  readonly name: string;
  /** Opens a file; undefined where there is none of this name. */
  open(name: string): Promise<Source | undefined>;
}

/** A store that knows its files. */
export interface Folder extends Store {
  /** Names of its files, and of those in its folders as `folder/file`, one level down; in alphabetical order. */
  list(): Promise<readonly string[]>;
}

/** A dropped file, or any other blob. */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : 'data'): Source {
  return {
    name,
    size: blob.size,
    blob,
    read: async (offset, length, signal) => {
      signal?.throwIfAborted();
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
    close: () => Promise.resolve(),
  };
}

/** Dropped files by the names that their folder has for them; files of one name in two folders are two. */
export function blobStore(files: Readonly<Record<string, Blob>>, name = ''): Store {
  const known = new Map(Object.entries(files));
  return {
    name,
    open(path) {
      const file = known.get(path);
      return Promise.resolve(file && blobSource(file, path));
    },
  };
}

/** Bytes that are in memory already. */
export function bytesSource(bytes: Uint8Array, name = 'data'): Source {
  return {
    name,
    size: bytes.length,
    read(offset, length, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      return Promise.resolve(Uint8Array.from(bytes.subarray(offset, offset + length)));
    },
    close: () => Promise.resolve(),
  };
}

/** All bytes of a source. */
export async function readAll(source: Source, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return source.read(0, source.size, signal);
}

/** All of a source as text (UTF-8). */
export async function readText(source: Source, signal?: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readAll(source, signal));
}

/** Hands a source to `use`, and closes it whatever happens. */
export async function closing<T>(source: Source, use: (source: Source) => Promise<T>): Promise<T> {
  try {
    return await use(source);
  } finally {
    await source.close();
  }
}

/** Opens a file of a store, hands it to `use`, and closes it. Throws {@link InputError} where there is none of this name. */
export async function withEntry<T>(store: Store, name: string, use: (source: Source) => Promise<T>): Promise<T> {
  const source = await store.open(name);
  if (source) return closing(source, use);
  throw badInput({ file: `${store.name}/${name}`, message: 'the file does not exist', remedy: 'Put it there' });
}

/** Bytes that are in memory at a time while a file is read from end to end. */
const STRETCH = 1 << 20;

/** A source from its first byte to its last, a stretch at a time. */
export async function* stretches(source: Source): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for (let at = 0; at < source.size;) {
    const bytes = await source.read(at, STRETCH);
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

/** Pieces one after the other. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/**
 * A file behind an address, read by ranges: only what is asked for comes over the network. A server that answers no ranges sends the
 * whole file, once, which is then kept in memory.
 * @throws {InputError} here and in `read` where the server does not answer, or has no such file.
 */
export async function urlSource(
  address: string | URL,
  options: { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Source> {
  const url = new URL(address, base());
  const name = baseName(decodeURIComponent(url.pathname)) || url.href;
  const wrong = (message: string) => badInput({ file: url.href, message, remedy: 'Check the address' });

  async function ask(from: number, to: number, signal?: AbortSignal): Promise<Response> {
    const headers = new Headers(options.headers);
    headers.set('range', `bytes=${from}-${to}`);
    const response = await fetch(url, { headers, signal: signal ?? null }).catch((error: unknown) => {
      if (signal?.aborted) throw error;
      throw wrong('the server does not answer');
    });
    return response;
  }

  const first = await ask(0, 0);
  const size = /\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1];
  if (first.status === 206 && size !== undefined) {
    await first.arrayBuffer();
    return ranges(Number(size));
  }
  // 416: not even one byte is there.
  if (first.status === 416) return bytesSource(new Uint8Array(), name);
  if (!first.ok) throw wrong(`the server answers ${first.status}`);
  return bytesSource(new Uint8Array(await first.arrayBuffer()), name);

  function ranges(size: number): Source {
    return {
      name,
      size,
      async read(offset, length, signal) {
        signal?.throwIfAborted();
        const end = Math.min(offset + length, size);
        if (end <= offset) return new Uint8Array();
        const response = await ask(offset, end - 1, signal);
        if (response.status !== 206) throw wrong(`the server answers ${response.status} to a range`);
        return new Uint8Array(await response.arrayBuffer());
      },
      close: () => Promise.resolve(),
    };
  }
}

/** A page's own address, to which others may be relative. */
const base = (): string | undefined => (globalThis as { readonly location?: { readonly href: string } }).location?.href;
