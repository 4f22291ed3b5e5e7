/**
 * What the readers of subspace-fusion take from `node:fs` and `node:fs/promises`, on {@link putFile}'s files. Files are read by
 * stretches, never whole unless the reader asks for it. Works in a worker only: there a file can be read without waiting.
 */
import { Buffer } from 'buffer';
import { Readable } from 'readable-stream';
import { fileAt } from './files.js';

interface Stats {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

export function statSync(path: string): Stats {
  const { size } = fileAt(path);
  return { size, isFile: () => true, isDirectory: () => false };
}

export const stat = async (path: string): Promise<Stats> => statSync(path);

const opened = new Map<number, string>();
let nextDescriptor = 3;

export function openSync(path: string): number {
  fileAt(path);
  opened.set(nextDescriptor, path);
  return nextDescriptor++;
}

export const fstatSync = (descriptor: number): Stats => statSync(opened.get(descriptor)!);

/** Copies up to `length` bytes from `position` of the file to `offset` of `into`; returns how many. */
export function readSync(
  descriptor: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  const part = fileAt(opened.get(descriptor)!).slice(position, position + length);
  into.set(new Uint8Array(new FileReaderSync().readAsArrayBuffer(part)), offset);
  return part.size;
}

export const closeSync = (descriptor: number): boolean => opened.delete(descriptor);

/** A file that is open for reading. */
export async function open(path: string) {
  const descriptor = openSync(path);
  return {
    stat: async () => fstatSync(descriptor),
    async read(buffer: Uint8Array, offset: number, length: number, position: number) {
      return { buffer, bytesRead: readSync(descriptor, buffer, offset, length, position) };
    },
    close: async () => void closeSync(descriptor),
  };
}

/** Dropped files have no folder. */
export const readdir = async (): Promise<string[]> => [];

export async function readFile(path: string, encoding?: 'utf8'): Promise<Uint8Array | string> {
  const file = fileAt(path);
  return encoding === 'utf8' ? file.text() : Buffer.from(await file.arrayBuffer());
}

/** Bytes at a time. */
const STRETCH = 1 << 20;

export function createReadStream(path: string): Readable {
  const file = fileAt(path);
  async function* stretches() {
    for (let at = 0; at < file.size; at += STRETCH) yield Buffer.from(await file.slice(at, at + STRETCH).arrayBuffer());
  }
  return Readable.from(stretches(), { objectMode: false });
}
