import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../files/errors.js';
import { bytesSource } from '../../files/source.js';
import { encodedTiles, jpeg2000, madePicture, madeTiff, rgbTags, type Tag } from '../made-slides.test.helper.js';
import { openSlide } from '../open-slide.js';
import { thumbnailOf } from '../thumbnail.js';

/** Small files that say of themselves that they are enormous. Each is refused, or read, in a moment and without much memory. */

const [BYTE, SHORT, LONG] = [1, 3, 4];

/** A field as it is stored: its tag, type and count, and the value or the place of the values. */
type Entry = readonly [tag: number, type: number, count: number, value: number];

/** A TIFF whose directories are written as they are given, each after the other from `at` on; `rest` follows them. */
function rawTiff(
  directories: readonly (readonly Entry[])[],
  big: boolean,
  rest: Uint8Array = new Uint8Array(),
): Buffer {
  const [head, countBytes, entryBytes, placeBytes] = big ? [16, 8, 20, 8] : [8, 2, 12, 4];
  const sizes = directories.map((entries) => countBytes + entryBytes * entries.length + placeBytes);
  const bytes = Buffer.alloc(head + sizes.reduce((a, b) => a + b, 0));
  const place = (value: number, at: number) =>
    big ? bytes.writeBigUInt64LE(BigInt(value), at) : bytes.writeUInt32LE(value, at);
  bytes.write('II', 0, 'latin1');
  bytes.writeUInt16LE(big ? 43 : 42, 2);
  if (big) bytes.writeUInt16LE(8, 4);
  place(head, big ? 8 : 4);
  let at = head;
  for (const [i, entries] of directories.entries()) {
    if (big) place(entries.length, at);
    else bytes.writeUInt16LE(entries.length, at);
    for (const [k, [tag, type, count, value]] of entries.entries()) {
      const entry = at + countBytes + k * entryBytes;
      bytes.writeUInt16LE(tag, entry);
      bytes.writeUInt16LE(type, entry + 2);
      place(count, entry + 4);
      place(value, entry + 4 + placeBytes);
    }
    at += sizes[i];
    if (i < directories.length - 1) place(at, at - placeBytes);
  }
  return Buffer.concat([bytes, rest]);
}

/** Fields of an RGB image in Deflate; all its tiles are the same bytes, or blank ones where there are none. */
const image = (width: number, height: number, tile: number, places: [offsets: number, counts: number]): Entry[] => {
  const tiles = Math.ceil(width / tile) * Math.ceil(height / tile);
  return [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, 1, 8],
    [259, SHORT, 1, 8],
    [262, SHORT, 1, 2],
    [277, SHORT, 1, 3],
    [284, SHORT, 1, 1],
    [322, LONG, 1, tile],
    [323, LONG, 1, tile],
    [324, LONG, tiles, places[0]],
    [325, LONG, tiles, places[1]],
  ];
};

/** A square image of one tile that stands for all of its tiles. */
function sameTiles(edge: number, tile: number, bytes: Uint8Array, big: boolean): Buffer {
  const tiles = Math.ceil(edge / tile) ** 2;
  const start = rawTiff([image(edge, edge, tile, [0, 0])], big).length;
  const numbers = (value: number) => Buffer.from(new Uint32Array(tiles).fill(value).buffer);
  const fields = image(edge, edge, tile, [start + bytes.length, start + bytes.length + 4 * tiles]);
  const rest = Buffer.concat([bytes, numbers(bytes.length === 0 ? 0 : start), numbers(bytes.length)]);
  return rawTiff([fields], big, rest);
}

/** Opens a slide and finds its thumbnail; returns what the user is told, or the number of its levels. */
async function tried(bytes: Uint8Array): Promise<string | number> {
  try {
    const slide = await openSlide(bytesSource(bytes, 'slide.tif'));
    await thumbnailOf(slide, 512);
    return slide.levels.length;
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  }
}

describe.each([false, true])('in BigTIFF: %s', (big) => {
  test('900 directories whose tile offsets are the whole file', { timeout: 10_000 }, async () => {
    const size = 1_000_000;
    const directories = Array.from({ length: 900 }, (_, i): Entry[] => [
      [256, LONG, 1, 10 + i],
      [257, LONG, 1, 10],
      [324, BYTE, size, 0],
      [325, BYTE, size, 0],
    ]);
    const before = process.memoryUsage().arrayBuffers;
    expect(await tried(rawTiff(directories, big, Buffer.alloc(size)))).toMatch(/there is no image in the file/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
  });

  test('descriptions that are the whole file', { timeout: 10_000 }, async () => {
    const directories = Array.from({ length: 900 }, (_, i): Entry[] => [
      [256, LONG, 1, 10 + i],
      [270, BYTE, 1_000_000, 0],
    ]);
    expect(await tried(rawTiff(directories, big, Buffer.alloc(1_000_000)))).toMatch(
      /damaged or cut short \(its directories: .*longer than the file\)/,
    );
  });

  test('many fields, and fields twice', async () => {
    const many = Array.from({ length: 60_000 }, (): Entry => [700, BYTE, 1_000_000, 0]);
    expect(await tried(rawTiff([many], big, Buffer.alloc(1_000_000)))).toMatch(/a directory of 60000 fields/);
    expect(await tried(rawTiff([many.slice(0, 2)], big, Buffer.alloc(1_000_000)))).toMatch(/two fields of the tag 700/);
  });

  test.each([
    [4_000_000_000, 1000],
    [1000, 4_000_000_000],
    [4_000_000, 4_000_000],
    [409_600, 409_600],
  ])('an image of %s × %s pixels', async (width, height) => {
    expect(await tried(rawTiff([image(width, height, 8000, [0, 0])], big))).toMatch(
      `the file is damaged or cut short (its directories: an image of ${width} × ${height} pixels)`,
    );
  });

  test('a strip that is as wide', async () => {
    const strips: Entry[] = [
      ...image(6_000_000, 4000, 64, [8, 8]).slice(0, 7),
      [273, LONG, 4000, 8],
      [279, LONG, 4000, 8],
    ];
    expect(await tried(rawTiff([strips], big, Buffer.alloc(64_000)))).toMatch(/an image of 6000000 × 4000 pixels/);
  });

  test('pixels that so few bytes cannot hold', { timeout: 10_000 }, async () => {
    const tile = deflateSync(Buffer.alloc(3 * 1024 ** 2, 'aZ!'), { level: 9 });
    expect(await tried(sameTiles(190_000, 1024, tile, big))).toMatch(/190000 × 190000 pixels of level 0 in \d+ bytes/);
    expect(await tried(sameTiles(190_000, 1024, new Uint8Array(), big))).toMatch(/pixels of level 0 in 0 bytes/);
    expect(await tried(sameTiles(8000, 1024, tile, big))).toBe(1);
  });
});

test('JPEG 2000 of another size than its tile, or in many pieces, never reaches the decoder', async () => {
  const picture = madePicture(64, 64);
  const [tile] = await encodedTiles(picture, 64, jpeg2000);
  const slide = (change: (view: DataView) => void) => {
    const bytes = Uint8Array.from(tile);
    change(new DataView(bytes.buffer));
    return tried(madeTiff([{ tags: rgbTags(picture, 64, 33005), tiles: [bytes] }]));
  };
  expect(await slide(() => undefined)).toBe(1);
  expect(
    await slide((view) => {
      view.setUint32(8, 13_000);
      view.setUint32(12, 13_000);
    }),
  ).toMatch(/tile 0: the tile is 13000 × 13000 × 3, 8 bits, not 64 × 64 × 3/);
  expect(
    await slide((view) => {
      view.setUint32(24, 1);
      view.setUint32(28, 1);
    }),
  ).toMatch(/the tile is coded in pieces of 1 × 1/);
  expect(await slide((view) => view.setUint32(28, 0))).toMatch(/the tile is coded in pieces of 64 × 0/);
  expect(await slide((view) => view.setUint32(0, 7))).toMatch(/it is no JPEG 2000 codestream/);
});

describe('directories that go round in circles', () => {
  const picture = madePicture(64, 64);
  const whole = async (tags: Tag[] = []) =>
    madeTiff([
      {
        tags: [...rgbTags(picture, 64, 8), ...tags],
        tiles: await encodedTiles(picture, 64, (tile) => deflateSync(tile)),
      },
    ]);

  test('a sub-image that is its own', async () => {
    // The place of the directory is known once it is written.
    const first = (await whole([[330, 'long', [0]]])).readUInt32LE(4);
    expect(await tried(await whole([[330, 'long', [first]]]))).toBe(1);
  });

  test('a million sub-images', { timeout: 10_000 }, async () => {
    const fields: Entry[] = [...image(64, 64, 64, [0, 0]).slice(0, 9), [330, LONG, 1_000_000, 8]];
    expect(await tried(rawTiff([fields], false, Buffer.alloc(4_000_000)))).toMatch(/damaged|no image/);
  });
});

test('strips as wide as a slide are read once, whatever the thumbnail', { timeout: 20_000 }, async () => {
  const [width, height] = [60_000, 1200];
  const strip = deflateSync(Buffer.alloc(3 * width, 'aZ!'));
  const start = 1000;
  const numbers = (of: (row: number) => number) =>
    Buffer.from(Uint32Array.from({ length: height }, (_, i) => of(i)).buffer);
  const strips = Buffer.concat(Array.from({ length: height }, () => strip));
  const at = start + strips.length;
  const fields: Entry[] = [
    ...image(width, height, 64, [0, 0]).slice(0, 6),
    [273, LONG, height, at],
    [278, LONG, 1, 1],
    [279, LONG, height, at + 4 * height],
  ];
  const head = rawTiff([fields], false);
  const file = Buffer.concat([
    ...[head, Buffer.alloc(start - head.length), strips],
    ...[numbers((row) => start + row * strip.length), numbers(() => strip.length)],
  ]);
  let read = 0;
  const source = bytesSource(file, 'strips.tif');
  const slide = await openSlide({
    ...source,
    read: (offset, length) => {
      if (offset >= start && offset < at) read += length;
      return source.read(offset, length);
    },
  });
  await thumbnailOf(slide, 512);
  expect(read / strips.length).toBe(1);
});
