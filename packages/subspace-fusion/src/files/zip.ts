import type { Bytes } from './bytes.js';
import { printable, utf8 } from './text.js';

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
export async function zipEntries(bytes: Bytes): Promise<Map<string, ZipEntry>> {
  const { at, size } = await listOf(bytes);
  if (size > MAX_LIST)
    throw bytes.wrong('the archive lists more files than torch.save writes', 'Save the features alone');
  const names = await bytes.read(at, size);
  const list = viewOf(names);
  const entries = new Map<string, ZipEntry>();
  for (let next = 0; next < size;) {
    if (next + CENTRAL.length > size || list.getUint32(next, true) !== CENTRAL.signature)
      throw bytes.wrong("the archive's list of files is damaged");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      list.getUint16(next + field, true),
    ) as [number, number, number];
    const nameEnd = next + CENTRAL.length + nameLength;
    const name = utf8(names.subarray(next + CENTRAL.length, nameEnd));
    if (list.getUint16(next + 10, true) !== 0)
      throw bytes.wrong(
        `'${printable(name)}' in it is compressed`,
        'Save the tensor with torch.save, which compresses nothing',
      );
    entries.set(name, await entryOf(list, next, viewOf(names.subarray(nameEnd, nameEnd + extraLength)), bytes));
    next = nameEnd + extraLength + commentLength;
  }
  return entries;
}

/** Where the list of files stands; it is found from the end of the archive. */
async function listOf(bytes: Bytes): Promise<{ at: number; size: number }> {
  const tailLength = Math.min(bytes.size, END.length + MAX_COMMENT);
  const tail = viewOf(await bytes.read(bytes.size - tailLength, tailLength));
  let end = tailLength - END.length;
  while (end >= 0 && tail.getUint32(end, true) !== END.signature) end--;
  if (end < 0) throw bytes.wrong('the end of the zip archive is missing: the file is cut short, or no zip archive');
  const [size, at] = [tail.getUint32(end + 12, true), tail.getUint32(end + 16, true)];
  if (at !== IN_64 && size !== IN_64) return { at, size };
  const locatorAt = bytes.size - tailLength + end - LOCATOR_64.length;
  const locator = viewOf(await bytes.read(locatorAt, LOCATOR_64.length));
  if (locator.getUint32(0, true) !== LOCATOR_64.signature) throw bytes.wrong('the end of the zip archive is damaged');
  const end64 = viewOf(await bytes.read(Number(locator.getBigUint64(8, true)), END_64.length));
  if (end64.getUint32(0, true) !== END_64.signature) throw bytes.wrong('the end of the zip archive is damaged');
  return { size: Number(end64.getBigUint64(40, true)), at: Number(end64.getBigUint64(48, true)) };
}

/** An entry of the list. The bytes themselves start after the file's own header, whose length only that header says. */
async function entryOf(list: DataView, at: number, extra: DataView, bytes: Bytes): Promise<ZipEntry> {
  const large = sizes64(extra);
  const field = (offset: number): number => {
    const value = list.getUint32(at + offset, true);
    if (value !== IN_64) return value;
    const value64 = large.shift();
    if (value64 === undefined) throw bytes.wrong("the archive's list of files is damaged");
    return Number(value64);
  };
  const size = field(24);
  field(20); // the compressed size is the same one
  const start = field(42);
  const local = viewOf(await bytes.read(start, LOCAL.length));
  if (local.getUint32(0, true) !== LOCAL.signature)
    throw bytes.wrong('a file in the archive has no header: the archive is damaged');
  const first = start + LOCAL.length + local.getUint16(26, true) + local.getUint16(28, true);
  if (first + size > bytes.size)
    throw bytes.wrong('a file in the archive does not lie inside it: the archive is cut short or damaged');
  return { at: first, size };
}

/** The 64-bit values of an entry (extra field 1), in the order size, compressed size, place; those that fit 32 bits are left out. */
function sizes64(extra: DataView): bigint[] {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)];
    const inside = Math.min(length, extra.byteLength - at - 4);
    if (id === 1) return Array.from({ length: inside >> 3 }, (_, i) => extra.getBigUint64(at + 4 + 8 * i, true));
    at += 4 + length;
  }
  return [];
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
