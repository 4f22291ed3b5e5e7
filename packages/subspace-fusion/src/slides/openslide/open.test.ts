import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { newFolder, write } from '../../cohort/made-files.test.helper.js';
import { slideFolders } from '../../testing/data.js';
import { encodedTiles, halved, madePicture, madeTiff, rgbTags, sharpOf, type Tag } from '../made-slides.test.helper.js';
import { openSlideFile } from '../open-slide-file.js';
import type { Picture, Slide } from '../slide.js';
import { howToInstall, openSlideLibrary } from './library.js';
import { openByOpenSlide } from './open.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string, bytes: Uint8Array | string) => write(folder, name, bytes);

const isThere = 'library' in (await openSlideLibrary());

const picture = madePicture(300, 220);
const TILE = 64;

/** JPEG tiles without subsampling, so that every decoder gives nearly the same colours. */
const jpegTiles = (picture: Picture) =>
  encodedTiles(picture, TILE, (pixels) =>
    sharpOf({ width: TILE, height: TILE, pixels }).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
  );

/** A pyramid of two levels in JPEG, as the scanner's program that `first` and `all` say. */
async function pyramid(first: readonly Tag[], all: readonly Tag[] = []): Promise<Buffer> {
  const levels = [picture, halved(picture)];
  return madeTiff(
    await Promise.all(
      levels.map(async (level, i) => ({
        tags: [
          ...rgbTags(level, TILE, 7, { photometric: 6 }),
          [530, 'short', [1, 1]],
          ...all,
          ...(i === 0 ? first : []),
        ],
        tiles: await jpegTiles(level),
      })),
    ),
  );
}

/** A text tag. */
const text = (tag: number, value: string): Tag => [tag, 'ascii', value];
const [DESCRIPTION, SOFTWARE] = [270, 305];

async function openedBy(file: string): Promise<Slide> {
  const slide = await openByOpenSlide(file);
  if (typeof slide !== 'object') throw new Error(`OpenSlide did not open ${file}: ${String(slide)}`);
  return slide;
}

/** Largest difference of two slides in parts of every level, at the corners and beyond them too. */
async function largestDifference(a: Slide, b: Slide): Promise<number> {
  expect(a.levels.map(({ width, height }) => [width, height])).toEqual(
    b.levels.map(({ width, height }) => [width, height]),
  );
  let largest = 0;
  for (const [level, { width, height, downsample }] of a.levels.entries()) {
    // OpenSlide places a part in whole pixels of level 0; where a level is not a whole number of times smaller, other places lie between pixels.
    const places = Number.isInteger(downsample) ? [[31, 27], [-20, -30], [width - 50, height - 60]] : [[0, 0]]; // prettier-ignore
    for (const [x, y] of places) {
      const region = { x, y, width: 120, height: 90 };
      const [left, right] = [await a.read(level, region), await b.read(level, region)];
      for (const [i, value] of left.pixels.entries()) largest = Math.max(largest, Math.abs(value - right.pixels[i]));
    }
  }
  return largest;
}

describe.skipIf(!isThere)('where OpenSlide is installed', () => {
  test('it sees of a TIFF in Deflate what our reader sees: levels, and each pixel', async () => {
    const file = at(
      'plain.tif',
      madeTiff([
        { tags: rgbTags(picture, TILE, 8), tiles: await encodedTiles(picture, TILE, (tile) => deflateSync(tile)) },
      ]),
    );
    const [theirs, ours] = [await openedBy(file), await openSlideFile(file)];
    expect(theirs.format).toMatch(/^TIFF \(OpenSlide \d/);
    expect(ours.format).toBe('TIFF'); // ours comes first
    expect(await largestDifference(theirs, ours)).toBe(0);
    await Promise.all([theirs.close(), ours.close()]);
  });

  for (const { folder } of slideFolders)
    for (const name of readdirSync(folder).filter((name) => /[.](svs|tif)$/.test(name)))
      test(`and of ${name}: levels, micrometres, magnification, pixels within the rounding of JPEG`, async () => {
        const file = join(folder, name);
        const [theirs, ours] = [await openedBy(file), await openSlideFile(file)];
        expect(await largestDifference(theirs, ours)).toBeLessThanOrEqual(2);
        expect(theirs.levels.map(({ downsample }) => downsample)).toEqual(
          ours.levels.map(({ downsample }) => downsample),
        );
        // The resolution tags of a plain TIFF are for printing, says OpenSlide 3; ours takes what can be a microscope's.
        if (theirs.format.startsWith('Aperio'))
          expect([theirs.micrometres, theirs.magnification]).toEqual([ours.micrometres, ours.magnification]);
        await Promise.all([theirs.close(), ours.close()]);
      });

  test('a format of another scanner is opened by it: Trestle', async () => {
    const file = at(
      'trestle.tif',
      await pyramid(
        [text(DESCRIPTION, 'Objective Power=20;OverlapsXY= 0 0 0 0;Background Color=E6E6E6')],
        [text(SOFTWARE, 'MedScan 1.0')],
      ),
    );
    const slide = await openSlideFile(file);
    expect(slide.format).toMatch(/^Trestle TIFF \(OpenSlide/);
    expect(slide.magnification).toBe(20);
    const plain = await openSlideFile(at('same.tif', await pyramid([])));
    expect(await largestDifference(slide, plain)).toBeLessThanOrEqual(2);
    await Promise.all([slide.close(), plain.close()]);
  });

  test('and Leica SCN, in parts side by side', async () => {
    const sizes = [picture, halved(picture)]
      .map(({ width, height }, i) => `<dimension sizeX="${width}" sizeY="${height}" r="${i}" ifd="${i}"/>`)
      .join('');
    const [wide, high] = [picture.width * 500, picture.height * 500]; // nanometres
    // An image as large as the glass would be taken for a picture of the label.
    const xml = `<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection name="made" sizeX="${2 * wide}" sizeY="${2 * high}">
<image name="image_0"><pixels sizeX="${picture.width}" sizeY="${picture.height}">${sizes}</pixels>
<view sizeX="${wide}" sizeY="${high}" offsetX="0" offsetY="0"/><scanSettings><objectiveSettings><objective>40</objective></objectiveSettings>
<illuminationSettings><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image></collection></scn>`;
    const slide = await openSlideFile(at('made.scn', await pyramid([text(DESCRIPTION, xml)])));
    expect(slide).toMatchObject({
      format: expect.stringMatching(/^Leica SCN \(OpenSlide/) as string,
      magnification: 40,
    });
    const plain = await openSlideFile(at('same.tif', await pyramid([])));
    const regions = Array.from({ length: 12 }, (_, i) => ({ x: 20 * i, y: 10 * i, width: 60, height: 60 }));
    const [a, b] = await Promise.all(
      [slide, plain].map((slide) => Promise.all(regions.map((region) => slide.read(0, region)))),
    );
    expect(
      Math.max(
        ...new Set(a.flatMap(({ pixels }, i) => Array.from(pixels, (value, j) => Math.abs(value - b[i].pixels[j])))),
      ),
    ).toBeLessThanOrEqual(2);
    await Promise.all([slide.close(), plain.close()]);
  });

  test('a slide that OpenSlide finds damaged is refused with its words', async () => {
    const file = at(
      'damaged.scn',
      await pyramid([
        text(DESCRIPTION, '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01"><collection/></scn>'),
      ]),
    );
    await expect(openSlideFile(file)).rejects.toThrow(/the slide cannot be read \(OpenSlide: .*\). Copy it again/);
  });

  test('what it does not know either keeps our words', async () => {
    await expect(openSlideFile(at('notes.txt', 'no slide'))).rejects.toThrow(
      /notes.txt: a text file is not read.*Convert it/,
    );
    // The first file of a slide of 3DHISTECH is a JPEG of the thumbnail, and must not be taken for the slide.
    const alone = at('alone.mrxs', await sharpOf(picture).jpeg().toBuffer());
    await expect(openSlideFile(alone)).rejects.toThrow(/3DHISTECH MRXS is not read/);
  });
});

test('without the library, the error says how to install it here', async () => {
  vi.resetModules();
  vi.stubEnv('SUBSPACE_OPENSLIDE', join(folder, 'nowhere.so'));
  const fresh = await import('../open-slide-file.js');
  const file = at(
    'slide.ndpi',
    madeTiff([{ tags: [...rgbTags(picture, TILE, 7), [65420, 'long', [1]]], tiles: [new Uint8Array(9)] }]),
  );
  await expect(fresh.openSlideFile(file)).rejects.toThrow(
    /SUBSPACE_OPENSLIDE=.*nowhere.so is not a library.*Give the path/,
  );
  vi.unstubAllEnvs();
  expect(howToInstall('darwin', '')).toBe('brew install openslide');
  expect(howToInstall('win32', '')).toContain('SUBSPACE_OPENSLIDE');
  expect(howToInstall('linux', 'ID=fedora')).toBe('dnf install openslide');
  expect(howToInstall('linux', 'ID=debian')).toBe('apt-get install libopenslide0');
});
