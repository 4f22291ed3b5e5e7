import { badInput, type InputError } from './errors.js';
import { HEAD, kindOf, type FileKind } from './signature.js';
import { joinBytes } from './source.js';

/** Kinds of files that are taken for text, and what to do with one. */
const NOT_TEXT: { readonly [K in FileKind]?: readonly [words: string, remedy: string] } = {
  zip: ['an Excel or zip file, not text', 'Save the sheet as CSV, or unpack the file'],
  'old excel': ['an old Excel file, not text', 'Save the sheet as CSV'],
  hdf5: ['an HDF5 file, not text', 'Only expression can be HDF5, as AnnData (.h5ad)'],
  'git lfs': ['a Git LFS pointer, not the file itself', 'Fetch it with `git lfs pull`'],
  'utf-16': ['text in UTF-16', 'Save it as UTF-8'],
  gzip: ['compressed by gzip', 'Decompress it'],
  bzip2: ['compressed by bzip2', 'Decompress it'],
  xz: ['compressed by xz', 'Decompress it'],
};

/**
 * The text of a user's file, which is UTF-8; a byte order mark is left out. Every reader of text files decodes with this function or, piece by
 * piece, with {@link decodePieces}, so that no letter is replaced in silence: two names that differ in it would become one.
 * @throws {InputError} for text in UTF-16, for a binary file, and for a byte that is not UTF-8, with its line.
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  return firstText(textDecoder(file)(bytes), file);
}

/**
 * {@link decodeText} of a table that comes in pieces; none of the texts ends within a letter. Letters with marks are one character each (NFC): what
 * looks the same is the same name, on whichever system it was written.
 */
export async function* decodePieces(pieces: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<string, void> {
  const decode = textDecoder(file);
  let cut: Uint8Array | undefined;
  let isFirst = true;
  const textOf = (bytes: Uint8Array): string => {
    const decoded = decode(bytes);
    const text = isFirst ? firstText(decoded, file) : decoded;
    isFirst = false;
    return text.length === bytes.length ? text : text.normalize(); // as many characters as bytes: all are ASCII
  };
  for await (const piece of pieces) {
    const bytes = cut ? joinBytes([cut, piece]) : piece;
    const end = composedEnd(bytes);
    cut = end < bytes.length ? bytes.subarray(end) : undefined;
    if (end > 0) yield textOf(bytes.subarray(0, end));
  }
  if (cut) yield textOf(cut);
}

/** How far a letter of ASCII is looked for: names without one are shorter. */
const LONGEST_NAME = 1 << 16;

/** Where bytes can be cut: before their last letter of ASCII, as marks for it and for those behind it may follow; or at least not within a letter. */
function composedEnd(bytes: Uint8Array): number {
  for (let at = bytes.length - 1; at >= Math.max(0, bytes.length - LONGEST_NAME); at--) if (bytes[at] < 128) return at;
  return lettersEnd(bytes);
}

/** The beginning of a text without a byte order mark; a page that a server sent instead of the file is refused. */
function firstText(text: string, file: string): string {
  const own = text.startsWith('\ufeff') ? text.slice(1) : text;
  const markup = /^\s*<(!doctype|html|\?xml)/i.exec(own)?.[1].toLowerCase();
  if (markup !== undefined) {
    const message = markup === '?xml' ? 'this is XML' : 'this is a web page (HTML)';
    throw badInput({ file, message, remedy: 'Download the file itself, as plain text' });
  }
  return own;
}

/** Decodes the pieces of a file one after the other, each of whole letters. */
function textDecoder(file: string): (bytes: Uint8Array) => string {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const before = { feeds: 0, carriages: 0 };
  let isFirst = true;
  return (bytes) => {
    if (isFirst) requireTextKind(bytes.subarray(0, HEAD), file);
    isFirst = false;
    if (bytes.includes(0))
      throw badInput({ file, message: 'this is a binary file, not text', remedy: 'Name the text file itself' });
    try {
      const text = utf8.decode(bytes);
      countLines(bytes, before);
      return text;
    } catch {
      throw notUtf8(file, bytes, before);
    }
  };
}

function requireTextKind(head: Uint8Array, file: string): void {
  const known = NOT_TEXT[hasUtf16Zeros(head) ? 'utf-16' : kindOf(head)];
  if (known) throw badInput({ file, message: `this is ${known[0]}`, remedy: known[1] });
}

/** Whether the text is UTF-16 without a byte order mark: every other byte of Latin letters is 0. */
function hasUtf16Zeros(head: Uint8Array): boolean {
  const zerosAt = (half: number) => head.filter((byte, i) => byte === 0 && i % 2 === half).length;
  const [even, odd] = [zerosAt(0), zerosAt(1)];
  return head.length > 3 && (even === 0 || odd === 0) && even + odd > head.length / 4;
}

interface Lines {
  feeds: number;
  carriages: number;
}

/** Adds the line ends in the bytes. Where there is any LF, CR is a part of a line end or a letter. */
function countLines(bytes: Uint8Array, lines: Lines): void {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines.feeds++;
  if (lines.feeds > 0) return;
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) lines.carriages++;
}

/** Bytes that follow in the letter of UTF-8 that a byte starts; undefined where no letter starts with it. */
function following(byte: number): number | undefined {
  if (byte < 0x80) return 0;
  if (byte < 0xc2 || byte > 0xf4) return undefined;
  return byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
}

/** The error for bytes of which one is not UTF-8; most often the file was saved in a code page of Windows. */
function notUtf8(file: string, bytes: Uint8Array, before: Lines): InputError {
  const at = firstWrong(bytes);
  const lines = { ...before };
  countLines(bytes.subarray(0, at), lines);
  const byte = bytes[at].toString(16).toUpperCase().padStart(2, '0');
  const letter = new TextDecoder('windows-1252').decode(bytes.subarray(at, at + 1));
  return badInput({
    file,
    row: (lines.feeds || lines.carriages) + 1,
    message: `the text is not UTF-8 (byte 0x${byte}, '${letter}' in Windows-1252)`,
    remedy: "Save it as UTF-8; a spreadsheet calls it 'CSV UTF-8'",
  });
}

/** Place of the first byte that is no part of a letter of UTF-8. */
function firstWrong(bytes: Uint8Array): number {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  for (let at = 0; at < bytes.length;) {
    const more = following(bytes[at]);
    if (more === undefined) return at;
    const end = at + 1 + more;
    try {
      if (more > 0) utf8.decode(bytes.subarray(at, end));
    } catch {
      return at;
    }
    at = end;
  }
  return bytes.length - 1;
}

/** Where a letter of UTF-8 starts that the bytes cut off; their length where they end with a letter. */
function lettersEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const more = following(bytes[bytes.length - back]);
    if (more === 0) break;
    if (more !== undefined) return more >= back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
