import { describe, expect, test } from 'vitest';
import { formatProblem } from '../files/errors.js';
import { patchGrid, tissuePatches, type Cutting, type PatchGrid } from './grid.js';
import type { SlideInfo } from './slide.js';

const slide = (
  downsamples: readonly number[],
  scale: Partial<SlideInfo> = { magnification: 40 },
  width = 40_000,
  height = 30_000,
): SlideInfo => ({
  format: 'made',
  levels: downsamples.map((downsample) => ({
    width: Math.floor(width / downsample),
    height: Math.floor(height / downsample),
    downsample,
  })),
  ...scale,
});
const cutting = (resolution: Cutting['resolution'], more: Partial<Cutting> = {}): Cutting => ({
  patchSize: 256,
  resolution,
  tissue: 0.5,
  ...more,
});
const grid = (info: SlideInfo, c: Cutting) => patchGrid('a.svs', info, c);

describe('where patches are read', () => {
  test('from the level of that magnification, or resampled from the next finer one', () => {
    expect(grid(slide([1, 2, 4, 16]), cutting({ magnification: 20 }))).toMatchObject({
      level: 1,
      levelEdge: 256,
      edge: 512,
      columns: 78,
      rows: 58,
    });
    expect(grid(slide([1, 4, 16]), cutting({ magnification: 20 }))).toMatchObject({
      level: 0,
      levelEdge: 512,
      edge: 512,
    });
    expect(grid(slide([1, 4, 16]), cutting({ magnification: 5 }))).toMatchObject({
      level: 1,
      levelEdge: 512,
      edge: 2048,
    });
    expect(grid(slide([1, 4, 16]), cutting({ magnification: 40 }))).toMatchObject({
      level: 0,
      levelEdge: 256,
      edge: 256,
      level0Magnification: 40,
    });
  });

  test('levels whose downsampling is a little off are taken as they are', () => {
    expect(grid(slide([1, 2.0005]), cutting({ magnification: 20 }))).toMatchObject({
      level: 1,
      levelEdge: 256,
      edge: 512,
    });
    expect(grid(slide([1], { magnification: 20, micrometres: 0.499 }), cutting({ micrometres: 0.5 }))).toMatchObject({
      level: 0,
      levelEdge: 256,
      edge: 256,
      magnification: 20,
    });
  });

  test('by micrometres, which need not be those of an objective', () => {
    expect(grid(slide([1, 4], { micrometres: 0.23 }), cutting({ micrometres: 0.5 }))).toMatchObject({
      level: 0,
      levelEdge: 557,
      edge: 557,
      level0Magnification: 40,
    });
    expect(grid(slide([1]), cutting({ micrometres: 1 }))).toMatchObject({ edge: 1024 }); // 40× is a quarter of a micrometre
  });

  test('the objective that fits the pixels, or the one given', () => {
    const power = (micrometres: number) =>
      grid(slide([1], { micrometres }), cutting({ magnification: 5 })).level0Magnification;
    expect([0.25, 0.23, 0.5, 0.46, 1.02, 0.35].map(power)).toEqual([40, 40, 20, 20, 10, 10 / 0.35]);
    expect(grid(slide([1], {}), cutting({ magnification: 20 }, { objective: 40 })).edge).toBe(512);
    expect(grid(slide([1], { magnification: 20 }), cutting({ magnification: 20 }, { objective: 40 })).edge).toBe(256);
  });

  describe('of a slide whose magnification and pixels contradict', () => {
    const info = slide([1], { magnification: 20, micrometres: 0.2325 });

    test('by its pixels, and it is said', () => {
      const { level0Magnification, edge, warnings } = grid(info, cutting({ magnification: 20 }));
      expect([level0Magnification, edge]).toEqual([40, 512]);
      expect(warnings.map(formatProblem)).toEqual([
        'a.svs: the file says that it was scanned at 20× and that a pixel is 0.2325 µm wide, which is 43×. It is taken for 40×, by its pixels. If the magnification is right and the size of the pixels is not, give --objective 20.',
      ]);
      expect(grid(info, cutting({ micrometres: 0.5 })).edge).toBe(551);
    });

    test('by the objective where it is given, and with the pixels only where they fit it', () => {
      expect(grid(info, cutting({ magnification: 20 }, { objective: 20 }))).toMatchObject({
        ...{ level0Magnification: 20, level0Micrometres: undefined, edge: 256, objectiveNeeded: true, warnings: [] },
      });
      expect(grid(info, cutting({ micrometres: 0.5 }, { objective: 20 })).edge).toBe(256);
      expect(grid(info, cutting({ micrometres: 0.5 }, { objective: 40 }))).toMatchObject({
        ...{ level0Magnification: 40, level0Micrometres: 0.2325, edge: 551, warnings: [] },
      });
    });

    test('but not where scanners round', () => {
      for (const [magnification, micrometres] of [
        [20, 0.499],
        [40, 0.2275],
        [40, 0.2525],
        [20, 0.46],
      ])
        expect(grid(slide([1], { magnification, micrometres }), cutting({ magnification: 20 })).warnings).toEqual([]);
    });
  });

  test('a scale that is not understood is named in the error, or left aside with a warning', () => {
    const unreadScale = "the unit 'furlong' of PhysicalSizeX is not known";
    expect(() => grid(slide([1], { unreadScale }), cutting({ magnification: 20 }))).toThrow(
      "a.svs: the file does not say its magnification: the unit 'furlong' of PhysicalSizeX is not known. Give the objective",
    );
    const { warnings } = grid(slide([1], { unreadScale, magnification: 40 }), cutting({ magnification: 20 }));
    expect(warnings).toMatchObject([{ severity: 'warning', message: unreadScale }]);
  });

  test('refused: no magnification, too high a one, slides smaller than a patch', () => {
    expect(() => grid(slide([1], {}), cutting({ magnification: 20 }))).toThrow(
      'a.svs: the file does not say its magnification. Give the objective power that it was scanned with, as in --objective 40.',
    );
    expect(() => grid(slide([1], { magnification: 20 }), cutting({ magnification: 40 }))).toThrow(
      /scanned at 20×, and patches at 40× show more than it has. Take --magnification 20 or less/,
    );
    expect(() => grid(slide([1], { micrometres: 0.5 }), cutting({ micrometres: 0.25 }))).toThrow(
      /Take --mpp 0.5 or more/,
    );
    expect(() => grid(slide([1], { magnification: 20 }, 300, 200), cutting({ magnification: 20 }))).toThrow(
      /the image of 300 × 200 pixels is smaller than one patch, 256 × 256/,
    );
  });
});

test('patches with enough tissue, in reading order, corners in level 0', () => {
  const places: PatchGrid = {
    edge: 100,
    level: 0,
    levelEdge: 100,
    columns: 3,
    rows: 2,
    magnification: 20,
    level0Magnification: 20,
    level0Micrometres: undefined,
    objectiveNeeded: false,
    warnings: [],
  };
  // A mask of 10 pixels of level 0 a cell, 35 × 25: the slide ends within a fourth column and a third row.
  const cells = new Uint8Array(35 * 25);
  const fill = (left: number, top: number, right: number, bottom: number) => {
    for (let y = top; y < bottom; y++) cells.fill(1, y * 35 + left, y * 35 + right);
  };
  fill(0, 0, 10, 10); // the whole of the first patch
  fill(20, 0, 24, 10); // 40 % of the third
  fill(10, 10, 20, 15); // half of the fifth
  fill(30, 0, 35, 25); // beyond the last whole column
  const mask = { width: 35, height: 25, cells, threshold: 20 };
  expect([...tissuePatches(places, mask, { downsample: 10 }, 0.5)]).toEqual([0, 0, 100, 100]);
  expect([...tissuePatches(places, mask, { downsample: 10 }, 0.4)]).toEqual([0, 0, 200, 0, 100, 100]);
  expect([...tissuePatches(places, mask, { downsample: 10 }, 1)]).toEqual([0, 0]);
  expect([...tissuePatches(places, { ...mask, cells: new Uint8Array(35 * 25) }, { downsample: 10 }, 0.0001)]).toEqual(
    [],
  );
});
