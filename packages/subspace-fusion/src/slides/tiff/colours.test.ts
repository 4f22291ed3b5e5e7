import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bytesSource } from '../../files/source.js';
import {
  encodedTiles,
  halved,
  madePicture,
  madeTiff,
  rgbTags,
  sharpOf,
  type MadeImage,
  type Tag,
} from '../made-slides.test.helper.js';
import { openSlide } from '../open-slide.js';
import type { Picture } from '../slide.js';

const picture = madePicture(200, 150);
const TILE = 64;

/** All pixels of a slide, and what is said of it. */
async function read(...images: MadeImage[]) {
  const slide = await openSlide(bytesSource(madeTiff(images), 'slide.tif'));
  const { pixels } = await slide.read(0, { x: 0, y: 0, width: picture.width, height: picture.height });
  return { pixels, warnings: (slide.warnings ?? []).map(({ message }) => message) };
}

const largest = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe('colours of JPEG tiles: what a tile says comes before the tag', () => {
  const APP0 = 0xe0;
  const APP14 = 0xee;
  const FRAME = 0xc0;

  /** A JPEG without markers that say what its colours are; its components are called as `ids` has it. */
  function plain(jpeg: Uint8Array, ids?: string): Uint8Array {
    const parts = [jpeg.subarray(0, 2)];
    let at = 2;
    while (jpeg[at + 1] !== 0xda) {
      const end = at + 2 + 256 * jpeg[at + 2] + jpeg[at + 3];
      const segment = Uint8Array.from(jpeg.subarray(at, end));
      if (jpeg[at + 1] === FRAME && ids !== undefined)
        for (let c = 0; c < 3; c++) segment[10 + 3 * c] = ids.charCodeAt(c);
      if (jpeg[at + 1] !== APP0 && jpeg[at + 1] !== APP14) parts.push(segment);
      at = end;
    }
    // The scan calls the components by the same names.
    const scan = Uint8Array.from(jpeg.subarray(at));
    if (ids !== undefined) for (let c = 0; c < 3; c++) scan[5 + 2 * c] = ids.charCodeAt(c);
    return Buffer.concat([...parts, scan]);
  }
  const marked = (jpeg: Uint8Array, ...segment: number[]) =>
    Buffer.concat([jpeg.subarray(0, 2), Uint8Array.from(segment), jpeg.subarray(2)]);
  const jfif = (jpeg: Uint8Array) =>
    marked(jpeg, 0xff, APP0, 0, 16, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0);
  const adobe = (transform: number) => (jpeg: Uint8Array) =>
    marked(jpeg, 0xff, APP14, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform);
  const jpegOf = (chromaSubsampling: string, change: (jpeg: Uint8Array) => Uint8Array) => async (tile: Uint8Array) =>
    change(
      plain(
        await sharpOf({ width: TILE, height: TILE, pixels: tile })
          .jpeg({ quality: 95, chromaSubsampling, optimiseCoding: false })
          .toBuffer(),
      ),
    );
  const slideOf = async (photometric: number, subsampling: string, change: (jpeg: Uint8Array) => Uint8Array) => ({
    tags: rgbTags(picture, TILE, 7, { photometric }),
    tiles: await encodedTiles(picture, TILE, jpegOf(subsampling, change)),
  });
  const itself = (jpeg: Uint8Array) => jpeg;
  const SAID = /says that its tiles are RGB, and the tiles say themselves that they are YCbCr. They are read as YCbCr/;

  test.each([
    ['colour in fewer pixels', '4:2:0', itself],
    ['a JFIF marker', '4:4:4', jfif],
    ['an Adobe marker', '4:4:4', adobe(1)],
  ] as const)('YCbCr under a tag that says RGB, by %s', async (_, subsampling, change) => {
    const right = await read(await slideOf(6, subsampling, change));
    expect(right.warnings).toEqual([]);
    const { pixels, warnings } = await read(await slideOf(2, subsampling, change));
    expect(pixels).toEqual(right.pixels);
    expect(warnings).toEqual([expect.stringMatching(SAID)]);
  });

  test('RGB that is tagged as RGB stays RGB, as Aperio and libvips have it', async () => {
    const untransformed = await read(await slideOf(2, '4:4:4', itself));
    const named = await read(await slideOf(2, '4:4:4', (jpeg) => plain(jpeg, 'RGB')));
    const rgb = await read(await slideOf(2, '4:4:4', adobe(0)));
    expect([untransformed.warnings, named.warnings, rgb.warnings]).toEqual([[], [], []]);
    expect(named.pixels).toEqual(untransformed.pixels);
    expect(rgb.pixels).toEqual(untransformed.pixels);
    const asYcbcr = await read(await slideOf(6, '4:4:4', itself));
    expect(largest(untransformed.pixels, asYcbcr.pixels)).toBeGreaterThan(50);
  });

  test.each([
    ['the names of its components', (jpeg: Uint8Array) => plain(jpeg, 'RGB')],
    ['an Adobe marker', adobe(0)],
  ] as const)('RGB under a tag that says YCbCr, by %s', async (_, change) => {
    const right = await read(await slideOf(2, '4:4:4', itself));
    const { pixels, warnings } = await read(await slideOf(6, '4:4:4', change));
    expect(pixels).toEqual(right.pixels);
    expect(warnings).toEqual([expect.stringMatching(/are YCbCr, and the tiles say themselves that they are RGB/)]);
  });

  test('tiles of libvips in RGB, as it writes them at a high quality', async () => {
    const file = await sharpOf(picture)
      .tiff({ compression: 'jpeg', quality: 95, tile: true, tileWidth: TILE, tileHeight: TILE })
      .toBuffer();
    const slide = await openSlide(bytesSource(file, 'vips.tif'));
    expect(slide.warnings).toEqual([]);
    const { pixels } = await slide.read(0, { x: 0, y: 0, width: 200, height: 150 });
    expect(pixels.reduce((sum, value, i) => sum + Math.abs(value - picture.pixels[i]), 0) / pixels.length).toBeLessThan(
      2,
    );
  });
});

describe('a fourth sample', () => {
  /** Four samples, the fourth as `fourth` has it; ExtraSamples as declared. */
  async function slideOf(
    fourth: (x: number, y: number) => number,
    extra: number | undefined,
    { planar = 1, of = picture }: { planar?: number; of?: Picture } = {},
  ): Promise<MadeImage> {
    const changed: Tag[] = [
      [258, 'short', [8, 8, 8, 8]],
      [277, 'short', [4]],
    ];
    const tags = [...rgbTags(of, TILE, 8, { planar }).filter(([tag]) => tag !== 258 && tag !== 277), ...changed];
    if (extra !== undefined) tags.push([338, 'short', [extra]]);
    const four: Uint8Array[] = [];
    let [left, top] = [0, 0];
    await encodedTiles(of, TILE, (tile) => {
      four.push(
        Uint8Array.from({ length: 4 * TILE * TILE }, (_, i) => {
          const p = Math.floor(i / 4);
          return i % 4 < 3 ? tile[3 * p + (i % 4)] : fourth(left + (p % TILE), top + Math.floor(p / TILE));
        }),
      );
      left += TILE;
      if (left >= of.width) [left, top] = [0, top + TILE];
      return tile;
    });
    const tiles =
      planar === 1
        ? four
        : [0, 1, 2, 3].flatMap((sample) => four.map((tile) => tile.filter((_, i) => i % 4 === sample)));
    return { tags, tiles: tiles.map((tile) => deflateSync(tile)) };
  }
  const half = (x: number) => (x < 100 ? 255 : 0);
  const EMPTY = /one of its samples is opacity, and it is 0 everywhere. It is left aside/;

  test.each([0, undefined])('that is not declared as opacity is none (ExtraSamples %s)', async (extra) => {
    for (const fourth of [() => 0, half, () => 255]) {
      const { pixels, warnings } = await read(await slideOf(fourth, extra));
      expect(largest(pixels, picture.pixels)).toBe(0);
      expect(warnings).toEqual([]);
    }
  });

  test.each([1, 2])('that is declared and 0 everywhere is none, and this is said (ExtraSamples %s)', async (extra) => {
    const small = halved(picture);
    const levels = [await slideOf(() => 0, extra), await slideOf(() => 0, extra, { of: small })];
    const { pixels, warnings } = await read(...levels);
    expect(largest(pixels, picture.pixels)).toBe(0);
    expect(warnings).toEqual([expect.stringMatching(EMPTY)]);
  });

  test.each([1, 2] as const)('that is opacity makes white what is transparent (planar %s)', async (planar) => {
    const { pixels, warnings } = await read(await slideOf(half, 2, { planar }));
    expect(warnings).toEqual([]);
    const wanted = picture.pixels.map((value, i) => (Math.floor(i / 3) % picture.width < 100 ? value : 255));
    expect(largest(pixels, wanted)).toBe(0);
  });

  test('that is half opaque: colours on white, multiplied already or not', async () => {
    const [own] = picture.pixels;
    const [separate] = (await read(await slideOf(() => 51, 2))).pixels;
    expect(Math.abs(separate - (0.8 * 255 + 0.2 * own))).toBeLessThanOrEqual(1);
    const dark = { ...picture, pixels: picture.pixels.map((value) => Math.round(0.2 * value)) };
    const [multiplied] = (await read(await slideOf(() => 51, 1, { of: dark }))).pixels;
    expect(Math.abs(multiplied - (0.8 * 255 + 0.2 * own))).toBeLessThanOrEqual(1);
  });
});
