import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBag, readBagHeader } from '../cohort/index.js';
import { WorkError } from '../files/work-error.js';
import { SMALL_ENCODER_YAML, smallEncoder } from '../testing/small-encoder.js';
import { openEncoder, type Encoder } from './encoder.js';
import { extract, type ExtractOptions } from './extract.js';
import { openSlide } from './open-slide.js';
import { readPatches } from './patches.js';
import { slideFiles, slideName } from './slide-files.js';

// The readers are threads whose program is in dist/, which `npm test` builds first.

let folder: string;
let encoder: Encoder;
let counter = 0;
const options = (slides: readonly string[], more: Partial<ExtractOptions> = {}): ExtractOptions => ({
  ...{ slides, out: join(folder, `out-${counter++}`), encoder, batch: 4 },
  cutting: { patchSize: 64, resolution: { magnification: 20 }, tissue: 0.5 },
  ...more,
});
const slide = (name: string) => join(folder, name);

/** A pyramid scanned at 40×: two sections with a texture on glass. */
async function writeSlide(name: string, { shift = 0 } = {}): Promise<void> {
  const stripes = Array.from({ length: 40 }, (_, i) => `<path d="M0 ${25 * i + shift} L1000 ${25 * i + 40}" stroke="rgb(110,50,130)" stroke-width="${1 + (i % 5)}"/>`);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="800"><defs><clipPath id="c"><circle cx="300" cy="400" r="260"/><rect x="650" y="100" width="250" height="500"/></clipPath></defs>
    <rect width="1000" height="800" fill="rgb(244,242,243)"/><g clip-path="url(#c)"><rect width="1000" height="800" fill="rgb(215,140,185)"/>${stripes.join('')}</g></svg>`;
  await sharp(Buffer.from(svg)).removeAlpha().tiff({ compression: 'jpeg', quality: 90, tile: true, tileWidth: 128, tileHeight: 128, pyramid: true, xres: 4000, yres: 4000 }).toFile(slide(name));
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

describe('a slide', () => {
  test('becomes a bag with its coordinates and where it comes from, and a picture', async () => {
    const wanted = options([slide('P1-a.tif')]);
    const [record] = await extract(wanted);
    const path = join(wanted.out, 'P1-a.h5');
    const bag = await readBag({ slide: 'P1-a', path });
    expect(record).toMatchObject({ slide: 'P1-a', status: 'done', patches: bag.patches, level0Magnification: 40 });
    expect(bag).toMatchObject({ width: 12, encoder: 'small random encoder', magnification: 20, level0Magnification: 40, patchLevel: 1 });
    expect(bag).toMatchObject({ patchSize: 64, patchSizeLevel0: 128, overlap: 0, unit: 'pixels' });
    // Corners stand on the grid, in reading order, where the tissue was drawn.
    const corners = Array.from({ length: bag.patches }, (_, i) => [bag.coordinates![2 * i]!, bag.coordinates![2 * i + 1]!] as const);
    expect(corners.every(([x, y]) => x % 128 === 0 && y % 128 === 0 && x < 1000 && y < 800)).toBe(true);
    expect(corners).toEqual([...corners].sort(([x, y], [u, v]) => y - v || x - u));
    const isTissue = (x: number, y: number) => (x - 300) ** 2 + (y - 400) ** 2 < 260 ** 2 || (x > 650 && x < 900 && y > 100 && y < 600);
    expect(corners.filter(([x, y]) => isTissue(x + 64, y + 64)).length / corners.length).toBeGreaterThan(0.9);
    expect(bag.patches).toBeGreaterThan(15);
    const picture = await sharp(join(wanted.out, 'overview', 'P1-a.png')).metadata();
    expect([picture.width, picture.height]).toEqual([1000, 800]);
    expect(readdirSync(wanted.out).sort()).toEqual(['P1-a.h5', 'extraction.jsonl', 'overview']);
  });

  test('has the features of its patches, each at its place, whatever the batch', async () => {
    const wanted = options([slide('P1-a.tif')], { batch: 7 });
    await extract(wanted);
    const bag = await readBag({ slide: 'P1-a', path: join(wanted.out, 'P1-a.h5') });
    const opened = await openSlide(slide('P1-a.tif'));
    for (const i of [0, 8, bag.patches - 1]) {
      const corners = Int32Array.of(bag.coordinates![2 * i]! / 2, bag.coordinates![2 * i + 1]! / 2); // level 1 is halved
      const pixels = await readPatches(opened, { level: 1, edge: 64, size: 32, corners });
      const expected = await encoder.encode(pixels);
      expected.forEach((value, k) => { expect(bag.features[12 * i + k]!).toBeCloseTo(value, 5); });
    }
    await opened.close();
  });

  test('in a fixed number of rows: fewer patches are repeated, of more an even selection is kept', async () => {
    const all = options([slide('P1-a.tif')]);
    await extract(all);
    const whole = await readBag({ slide: 'P1-a', path: join(all.out, 'P1-a.h5') });
    for (const fix of [100, 9]) {
      const wanted = options([slide('P1-a.tif')], { fix });
      await extract(wanted);
      const fixed = await readBag({ slide: 'P1-a', path: join(wanted.out, 'P1-a.h5') });
      expect(fixed.patches).toBe(fix);
      const rowOf = (i: number) => (fix > whole.patches ? i % whole.patches : Math.round((i * whole.patches) / fix));
      for (const i of [0, 3, 8]) {
        expect([...fixed.coordinates!.subarray(2 * i, 2 * i + 2)]).toEqual([...whole.coordinates!.subarray(2 * rowOf(i), 2 * rowOf(i) + 2)]);
        fixed.features.subarray(12 * i, 12 * i + 12).forEach((value, k) => { expect(value).toBeCloseTo(whole.features[12 * rowOf(i) + k]!, 5); });
      }
    }
  });
});

describe('many slides', () => {
  test('one that fails is reported and left out; every one that was worked on is in the list', async () => {
    writeFileSync(slide('cut.tif'), readFileSync(slide('P1-a.tif')).subarray(0, 5000));
    await sharp({ create: { width: 600, height: 600, channels: 3, background: 'white' } }).tiff({ compression: 'lzw', xres: 2000, yres: 2000 }).toFile(slide('white.tif'));
    await sharp({ create: { width: 20, height: 30, channels: 3, background: 'pink' } }).tiff({ compression: 'lzw', xres: 2000, yres: 2000 }).toFile(slide('tiny.tif'));
    writeFileSync(slide('table.svs'), 'patient,slide\n');
    const names = ['P1-a.tif', 'cut.tif', 'white.tif', 'tiny.tif', 'table.svs', 'P2-a.tif'];
    const wanted = options(names.map(slide));
    const seen: string[] = [];
    const records = await extract({ ...wanted, onSlide: ({ slide, status }, done, of) => seen.push(`${done}/${of} ${slide} ${status}`) });
    expect(seen).toEqual(['1/6 P1-a done', '2/6 cut failed', '3/6 white failed', '4/6 tiny failed', '5/6 table failed', '6/6 P2-a done']);
    const messages = Object.fromEntries(records.flatMap((record) => (record.status === 'failed' ? [[record.slide, record.message.replace(`${folder}/`, '')]] : [])));
    expect(messages['cut']).toMatch(/^cut.tif: the file is damaged or cut short \(.+\). Copy or download it again.$/);
    expect(messages['white']).toMatch(/^white.tif: no tissue was found. Look at its picture in the folder overview/);
    expect(messages['tiny']).toMatch(/^tiny.tif: the image of 20 × 30 pixels is smaller than one patch, 64 × 64/);
    expect(messages['table']).toMatch(/^table.svs: a text file is not read; Aperio SVS/);
    const lines = readFileSync(join(wanted.out, 'extraction.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual(JSON.parse(JSON.stringify(records)));
    expect(readdirSync(wanted.out).filter((name) => name.endsWith('.h5'))).toEqual(['P1-a.h5', 'P2-a.h5']);
    expect(existsSync(join(wanted.out, 'overview', 'white.png'))).toBe(true);
  });

  test('what is there with the same settings is left as it is; with others it is an error, or replaced when that is wanted', async () => {
    const wanted = options([slide('P1-a.tif')]);
    await extract(wanted);
    const path = join(wanted.out, 'P1-a.h5');
    const before = statSync(path).mtimeMs;
    const again = await extract({ ...wanted, slides: [slide('P1-a.tif'), slide('P2-a.tif')] });
    expect(again.map(({ status }) => status)).toEqual(['present', 'done']);
    expect(statSync(path).mtimeMs).toBe(before);
    const larger = { ...wanted, cutting: { ...wanted.cutting, patchSize: 96 } };
    expect((await extract(larger))[0]).toMatchObject({ status: 'failed', message: expect.stringMatching(/P1-a.h5: features are there already.+--overwrite/) as string });
    expect((await extract({ ...larger, overwrite: true }))[0]).toMatchObject({ status: 'done' });
    expect((await readBagHeader(path)).patchSize).toBe(96);
  });

  test('slides that do not say their magnification take the one given, and are recognised again', async () => {
    await sharp(slide('P1-a.tif')).withMetadata({ density: 72 }).png().toFile(slide('P3-a.png'));
    const wanted = options([slide('P3-a.png')]);
    expect((await extract(wanted))[0]).toMatchObject({ status: 'failed', message: expect.stringContaining('--objective 40') as string });
    const given = { ...wanted, cutting: { ...wanted.cutting, objective: 40 } };
    expect((await extract({ ...given, slides: [slide('P3-a.png'), slide('P2-a.tif')] })).map(({ status }) => status)).toEqual(['done', 'done']);
    expect(await readBagHeader(join(wanted.out, 'P3-a.h5'))).toMatchObject({ patchLevel: 0, patchSizeLevel0: 128 }); // resampled
    expect((await extract({ ...given, slides: [slide('P3-a.png'), slide('P2-a.tif')] })).map(({ status }) => status)).toEqual(['present', 'present']);
  });

  test('a stop leaves whole files only, and the next run goes on', async () => {
    const wanted = options([slide('P1-a.tif'), slide('P2-a.tif')]);
    const stop = new AbortController();
    const stopped = extract({ ...wanted, signal: stop.signal, onPatches: (name) => { if (name === 'P2-a') stop.abort(); } });
    await expect(stopped).rejects.toThrow(WorkError);
    expect(readdirSync(wanted.out).filter((name) => name.includes('.h5'))).toEqual(['P1-a.h5']);
    expect((await extract(wanted)).map(({ status }) => status)).toEqual(['present', 'done']);
  });
});

describe('which slides', () => {
  test('files, and of folders all that look like slides', async () => {
    const sub = join(folder, 'some');
    mkdirSync(sub);
    for (const name of ['b.svs', 'a.tiff', 'c.ome.tif', 'notes.txt', '.hidden.svs', 'd.PNG']) writeFileSync(join(sub, name), '');
    expect((await slideFiles([sub, slide('P1-a.tif')])).map((file) => basename(file))).toEqual(['a.tiff', 'b.svs', 'c.ome.tif', 'd.PNG', 'P1-a.tif']);
    expect(['c.ome.tif', 'x/TCGA-06-0174-01Z-00-DX3.23b6e12e.svs', 'd.PNG'].map(slideName)).toEqual(['c', 'TCGA-06-0174-01Z-00-DX3.23b6e12e', 'd']);
  });

  test('missing ones, empty folders and two of one name are refused at once', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(slideFiles([join(folder, 'nowhere')])).rejects.toThrow(/there is no such file or folder/);
    await expect(slideFiles([empty])).rejects.toThrow(/the folder holds no .svs/);
    writeFileSync(join(empty, 'P1-a.svs'), '');
    await expect(slideFiles([slide('P1-a.tif'), empty])).rejects.toThrow(/P1-a.svs: its features would have the same name as those of .+P1-a.tif/);
  });
});
