import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobSource } from '../files/source.js';
import type { PageReads } from '../testing/slides-page/main.js';
import {
  encodedTiles,
  jpeg2000,
  madePicture,
  madeTiff,
  rgbTags,
  sharpOf,
  splitJpeg,
  type Tag,
} from './made-slides.test.helper.js';
import { openSlide } from './open-slide.js';

const executablePath = '/usr/bin/chromium';
const args = [
  ...['--no-sandbox', '--disable-gpu', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'],
];

const picture = madePicture(200, 150);
const TILE = 64;

/** A TIFF of the picture in tiles of this compression. */
const tiff = async (
  compression: number,
  encode: (tile: Uint8Array) => Promise<Uint8Array> | Uint8Array,
  photometric = 2,
) =>
  madeTiff([
    { tags: rgbTags(picture, TILE, compression, { photometric }), tiles: await encodedTiles(picture, TILE, encode) },
  ]);
const jpeg = (tile: Uint8Array) =>
  sharpOf({ width: TILE, height: TILE, pixels: tile })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4', optimiseCoding: false })
    .toBuffer();
const webp = (tile: Uint8Array) =>
  sharpOf({ width: TILE, height: TILE, pixels: tile }).webp({ lossless: true }).toBuffer();

async function jpegWithTables(): Promise<Buffer> {
  const split = (await encodedTiles(picture, TILE, jpeg)).map(splitJpeg);
  const tables: Tag = [347, 'undefined', split[0].tables];
  return madeTiff([
    { tags: [...rgbTags(picture, TILE, 7, { photometric: 6 }), tables], tiles: split.map(({ rest }) => rest) },
  ]);
}

// The page is what an application's bundler makes of the built package without any configuration: `#codec` is that of a browser.
describe.skipIf(!existsSync(executablePath))(`slides in a browser (needs Chromium: ${executablePath})`, () => {
  const outDir = mkdtempSync(join(tmpdir(), 'slides-page-'));
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    const root = fileURLToPath(new URL('../testing/slides-page/', import.meta.url));
    const common = { root, configFile: false, logLevel: 'error' } as const;
    await build({ ...common, build: { outDir, emptyOutDir: true } });
    server = await preview({ ...common, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
    browser = await chromium.launch({ executablePath, args });
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.waitForFunction('"readSlides" in globalThis');
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    rmSync(outDir, { recursive: true });
  });

  const inPage = async (files: readonly { name: string; bytes: Buffer }[]): Promise<PageReads> => {
    const sent = files.map(({ name, bytes }) => ({ name, base64: bytes.toString('base64') }));
    const found = await page.evaluate<PageReads>(`readSlides(${JSON.stringify(sent)})`);
    expect(errors).toEqual([]);
    return found;
  };
  const oneInPage = async (name: string, bytes: Buffer) => (await inPage([{ name, bytes }]))[0];
  /** The same as the page does, here. */
  async function inNode(name: string, bytes: Buffer) {
    const slide = await openSlide(blobSource(new Blob([Uint8Array.from(bytes)]), name));
    const { format, levels, micrometres } = slide;
    const [{ width, height }] = levels;
    const { pixels } = await slide.read(0, { x: 0, y: 0, width, height });
    return { format, levels, micrometres, pixels };
  }

  /** Opens a file in both; the largest difference of their pixels. */
  async function difference(name: string, bytes: Buffer): Promise<number> {
    const [there, here] = [await oneInPage(name, bytes), await inNode(name, bytes)];
    if (typeof there === 'string') throw new Error(there);
    expect({ ...there, pixels: undefined }).toEqual({ ...here, pixels: undefined });
    const pixels = Buffer.from(there.pixels, 'base64');
    expect(pixels.length).toBe(here.pixels.length);
    return here.pixels.reduce((largest, value, i) => Math.max(largest, Math.abs(value - pixels[i])), 0);
  }

  test.each<[string, () => Promise<Buffer>]>([
    ['plain.tif', () => tiff(1, (tile) => tile)],
    ['deflate.tif', () => tiff(8, (tile) => deflateSync(tile))],
    ['lzw.tif', () => sharpOf(picture).tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer()],
    ['webp.tif', () => tiff(50001, webp)],
    ['jpeg2000.svs', () => tiff(33005, jpeg2000)],
    ['jpeg2000-ycbcr.svs', () => tiff(33003, jpeg2000, 6)],
    ['clear.png', () => sharpOf(picture).ensureAlpha(0).png().toBuffer()],
    ['turned.png', () => sharpOf(picture).png().withMetadata({ orientation: 6 }).toBuffer()],
    ['region.png', () => sharpOf(picture).png().withMetadata({ density: 50_800 }).toBuffer()],
  ])('%s: every pixel as in Node', async (name, make) => {
    expect(await difference(name, await make())).toBe(0);
  });

  // Two libraries round a JPEG's cosines and colours each in its own way.
  test.each<[string, () => Promise<Buffer>]>([
    ['tables.tif', jpegWithTables],
    ['rgb.svs', () => tiff(7, jpeg, 2)],
    ['region.jpg', () => sharpOf(picture).jpeg({ quality: 90 }).withMetadata({ density: 50_800 }).toBuffer()],
    ['turned.jpg', () => sharpOf(picture).jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toBuffer()],
  ])('%s: the pixels of Node up to rounding', async (name, make) => {
    expect(await difference(name, await make())).toBeLessThanOrEqual(2);
  });

  test('two files of one name are two slides', async () => {
    const other = madePicture(90, 80);
    const files = [picture, other].map(async (made) => ({
      name: 'region.png',
      bytes: await sharpOf(made).png().toBuffer(),
    }));
    const found = await inPage(await Promise.all(files));
    expect(found).toMatchObject(
      [picture, other].map(({ width, height, pixels }) => ({
        levels: [{ width, height, downsample: 1 }],
        pixels: Buffer.from(pixels).toString('base64'),
      })),
    );
  });

  test('what is wrong with a file is said in the same words', async () => {
    const whole = await tiff(8, (tile) => deflateSync(tile));
    const grey = await sharpOf(picture).greyscale().toColourspace('b-w').png().toBuffer();
    for (const [name, bytes] of [
      ['notes.svs', Buffer.from('patient,slide\n')],
      ['empty.svs', Buffer.alloc(0)],
      ['cut.tif', whole.subarray(0, whole.length / 2)],
      ['grey.png', grey],
      ['bits.tif', await sharpOf(picture).toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer()],
    ] as const) {
      const said: unknown = await inNode(name, bytes).catch((error: unknown) => error);
      expect(await oneInPage(name, bytes)).toBe(String(said));
    }
  });

  test('a decoder that does not come is no damage of the slide, and is asked for again', async () => {
    const bytes = await tiff(33005, jpeg2000);
    await page.reload(); // it has the decoder no more
    await page.route('**/*.wasm', (route) => route.abort());
    expect(await oneInPage('jpeg2000.svs', bytes)).toMatch(
      /^WorkError: The decoder of JPEG 2000 cannot be loaded \(.+\)/,
    );
    await page.unroute('**/*.wasm');
    expect(await difference('jpeg2000.svs', bytes)).toBe(0);
  });

  test('damaged tiles and pictures are told from what is wrong with the program', async () => {
    const png = await sharpOf(picture).png().toBuffer();
    const wrong = (bytes: Uint8Array) => bytes.map((byte, i) => (i > 20 && i < 60 ? 255 - byte : byte));
    for (const [name, bytes] of [
      ['half.png', png.subarray(0, png.length / 2)],
      ['jpeg.tif', await tiff(7, async (tile) => (await jpeg(tile)).subarray(0, 300), 6)],
      ['deflate.tif', await tiff(8, (tile) => wrong(deflateSync(tile)))],
      ['long.tif', await tiff(8, (tile) => deflateSync(Buffer.concat([tile, tile])))],
      ['webp.tif', await tiff(50001, async (tile) => wrong(await webp(tile)))],
      ['jpeg2000.svs', await tiff(33005, async (tile) => (await jpeg2000(tile)).subarray(0, 200))],
    ] as const) {
      expect(await oneInPage(name, bytes)).toMatch(
        new RegExp(`^InputError: ${name}: the file is damaged or cut short \\(.+\\)\\. Copy or download it again\\.$`),
      );
    }
  });
});
