import type { Landmarks } from './mutate.js';

/** Where files of a format have their fields. */

const placesOf = (bytes: Buffer, signature: string): number[] => {
  const places: number[] = [];
  for (let at = bytes.indexOf(signature, 0, 'latin1'); at >= 0 && places.length < 500;)
    at = places.push(at) && bytes.indexOf(signature, at + 1, 'latin1');
  return places;
};

/** Each place of any of these. */
const signatures =
  (...of: readonly string[]): Landmarks =>
  (bytes) =>
    of.flatMap((signature) => placesOf(bytes, signature));

/** Superblock, B-trees, heaps, tables of names, object headers, and messages in them. */
export const HDF5 = signatures(
  '\x89HDF',
  'TREE',
  'HEAP',
  'SNOD',
  'GCOL',
  'OHDR',
  'OCHK',
  'FRHP',
  'FADB',
  '\x01\0\x01\0',
  '\x01\0\x02\0',
);
/** Starts of image, frames, tables and scans of JPEG; SIZ, COD, QCD and SOT of JPEG 2000. */
export const JPEG = signatures(
  '\xff\xc0',
  '\xff\xc2',
  '\xff\xc4',
  '\xff\xda',
  '\xff\xdb',
  '\xff\xdd',
  '\xff\xe0',
  '\xff\xee',
);
const JPEG_2000 = signatures('\xff\x4f', '\xff\x51', '\xff\x52', '\xff\x5c', '\xff\x90');
export const PNG = signatures('IHDR', 'PLTE', 'IDAT', 'pHYs', 'iCCP', 'IEND');
export const ZIP = signatures(
  'PK\x01\x02',
  'PK\x03\x04',
  'PK\x05\x06',
  'PK\x06\x06',
  'PK\x06\x07',
  'data.pkl',
  'storage',
  'X\x05\0\0\0',
);

/** The header of a TIFF and each entry of its directories, of either byte order, classic or BigTIFF. */
export const TIFF: Landmarks = (bytes) => {
  const places = [0];
  const isLittle = bytes[0] === 0x49;
  const isBig = (isLittle ? bytes[2] : bytes[3]) === 43;
  const number = (at: number, size: 2 | 4 | 8): number => {
    if (at + size > bytes.length) return 0;
    if (size === 8) return Number(isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
    return isLittle ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
  };
  const [countSize, entrySize, offsetSize] = isBig ? ([8, 20, 8] as const) : ([2, 12, 4] as const);
  let at = number(isBig ? 8 : 4, offsetSize);
  for (let directory = 0; directory < 20 && at > 0 && at < bytes.length; directory++) {
    const count = Math.min(100, number(at, countSize));
    places.push(at);
    for (let i = 0; i < count; i++) places.push(at + countSize + i * entrySize);
    at = number(at + countSize + count * entrySize, offsetSize);
  }
  return places;
};

export const TIFF_JPEG_2000: Landmarks = (bytes) => [...TIFF(bytes), ...JPEG_2000(bytes), ...JPEG_2000(bytes)];
