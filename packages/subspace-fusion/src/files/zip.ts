import type { Bytes } from './bytes.js';
import { printable } from './text.js';

/** A file inside a zip archive, stored as it is. */
export interface ZipEntry {
  /** Place of its first byte in the archive, and number of bytes. */
  readonly at: number;
  readonly size: number;
}

/** Signatures, and lengths without names (PKWARE APPNOTE 6.3.10, 4.3.7, 4.3.12, 4.3.14 to 4.3.16). */
const LOCAL = { signature: 0x04034b50, length: 30 };
const CENTRAL = { signature: 0x02014b50, length: 46 };
const END = { signature: 0x06054b50, length: 22 };
const END_64 = { signature: 0x06064b50, length: 56 };
const LOCATOR_64 = { signature: 0x07064b50, length: 20 };
const MAX_COMMENT = 0xffff;
/** What a field holds whose value stands in a 64-bit field. */
const IN_64 = 0xffffffff;

/** A tensor is an archive of about eight files. A list that is longer than this is none of a tensor's. */
const MAX_LIST = 1 << 20;

/**
 * The files of an archive, by name. A compressed file is refused: torch.save compresses nothing, and nothing that is not
 * decompressed can blow up.
 * @throws {InputError} for an archive that is damaged, cut short, or compressed.
 */
export function zipEntries(bytes: Bytes): Map<string, ZipEntry> {
  const { at, size } = listOf(bytes);
  if (size > MAX_LIST)
    throw bytes.wrong('the archive lists more files than torch.save writes', 'Save the features alone');
  const list = Buffer.from(bytes.read(at, size));
  const entries = new Map<string, ZipEntry>();
  for (let next = 0; next < list.length;) {
    if (next + CENTRAL.length > list.length || list.readUInt32LE(next) !== CENTRAL.signature)
      throw bytes.wrong("the archive's list of files is damaged");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => list.readUInt16LE(next + field)) as [
      number,
      number,
      number,
    ];
    const nameEnd = next + CENTRAL.length + nameLength;
    const name = list.toString('utf8', next + CENTRAL.length, nameEnd);
    if (list.readUInt16LE(next + 10) !== 0)
      throw bytes.wrong(
        `'${printable(name)}' in it is compressed`,
        'Save the tensor with torch.save, which compresses nothing',
      );
    entries.set(name, entryOf(list, next, list.subarray(nameEnd, nameEnd + extraLength), bytes));
    next = nameEnd + extraLength + commentLength;
  }
  return entries;
}

/** Where the list of files stands; it is found from the end of the archive. */
function listOf(bytes: Bytes): { at: number; size: number } {
  const tailLength = Math.min(bytes.size, END.length + MAX_COMMENT);
  const tail = Buffer.from(bytes.read(bytes.size - tailLength, tailLength));
  let end = tail.length - END.length;
  while (end >= 0 && tail.readUInt32LE(end) !== END.signature) end--;
  if (end < 0) throw bytes.wrong('the end of the zip archive is missing: the file is cut short, or no zip archive');
  const [size, at] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (at !== IN_64 && size !== IN_64) return { at, size };
  const locatorAt = bytes.size - tail.length + end - LOCATOR_64.length;
  const locator = Buffer.from(bytes.read(locatorAt, LOCATOR_64.length));
  if (locator.readUInt32LE(0) !== LOCATOR_64.signature) throw bytes.wrong('the end of the zip archive is damaged');
  const end64 = Buffer.from(bytes.read(Number(locator.readBigUInt64LE(8)), END_64.length));
  if (end64.readUInt32LE(0) !== END_64.signature) throw bytes.wrong('the end of the zip archive is damaged');
  return { size: Number(end64.readBigUInt64LE(40)), at: Number(end64.readBigUInt64LE(48)) };
}

/** An entry of the list. The bytes themselves start after the file's own header, whose length only that header says. */
function entryOf(list: Buffer, at: number, extra: Buffer, bytes: Bytes): ZipEntry {
  const large = sizes64(extra);
  const field = (offset: number): number => {
    const value = list.readUInt32LE(at + offset);
    if (value !== IN_64) return value;
    const value64 = large.shift();
    if (value64 === undefined) throw bytes.wrong("the archive's list of files is damaged");
    return Number(value64);
  };
  const size = field(24);
  field(20); // the compressed size is the same one
  const start = field(42);
  const local = Buffer.from(bytes.read(start, LOCAL.length));
  if (local.readUInt32LE(0) !== LOCAL.signature)
    throw bytes.wrong('a file in the archive has no header: the archive is damaged');
  const first = start + LOCAL.length + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (first + size > bytes.size)
    throw bytes.wrong('a file in the archive does not lie inside it: the archive is cut short or damaged');
  return { at: first, size };
}

/** The 64-bit values of an entry (extra field 1), in the order size, compressed size, place; those that fit 32 bits are left out. */
function sizes64(extra: Buffer): bigint[] {
  for (let at = 0; at + 4 <= extra.length;) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    const data = extra.subarray(at + 4, at + 4 + length);
    if (id === 1) return Array.from({ length: data.length >> 3 }, (_, i) => data.readBigUInt64LE(8 * i));
    at += 4 + length;
  }
  return [];
}
