import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBag, readBagHeader } from '../cohort/bags/features.js';
import { temporaryFile } from '../files/atomic.js';
import { InputError, WorkError } from '../files/errors.js';
import { SMALL_ENCODER_YAML, smallEncoder } from '../testing/small-encoder.js';
import { openEncoder, type Encoder } from './encoder.js';
import { extract, removeLeftovers, type ExtractOptions } from './extract.js';
import { openSlideFile } from './open-slide-file.js';
import { readPatches } from './patches.js';
import { slideFiles, slideName } from './slide-files.js';

// The readers are threads whose program is in dist/, which `npm test` builds first.

let folder: string;
let encoder: Encoder;
let counter = 0;
const options = (more: Partial<ExtractOptions> = {}): ExtractOptions => ({
  ...{ out: join(folder, `out-${counter++}`), encoder, batch: 4 },
  cutting: { patchSize: 64, resolution: { magnification: 20 }, tissue: 0.5 },
  ...more,
});
const slide = (name: string) => join(folder, name);

/** A pyramid scanned at 40×: two sections with a texture on glass. */
async function writeSlide(name: string, { shift = 0 } = {}): Promise<void> {
  const stripes = Array.from(
    { length: 40 },
    (_, i) =>
      `<path d="M0 ${25 * i + shift} L1000 ${25 * i + 40}" stroke="rgb(110,50,130)" stroke-width="${1 + (i % 5)}"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="800"><defs><clipPath id="c"><circle cx="300" cy="400" r="260"/><rect x="650" y="100" width="250" height="500"/></clipPath></defs>
    <rect width="1000" height="800" fill="rgb(244,242,243)"/><g clip-path="url(#c)"><rect width="1000" height="800" fill="rgb(215,140,185)"/>${stripes.join('')}</g></svg>`;
  await sharp(Buffer.from(svg))
    .removeAlpha()
    .tiff({
      compression: 'jpeg',
      quality: 90,
      tile: true,
      tileWidth: 128,
      tileHeight: 128,
      pyramid: true,
      xres: 4000,
      yres: 4000,
    })
    .toFile(slide(name));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'extract-'));
  writeFileSync(slide('encoder.onnx'), smallEncoder({ size: 32, width: 12 }));
  writeFileSync(slide('encoder.yaml'), SMALL_ENCODER_YAML);
  encoder = await openEncoder(slide('encoder.onnx'));
  await writeSlide('P1-a.tif');
  await writeSlide('P2-a.tif', { shift: 9 });
});
afterAll(async () => {
  await encoder.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** The features of P1-a as they were written, with coordinates. */
async function writtenBag(out: string) {
  const { coordinates, ...bag } = await readBag({ slide: 'P1-a', path: join(out, 'P1-a.h5') });
  if (!coordinates) throw new Error('the features have no coordinates');
  return { ...bag, coordinates };
}

describe('a slide', () => {
  test('becomes a bag with its coordinates and where it comes from, and a picture', async () => {
    const wanted = options();
    const record = await extract(slide('P1-a.tif'), wanted);
    const bag = await writtenBag(wanted.out);
    expect(record).toMatchObject({ slide: 'P1-a', status: 'done', patches: bag.patches, level0Magnification: 40 });
    expect(bag).toMatchObject({
      width: 12,
      encoder: 'small random encoder',
      magnification: 20,
      level0Magnification: 40,
      patchLevel: 1,
    });
    expect(bag).toMatchObject({ patchSize: 64, patchSizeLevel0: 128, overlap: 0, unit: 'pixels' });
    // Corners stand on the grid, in reading order, where the tissue was drawn.
    const corners = Array.from(
      { length: bag.patches },
      (_, i) => [bag.coordinates[2 * i], bag.coordinates[2 * i + 1]] as const,
    );
    expect(corners.every(([x, y]) => x % 128 === 0 && y % 128 === 0 && x < 1000 && y < 800)).toBe(true);
    expect(corners).toEqual([...corners].sort(([x, y], [u, v]) => y - v || x - u));
    const isTissue = (x: number, y: number) =>
      (x - 300) ** 2 + (y - 400) ** 2 < 260 ** 2 || (x > 650 && x < 900 && y > 100 && y < 600);
    expect(corners.filter(([x, y]) => isTissue(x + 64, y + 64)).length / corners.length).toBeGreaterThan(0.9);
    expect(bag.patches).toBeGreaterThan(15);
    const picture = await sharp(join(wanted.out, 'overview', 'P1-a.png')).metadata();
    expect([picture.width, picture.height]).toEqual([1000, 800]);
    expect(readdirSync(wanted.out).sort()).toEqual(['P1-a.h5', 'overview']);
  });

  test('has the features of its patches, each at its place, whatever the batch', async () => {
    const wanted = options({ batch: 7 });
    await extract(slide('P1-a.tif'), wanted);
    const bag = await writtenBag(wanted.out);
    const opened = await openSlideFile(slide('P1-a.tif'));
    for (const i of [0, 8, bag.patches - 1]) {
      const corners = Int32Array.of(bag.coordinates[2 * i] / 2, bag.coordinates[2 * i + 1] / 2); // level 1 is halved
      const pixels = await readPatches(opened, { level: 1, edge: 64, size: 32, corners });
      const expected = await encoder.encode(pixels);
      expected.forEach((value, k) => {
        expect(bag.features[12 * i + k]).toBeCloseTo(value, 5);
      });
    }
    await opened.close();
  });

  test('in a fixed number of rows: fewer patches are repeated, of more an even selection is kept', async () => {
    const all = options();
    await extract(slide('P1-a.tif'), all);
    const whole = await writtenBag(all.out);
    for (const fix of [100, 9]) {
      const wanted = options({ fix });
      await extract(slide('P1-a.tif'), wanted);
      const fixed = await writtenBag(wanted.out);
      expect(fixed.patches).toBe(fix);
      const rowOf = (i: number) => (fix > whole.patches ? i % whole.patches : Math.round((i * whole.patches) / fix));
      for (const i of [0, 3, 8]) {
        expect([...fixed.coordinates.subarray(2 * i, 2 * i + 2)]).toEqual([
          ...whole.coordinates.subarray(2 * rowOf(i), 2 * rowOf(i) + 2),
        ]);
        fixed.features.subarray(12 * i, 12 * i + 12).forEach((value, k) => {
          expect(value).toBeCloseTo(whole.features[12 * rowOf(i) + k], 5);
        });
      }
    }
  });

  test('that is damaged, empty, too small or no slide is refused, and leaves no features', async () => {
    writeFileSync(slide('cut.tif'), readFileSync(slide('P1-a.tif')).subarray(0, 5000));
    await sharp({ create: { width: 600, height: 600, channels: 3, background: 'white' } })
      .tiff({ compression: 'lzw', xres: 2000, yres: 2000 })
      .toFile(slide('white.tif'));
    await sharp({ create: { width: 20, height: 30, channels: 3, background: 'pink' } })
      .tiff({ compression: 'lzw', xres: 2000, yres: 2000 })
      .toFile(slide('tiny.tif'));
    writeFileSync(slide('table.svs'), 'patient,slide\n');
    const wanted = options();
    const messageOf = async (name: string) => {
      const error: unknown = await extract(slide(name), wanted).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).message.replace(`${folder}/`, '');
    };
    expect(await messageOf('cut.tif')).toMatch(
      /^cut.tif: the file is damaged or cut short \(.+\). Copy or download it again.$/,
    );
    expect(await messageOf('white.tif')).toMatch(
      /^white.tif: no tissue was found. Look at its picture in the folder overview/,
    );
    expect(await messageOf('tiny.tif')).toMatch(
      /^tiny.tif: the image of 20 × 30 pixels is smaller than one patch, 64 × 64/,
    );
    expect(await messageOf('table.svs')).toMatch(/^table.svs: a text file is not read; Aperio SVS/);
    expect(readdirSync(wanted.out)).toEqual(['overview']);
    expect(existsSync(join(wanted.out, 'overview', 'white.png'))).toBe(true);
  });

  test('whose features are there with the same settings is left as it is; with others it is refused, or replaced when that is wanted', async () => {
    const file = slide('P1-a.tif');
    const wanted = options();
    await extract(file, wanted);
    const path = join(wanted.out, 'P1-a.h5');
    const before = statSync(path).mtimeMs;
    expect(await extract(file, wanted)).toEqual({ slide: 'P1-a', file, status: 'present' });
    expect(statSync(path).mtimeMs).toBe(before);
    const larger = { ...wanted, cutting: { ...wanted.cutting, patchSize: 96 } };
    await expect(extract(file, larger)).rejects.toThrow(/P1-a.h5: features are there already.+--overwrite/);
    expect(await extract(file, { ...larger, overwrite: true })).toMatchObject({ status: 'done' });
    expect((await readBagHeader(path)).patchSize).toBe(96);
  });

  test('that does not say its magnification takes the one given, and is recognised again', async () => {
    const file = slide('P3-a.png');
    await sharp(slide('P1-a.tif')).withMetadata({ density: 72 }).png().toFile(file);
    const wanted = options();
    await expect(extract(file, wanted)).rejects.toThrow('--objective 40');
    const given = { ...wanted, cutting: { ...wanted.cutting, objective: 40 } };
    for (const status of ['done', 'present']) {
      expect(await extract(file, given)).toMatchObject({ status });
      expect(await extract(slide('P2-a.tif'), given)).toMatchObject({ status });
    }
    expect(await readBagHeader(join(wanted.out, 'P3-a.h5'))).toMatchObject({ patchLevel: 0, patchSizeLevel0: 128 }); // resampled
  });

  test('that is stopped leaves no file behind', async () => {
    const wanted = options();
    const stop = new AbortController();
    const stopped = extract(slide('P2-a.tif'), {
      ...wanted,
      signal: stop.signal,
      onPatches: () => {
        stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(WorkError);
    expect(readdirSync(wanted.out)).toEqual(['overview']);
  });
});

test('what a killed process left of a slide is removed, and nothing of another', async () => {
  const { out } = options();
  mkdirSync(join(out, 'overview'), { recursive: true });
  // Of this machine and of another, as files/atomic.ts names them.
  const left = ['P1-a.h5', 'overview/P1-a.png'].flatMap((file) => {
    const own = relative(out, temporaryFile(join(out, file)));
    return [own, own.replace(/[0-9a-f]{8}-\d+-/, '00000000-4711-')];
  });
  const long = 'P'.repeat(50);
  const others = ['P1.h5', 'P1-a.h5.a', 'P1-a-2.h5', `${long}1.h5`]
    .map((file) => relative(out, temporaryFile(join(out, file))))
    .concat('P1-a.h5', '.P1-a.h5.old.tmp', 'overview/P1-a.png');
  for (const name of [...left, ...others]) writeFileSync(join(out, name), '');
  await removeLeftovers(out, 'P1-a');
  expect(left.filter((name) => existsSync(join(out, name)))).toEqual([]);
  await removeLeftovers(out, `${long}2`);
  expect(others.filter((name) => existsSync(join(out, name)))).toEqual(others);
  await removeLeftovers(join(out, 'nowhere'), 'P1-a');
});

describe('which slides', () => {
  test('names that can be no files of their own, or no names, are refused', async () => {
    const odd = join(folder, 'odd');
    mkdirSync(odd);
    const refused = async (name: string) => {
      writeFileSync(join(odd, name), '');
      const error: unknown = await slideFiles([join(odd, name)]).catch((thrown: unknown) => thrown);
      rmSync(join(odd, name));
      expect(error).toBeInstanceOf(InputError);
      const { message } = error as InputError;
      expect(message.split('\n')).toHaveLength(1);
      return message.replace(`${odd}/`, '');
    };
    for (const name of ['.svs', '..svs', '...svs'])
      expect(await refused(name)).toBe(
        `${name}: the slide has no name before its extension. Rename the slide; its features get its name.`,
      );
    expect(await refused('a\nb.svs')).toMatch(/^a\\nb.svs: the name of the slide has a control character/);
    expect(await refused('a\u001b[2Jb.svs')).toMatch(
      /^a\\u001b\[2Jb.svs: the name of the slide has a control character/,
    );
    expect(await refused(`${'ä'.repeat(101)}.svs`)).toMatch(/the name of the slide is 202 bytes long, 200 at most/);
    await expect(slideFiles([join(odd, `${'a'.repeat(300)}.svs`)])).rejects.toThrow(/the name is too long. Check/);
    writeFileSync(join(odd, `${'a'.repeat(200)}.svs`), '');
    expect(await slideFiles([odd])).toHaveLength(1);
    symlinkSync(join(odd, 'nowhere'), join(odd, 'link.svs'));
    await expect(slideFiles([odd])).rejects.toThrow(/link.svs: the folder lists it, and it cannot be found/);
  });

  test('one that is named twice is one', async () => {
    const file = slide('P1-a.tif');
    expect(await slideFiles([file, `${folder}/./P1-a.tif`, file])).toEqual([file]);
  });

  test('files, and of folders all that look like slides', async () => {
    const sub = join(folder, 'some');
    mkdirSync(sub);
    for (const name of ['b.svs', 'a.tiff', 'c.ome.tif', 'notes.txt', '.hidden.svs', 'd.PNG'])
      writeFileSync(join(sub, name), '');
    expect((await slideFiles([sub, slide('P1-a.tif')])).map((file) => basename(file))).toEqual([
      'a.tiff',
      'b.svs',
      'c.ome.tif',
      'd.PNG',
      'P1-a.tif',
    ]);
    expect(['c.ome.tif', 'x/TCGA-06-0174-01Z-00-DX3.23b6e12e.svs', 'd.PNG'].map(slideName)).toEqual([
      'c',
      'TCGA-06-0174-01Z-00-DX3.23b6e12e',
      'd',
    ]);
  });

  test('missing ones, empty folders and two of one name are refused at once', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(slideFiles([join(folder, 'nowhere')])).rejects.toThrow(/there is no such file or folder/);
    await expect(slideFiles([empty])).rejects.toThrow(/the folder holds no .svs, .tif/);
    writeFileSync(join(empty, 'P1-a.svs'), '');
    await expect(slideFiles([slide('P1-a.tif'), empty])).rejects.toThrow(
      /P1-a.svs: its features would have the same name as those of .+P1-a.tif/,
    );
  });
});
