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
}

/** Files by the names that a folder has for them: `model.json`, `explanations/background.json`. */
export interface Store {
  /** As a person calls it, for messages: the folder's path, or what was dropped. */
  readonly name: string;
  /** Opens a file; undefined where there is none of this name. */
  open(name: string): Promise<Source | undefined>;
}

/** A dropped file, or any other blob. */
export function blobSource(blob: Blob, name = blob instanceof File ? blob.name : 'data'): Source {
  return {
    name,
    size: blob.size,
    read: async (offset, length, signal) => {
      signal?.throwIfAborted();
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
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
