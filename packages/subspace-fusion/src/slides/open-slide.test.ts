import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { newFolder, write } from '../cohort/made-files.test.helper.js';
import { InputError } from '../files/errors.js';
import { bytesSource } from '../files/source.js';
import { key, uniform } from '../random/counter.js';
import {
  encodedTiles,
  jpeg2000,
  madePicture,
  madeTiff,
  rgbTags,
  sharpOf,
  type Tag,
} from './made-slides.test.helper.js';
import { openSlideFile } from './open-slide-file.js';
import { openSlide } from './open-slide.js';
import { thumbnailOf } from './thumbnail.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const at = (name: string, bytes: Uint8Array | string) => write(folder, name, bytes);

/** Opens a slide and reads all of it. */
async function readAll(file: string): Promise<void> {
  const slide = await openSlideFile(file);
  try {
    await thumbnailOf(slide, 50);
    for (const [level, { width, height }] of slide.levels.entries())
      await slide.read(level, { x: 0, y: 0, width, height });
  } finally {
    await slide.close();
  }
}

/** What a user is told of a file; the test fails where it is read, or where the error is none for users. */
async function complaint(file: string): Promise<string> {
  const error: unknown = await readAll(file).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error, `of ${file}`).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message.split('\n')).toHaveLength(1);
  return message.replace(`${folder}/`, '');
}

const picture = madePicture(200, 150);
const TILE = 64;
const tiff = async (tags: readonly Tag[] = []) =>
  madeTiff([
    {
      tags: [...rgbTags(picture, TILE, 8), ...tags],
      tiles: await encodedTiles(picture, TILE, (tile) => deflateSync(tile)),
    },
  ]);

describe('plain images', () => {
  test('PNG and JPEG have one level, and a scale where their resolution can be a microscope’s', async () => {
    const png = await openSlideFile(
      at('a.png', await sharpOf(picture).png().withMetadata({ density: 50_800 }).toBuffer()),
    );
    expect(png).toMatchObject({ format: 'PNG', levels: [{ width: 200, height: 150, downsample: 1 }] });
    expect(png.micrometres).toBeCloseTo(0.5, 5);
    expect((await png.read(0, { x: 3, y: 2, width: 1, height: 1 })).pixels).toEqual(
      picture.pixels.slice(3 * 403, 3 * 404),
    );
    const jpeg = await openSlideFile(at('a.jpg', await sharpOf(picture).jpeg().toBuffer()));
    expect([jpeg.format, jpeg.micrometres, jpeg.magnification]).toEqual(['JPEG', undefined, undefined]);
  });

  test('are told by their content, whatever they are called', async () => {
    expect((await openSlideFile(at('really-a.svs', await sharpOf(picture).png().toBuffer()))).format).toBe('PNG');
  });

  test('grey or damaged ones are refused', async () => {
    expect(
      await complaint(at('grey.png', await sharpOf(picture).greyscale().toColourspace('b-w').png().toBuffer())),
    ).toMatch(/grey.png: the image has no colours. Give the RGB image/);
    const png = await sharpOf(picture).png().toBuffer();
    expect(await complaint(at('half.png', png.subarray(0, png.length / 2)))).toMatch(
      /half.png: the file is damaged or cut short \(.+\)\. Copy or download it again\./,
    );
  });
});

describe('sources', () => {
  test('two of one name are two slides', async () => {
    const other = madePicture(90, 80);
    const opened = [picture, other].map(async (made) =>
      openSlide(bytesSource(await sharpOf(made).tiff({ compression: 'lzw' }).toBuffer(), 'slide.tif')),
    );
    const [a, b] = await Promise.all(opened);
    const corner = { x: 0, y: 0, width: 50, height: 1 };
    expect((await a.read(0, corner)).pixels).toEqual(picture.pixels.slice(0, 150));
    expect((await b.read(0, corner)).pixels).toEqual(other.pixels.slice(0, 150));
    expect([a.levels[0].width, b.levels[0].width]).toEqual([200, 90]);
  });

  test('are closed with the slide, or where none is opened', async () => {
    const closed: string[] = [];
    const sourceOf = (name: string, bytes: Uint8Array) => ({
      ...bytesSource(bytes, name),
      close: () => Promise.resolve(void closed.push(name)),
    });
    const slide = await openSlide(sourceOf('slide.tif', await tiff()));
    await expect(openSlide(sourceOf('notes.txt', Buffer.from('patient,slide')))).rejects.toThrow(InputError);
    await expect(openSlide(sourceOf('cut.tif', (await tiff()).subarray(0, 500)))).rejects.toThrow(InputError);
    await openSlide(sourceOf('region.png', await sharpOf(picture).png().toBuffer())); // held in memory whole
    expect(closed).toEqual(['notes.txt', 'cut.tif', 'region.png']);
    await slide.close();
    expect(closed).toHaveLength(4);
  });

  test('of a slide, only what is looked at is read', async () => {
    const bytes = await tiff();
    const source = bytesSource(bytes, 'slide.tif');
    let read = 0;
    const slide = await openSlide({
      ...source,
      read: async (...stretch) => {
        const part = await source.read(...stretch);
        read += part.length;
        return part;
      },
    });
    expect(read).toBeLessThan(1000);
    const { pixels } = await slide.read(0, { x: 70, y: 70, width: 1, height: 1 });
    const at = 3 * (70 * picture.width + 70);
    expect(pixels).toEqual(picture.pixels.slice(at, at + 3));
    expect(read).toBeLessThan(bytes.length / 5); // one tile of twelve
  });
});

describe('what is no slide', () => {
  test.each([
    [
      'notes.svs',
      'patient,slide\n',
      /notes.svs: a text file is not read; Aperio SVS, pyramidal TIFF, OME-TIFF, PNG and JPEG are. Convert it with libvips: vips tiffsave/,
    ],
    [
      'noise.tif',
      Uint8Array.from({ length: 5000 }, (_, i) => (i * 89 + 7) % 256),
      /noise.tif: this kind of file is not read/,
    ],
    ['empty.svs', '', /empty.svs: the file is damaged or cut short \(it is empty\)/],
    [
      'pointer.svs',
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n',
      /pointer.svs: this is a Git LFS pointer.+git lfs pull/,
    ],
    ['a.dcm', Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(100)]), /a.dcm: DICOM is not read/],
    ['a.czi', 'ZISRAWFILE and more', /a.czi: Zeiss CZI is not read/],
  ])('%s', async (name, bytes, message) => {
    expect(await complaint(at(name, bytes))).toMatch(message);
  });

  test('missing files and folders', async () => {
    expect(await complaint(join(folder, 'nowhere.svs'))).toBe('nowhere.svs: there is no such file. Check its name.');
    mkdirSync(join(folder, 'folder'));
    expect(await complaint(join(folder, 'folder'))).toMatch(/this is not a file/);
  });
});

describe('TIFF that is not read', () => {
  test.each<[string, Tag, RegExp]>([
    ['NDPI', [65420, 'long', [1]], /Hamamatsu NDPI is not read/],
    [
      'Leica',
      [270, 'ascii', '<?xml?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">'],
      /Leica SCN is not read/,
    ],
    ['Philips', [305, 'ascii', 'Philips DP v1.0'], /the TIFF of Philips is not read/],
    ['Ventana', [700, 'byte', Buffer.from('<iScan UnitNumber="1">')], /Ventana BIF is not read/],
  ])('%s', async (_, tag, message) => {
    await expect(openSlide(bytesSource(await tiff([tag]), 'vendor.tif'))).rejects.toThrow(message);
  });

  const changed = async (tag: number, value: Tag) =>
    at(
      'changed.tif',
      madeTiff([
        {
          tags: [...rgbTags(picture, TILE, 8).filter(([t]) => t !== tag), value],
          tiles: await encodedTiles(picture, TILE, (tile) => deflateSync(tile)),
        },
      ]),
    );

  test('16 bits, one channel, palettes, unknown compressions', async () => {
    expect(await complaint(await changed(258, [258, 'short', [16, 16, 16]]))).toMatch(
      /a TIFF of 16 bits a sample is not read: 8-bit RGB is needed. Convert it with libvips: vips tiffsave/,
    );
    for (const gray of [
      [277, 'short', [1]],
      [277, 'short', [2]],
      [262, 'short', [1]],
    ] as const)
      expect(await complaint(await changed(gray[0], gray))).toBe(
        'changed.tif: a TIFF of one channel is not read: 8-bit RGB is needed. Give the scan in colour. Or make RGB of it with libvips: vips colourspace SLIDE rgb.tif srgb; then vips tiffsave rgb.tif slide.tif --tile --pyramid --bigtiff --compression jpeg --Q 90.',
      );
    expect(await complaint(await changed(262, [262, 'short', [3]]))).toMatch(/a TIFF with a palette is not read/);
    expect(await complaint(await changed(262, [262, 'short', [8]]))).toMatch(/photometric interpretation 8/);
    expect(await complaint(await changed(259, [259, 'short', [34887]]))).toMatch(/compression 34887/);
  });

  test('an image in one enormous piece', async () => {
    expect(await complaint(await changed(322, [322, 'long', [2_000_000]]))).toMatch(
      /pieces of 2000000 × 64 pixels.+vips tiffsave/,
    );
  });
});

describe('damaged files', () => {
  const jpegTiff = () =>
    sharpOf(picture)
      .tiff({ compression: 'jpeg', tile: true, tileWidth: TILE, tileHeight: TILE, pyramid: true })
      .toBuffer();
  const made: readonly [string, () => Promise<Uint8Array>][] = [
    ['deflate.tif', () => tiff()],
    ['lzw.tif', () => sharpOf(picture).tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer()],
    ['jpeg.tif', jpegTiff],
    [
      'jpeg2000.svs',
      async () =>
        madeTiff([{ tags: rgbTags(picture, TILE, 33005), tiles: await encodedTiles(picture, TILE, jpeg2000) }]),
    ],
    [
      'big.tif',
      async () =>
        madeTiff(
          [{ tags: rgbTags(picture, TILE, 8), tiles: await encodedTiles(picture, TILE, (tile) => deflateSync(tile)) }],
          { big: true, littleEndian: false },
        ),
    ],
    ['a.png', () => sharpOf(picture).png().toBuffer()],
    ['a.jpg', () => sharpOf(picture).jpeg().toBuffer()],
  ];

  test.each(made)('%s cut short at 25 places: always a message', async (name, make) => {
    const bytes = await make();
    for (let i = 0; i < 25; i++) {
      const length = Math.floor((bytes.length * i) / 25);
      expect(await complaint(at(name, bytes.subarray(0, length))), `${length} of ${bytes.length} bytes`).toMatch(
        /(damaged or cut short|is not read).+/,
      );
    }
  });

  test.each(made)('%s with 30 times a few wrong bytes: read or refused, nothing else', async (name, make) => {
    const bytes = await make();
    let refused = 0;
    for (let i = 0; i < 30; i++) {
      const stream = key(1, name, i);
      const wrong = Uint8Array.from(bytes);
      // Half of them near an end, where the directories are.
      for (let k = 0; k < 4; k++) {
        const span = i % 2 === 0 ? bytes.length : Math.min(bytes.length, 400);
        const offset = Math.floor(uniform(stream, 2 * k) * span);
        wrong[i % 4 === 1 ? bytes.length - 1 - offset : offset] = Math.floor(uniform(stream, 2 * k + 1) * 256);
      }
      const error: unknown = await readAll(at(name, wrong)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error === undefined) continue;
      expect(error, `damage ${i}`).toBeInstanceOf(InputError);
      refused++;
    }
    expect(refused).toBeGreaterThan(3);
  });

  test('a good tile after a damaged one is decoded, also by the library of JPEG 2000', async () => {
    const tiles = await encodedTiles(picture, TILE, jpeg2000);
    tiles[0] = tiles[0].subarray(0, tiles[0].length / 2);
    const slide = await openSlideFile(at('half.svs', madeTiff([{ tags: rgbTags(picture, TILE, 33005), tiles }])));
    await expect(slide.read(0, { x: 0, y: 0, width: 10, height: 10 })).rejects.toThrow(
      /half.svs: the file is damaged or cut short \(tile 0: .+\)/,
    );
    const { pixels } = await slide.read(0, { x: 70, y: 0, width: 1, height: 1 });
    expect(pixels).toEqual(picture.pixels.slice(210, 213));
    await slide.close();
  });
});
