import { deflateSync, gzipSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { webpSize } from './image-header.js';
import * as node from './node.js';
import * as web from './web.js';

/** A browser's codec has every function of Node's, with the same types; what a browser alone has is tested in slides/browser.test.ts. */
const codecs: readonly (readonly [string, typeof node])[] = [
  ['Node', node],
  ['a browser', web],
];

const plain = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) % 251);

/** Bytes in pieces, as a file is read; `read` says how many were asked for. */
function inPieces(bytes: Uint8Array, read = { pieces: 0 }): AsyncIterable<Uint8Array> {
  return (async function* () {
    for (let at = 0; at < bytes.length; at += 1000) {
      read.pieces++;
      yield await Promise.resolve(bytes.subarray(at, at + 1000));
    }
  })();
}

async function all(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of pieces) found.push(piece);
  return Buffer.concat(found);
}

describe.each(codecs)('the codec of %s', (_, { gunzip, imageInfo, inflate }) => {
  test('inflates', async () => {
    expect(Buffer.compare(await inflate(deflateSync(plain), plain.length), plain)).toBe(0);
  });

  test('refuses what is longer than expected, damaged or cut short', async () => {
    await expect(inflate(deflateSync(plain), plain.length - 1)).rejects.toThrow(RangeError);
    const bytes = deflateSync(plain);
    await expect(inflate(bytes.subarray(0, bytes.length / 2), plain.length)).rejects.toThrow();
    await expect(inflate(plain, plain.length)).rejects.toThrow();
  });

  test('undoes gzip piece by piece', async () => {
    expect(Buffer.compare(await all(gunzip(inPieces(gzipSync(plain)))), plain)).toBe(0);
  });

  test('damaged gzip has a code of zlib; what goes wrong in reading is passed on', async () => {
    const bytes = gzipSync(plain);
    await expect(all(gunzip(inPieces(bytes.subarray(0, bytes.length - 4))))).rejects.toMatchObject({
      code: expect.stringMatching(/^Z_/) as string,
    });
    const failing = (async function* () {
      yield await Promise.resolve(bytes.subarray(0, 10));
      throw new Error('the disk is gone');
    })();
    await expect(all(gunzip(failing))).rejects.toThrow('the disk is gone');
  });

  const image = (channels: 1 | 3 | 4): Sharp =>
    sharp({ create: { width: 31, height: 17, channels: channels === 1 ? 3 : channels, background: '#a4f' } });

  test.each<[string, () => Promise<Buffer>, object]>([
    ['a PNG', () => image(3).png().toBuffer(), { channels: 3, format: 'png' }],
    ['a PNG with opacity', () => image(4).png().toBuffer(), { channels: 4, format: 'png' }],
    ['a PNG with a palette', () => image(3).png({ palette: true }).toBuffer(), { channels: 3, format: 'png' }],
    ['a grey PNG', () => image(1).toColourspace('b-w').png().toBuffer(), { channels: 1, format: 'png' }],
    [
      'a PNG at 0.25 µm a pixel',
      () => image(3).png().withMetadata({ density: 101_600 }).toBuffer(),
      { channels: 3, density: 101_600, format: 'png' },
    ],
    ['a JPEG', () => image(3).jpeg().toBuffer(), { channels: 3, format: 'jpeg' }],
    ['a progressive JPEG', () => image(3).jpeg({ progressive: true }).toBuffer(), { channels: 3, format: 'jpeg' }],
    ['a grey JPEG', () => image(1).toColourspace('b-w').jpeg().toBuffer(), { channels: 1, format: 'jpeg' }],
    [
      'a JPEG at 0.5 µm a pixel, with a colour profile',
      () => image(3).jpeg().withMetadata({ density: 50_800 }).toBuffer(),
      { channels: 3, density: 50_800, format: 'jpeg' },
    ],
  ])('knows of %s what it says of itself', async (_, make, said) => {
    expect(await imageInfo(await make())).toMatchObject({ width: 31, height: 17, ...said });
  });

  test.each(['png', 'jpeg'] as const)('refuses a %s without a whole header', async (format) => {
    const bytes = await image(3).toFormat(format).toBuffer();
    for (const length of [3, 12, 20]) await expect(imageInfo(bytes.subarray(0, length))).rejects.toThrow();
    await expect(imageInfo(Buffer.from('patient,gene\n'))).rejects.toThrow();
  });
});

test.each<[string, Sharp]>([
  ['lossy', sharp({ create: { width: 31, height: 17, channels: 3, background: '#a4f' } }).webp()],
  [
    'lossless',
    sharp({ create: { width: 301, height: 170, channels: 3, background: '#a4f' } }).webp({ lossless: true }),
  ],
  ['with opacity', sharp({ create: { width: 3001, height: 17, channels: 4, background: '#a4f8' } }).webp()],
])('the size of a WebP, %s, is known before it is decoded', async (_, image) => {
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  expect(webpSize(data)).toEqual({ width: info.width, height: info.height });
  expect(webpSize(data.subarray(0, 20))).toBe(undefined);
  await expect(web.decodeImage(data, info.width * info.height - 1)).rejects.toThrow(/more than \d+ pixels/);
});

test('gzip is read no further when enough was seen', async () => {
  const read = { pieces: 0 };
  const bytes = gzipSync(Uint8Array.from({ length: 4_000_000 }, () => Math.random() * 256));
  for await (const piece of node.gunzip(inPieces(bytes, read))) if (piece.length > 0) break;
  expect(read.pieces).toBeLessThan(bytes.length / 1000 / 2);
});
