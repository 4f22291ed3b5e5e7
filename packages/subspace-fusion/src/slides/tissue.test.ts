import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { slideFolders } from '../testing/data.js';
import { openSlideFile } from './open-slide-file.js';
import { thumbnailOf, type Thumbnail } from './thumbnail.js';
import { findTissue, grow, isInk, otsu, removeSmallAreas } from './tissue.js';

describe('Otsu’s threshold', () => {
  test('lies between two peaks', () => {
    const histogram = new Uint32Array(256);
    for (const [peak, weight] of [
      [20, 3],
      [150, 1],
    ] as const)
      for (let d = -5; d <= 5; d++) histogram[peak + d] = weight * (6 - Math.abs(d));
    const { threshold, below, above } = otsu(histogram);
    expect([threshold >= 25, threshold < 145, below, above]).toEqual([true, true, 20, 150]);
  });

  test('is the best division, tried out', () => {
    const histogram = [5, 9, 2, 0, 1, 7, 12, 3];
    const within = (t: number) => {
      const spread = (values: number[]) => {
        const mean = values.reduce((a, b) => a + b, 0) / values.length;
        return values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
      };
      const all = histogram.flatMap((n, v) => Array<number>(n).fill(v));
      return spread(all.filter((v) => v <= t)) + spread(all.filter((v) => v > t));
    };
    const best = [0, 1, 2, 3, 4, 5, 6].reduce((a, b) => (within(b) < within(a) ? b : a));
    expect(otsu(histogram).threshold).toBe(best);
  });

  test('of one value only', () => {
    expect(otsu([0, 0, 7, 0])).toMatchObject({ threshold: 0, below: 0, above: 0 });
  });
});

const drawn = (...rows: string[]) => Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0));

test('small areas go, holes are filled, corners do not join', () => {
  const mask = drawn(
    '#.....', //
    '.####.',
    '.#..#.',
    '.####.',
    '......',
  );
  removeSmallAreas(mask, 6, 1, 2);
  removeSmallAreas(mask, 6, 0, 3);
  expect(mask).toEqual(drawn('......', '.####.', '.####.', '.####.', '......'));
});

test('growing reaches as far as it says, and not round the end of a row', () => {
  expect(grow(drawn('...#', '....', '....'), 4, 1)).toEqual(drawn('..##', '..##', '....'));
});

test('inks, and the colours of a stained section', () => {
  const inks: [number, number, number][] = [
    [30, 120, 70],
    [40, 60, 160],
    [90, 150, 200],
    [200, 30, 45],
    [20, 20, 25],
    [0, 0, 0],
  ];
  for (const colour of inks) expect(isInk(...colour), colour.join()).toBe(true);
  const section: [number, number, number][] = [
    [255, 255, 255],
    [240, 235, 240],
    [222, 180, 205],
    [200, 120, 170],
    [120, 70, 140],
    [85, 60, 125],
    [190, 70, 90],
    [210, 110, 130],
  ];
  for (const colour of section) expect(isInk(...colour), colour.join()).toBe(false);
});

/** A picture drawn in SVG on glass. */
async function drawing(shapes: string, size = 400): Promise<Thumbnail> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="${size}" height="${size}" fill="rgb(243,241,242)"/>${shapes}</svg>`;
  const pixels = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
  return { width: size, height: size, pixels, downsample: 50 };
}

const TISSUE = '<circle cx="200" cy="200" r="120" fill="rgb(205,130,175)"/>';
const areaOf = ({ cells }: { cells: Uint8Array }) => cells.reduce((sum, cell) => sum + cell, 0);
const CIRCLE = Math.PI * 120 ** 2;

describe('tissue on a thumbnail', () => {
  test('a section on glass', async () => {
    expect(areaOf(findTissue(await drawing(TISSUE), 100)) / CIRCLE).toBeCloseTo(1, 1);
  });

  test('specks are removed and holes filled up to the smallest area; larger holes stay', async () => {
    const dust = '<circle cx="20" cy="20" r="4" fill="rgb(150,80,150)"/><circle cx="200" cy="150" r="5" fill="white"/>';
    const vessel = '<circle cx="200" cy="240" r="30" fill="white"/>';
    expect(areaOf(findTissue(await drawing(TISSUE + dust + vessel), 150)) / (CIRCLE - Math.PI * 900)).toBeCloseTo(
      1,
      1.5,
    );
  });

  test('marks of pens on glass are no tissue, and what lies below them is left out', async () => {
    const mark = (y: number, colour: string) =>
      `<path d="M20 ${y} H380" stroke="${colour}" stroke-width="14" style="mix-blend-mode:multiply"/>`;
    const marks = [
      [30, 'rgb(30,120,70)'],
      [55, 'rgb(40,60,160)'],
      [350, 'rgb(200,30,45)'],
      [375, 'rgb(20,20,25)'],
      [200, 'rgb(30,120,70)'],
    ] as const;
    const { cells, width } = findTissue(
      await drawing(TISSUE + marks.map(([y, colour]) => mark(y, colour)).join('')),
      100,
    );
    for (const y of [30, 55, 200, 350, 375])
      expect(
        cells.subarray(y * width, (y + 1) * width).every((cell) => cell === 0),
        `line ${y}`,
      ).toBe(true);
    expect(areaOf({ cells }) / (CIRCLE - 240 * 18)).toBeCloseTo(1, 1);
  });

  test('an empty slide has none, nor has one with the scanner’s black border', async () => {
    expect(areaOf(findTissue(await drawing(''), 100))).toBe(0);
    expect(
      areaOf(findTissue({ width: 50, height: 50, pixels: new Uint8Array(7500).fill(255), downsample: 1 }, 4)),
    ).toBe(0);
    expect(areaOf(findTissue(await drawing('<rect width="400" height="60" fill="black"/>'), 100))).toBe(0);
  });

  test('a pale section beside a dark one', async () => {
    const both =
      '<circle cx="110" cy="200" r="80" fill="rgb(110,50,130)"/><circle cx="290" cy="200" r="80" fill="rgb(232,195,215)"/>';
    expect(areaOf(findTissue(await drawing(both), 100)) / (2 * Math.PI * 80 ** 2)).toBeCloseTo(1, 1);
  });
});

/** The part of each slide that is tissue, as seen by eye. */
const SEEN = {
  whole: {
    'CMU-1-Small-Region.svs': 0.35,
    'TCGA-CR-7395-01A-01-TS1.svs': 0.63,
    region: 'TCGA-HT-7470-roi.pyramid.tif',
  },
  slices: { 'CMU-1-Small-Region.svs': 0.63, 'TCGA-CR-7395-01A-01-TS1.svs': 0.585, region: 'drawn.pyramid.tif' },
};
describe.each(slideFolders)('tissue of slides ($slides)', ({ slides, folder }) => {
  const part = async (file: string) => {
    const slide = await openSlideFile(join(folder, file));
    const thumbnail = await thumbnailOf(slide, 512);
    await slide.close();
    return areaOf(findTissue(thumbnail, (256 / thumbnail.downsample) ** 2)) / (thumbnail.width * thumbnail.height);
  };

  test('as seen by eye, and all of a region', async () => {
    const { region, ...parts } = SEEN[slides];
    for (const [file, expected] of Object.entries(parts)) expect(await part(file)).toBeCloseTo(expected, 1);
    expect(await part(region)).toBeGreaterThan(0.97);
  });
});
