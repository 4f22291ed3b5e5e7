import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { InputError } from '../files/errors.js';
import { newFolder } from '../testing/tiny-cohort.js';
import { ahead } from './ahead.js';
import { openBagReader } from './bag-reader.js';
import { readFixedBag } from './samples.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const model = { tokens: 36, size: { patchWidth: 4, genes: { tumour: 1, microenvironment: 1 }, classes: 2 } };

/** A feature file of this many patches, and of this width. */
async function slideOf(name: string, patches: number, width = 4) {
  const features = Float32Array.from({ length: patches * width }, (_, i) => Math.sin(i + patches));
  return { slide: name, path: await writeBag(folder, name, { features, shape: [patches, width] }) };
}

describe('the reading thread', () => {
  test('gives the bits that this thread reads, for slides smaller and larger than the bag, in any order of asking', async () => {
    const slides = await Promise.all([5, 36, 100].map((patches) => slideOf(`slide-${patches}.h5`, patches)));
    const reader = openBagReader(model);
    const read = await Promise.all([...slides, slides[0]].map((slide) => reader.read(slide)));
    await reader.close();
    for (const [i, slide] of [...slides, slides[0]].entries())
      expect(read[i]).toEqual(await readFixedBag(slide, model));
  });

  test('reports what is wrong with a file as the same InputError, and reads on', async () => {
    const narrow = await slideOf('narrow.h5', 40, 3);
    const text = { slide: 'text', path: join(folder, 'text.h5') };
    writeFileSync(text.path, 'not HDF5');
    const missing = { slide: 'missing', path: join(folder, 'missing.h5') };
    const reader = openBagReader(model);
    for (const slide of [narrow, text, missing]) {
      const here = await readFixedBag(slide, model).catch((error: unknown) => error as Error);
      const there = await reader.read(slide).catch((error: unknown) => error);
      expect(here).toBeInstanceOf(InputError);
      expect(there).toBeInstanceOf(InputError);
      expect((there as Error).message).toBe((here as Error).message);
    }
    expect(await reader.read(await slideOf('good.h5', 36))).toHaveLength(36 * 4);
    await reader.close();
  });

  test('rejects what is under way when it is closed, and everything after', async () => {
    const slide = await slideOf('late.h5', 36);
    const reader = openBagReader(model);
    const pending = expect(reader.read(slide)).rejects.toThrow('has ended');
    await reader.close();
    await pending;
    await expect(reader.read(slide)).rejects.toThrow('has ended');
  });
});

describe('one ahead', () => {
  /** Loads numbers and notes when it was asked for them. */
  const loader =
    (asked: number[], broken = -1) =>
    async (i: number) => {
      asked.push(i);
      await Promise.resolve();
      if (i === broken) throw new InputError(`no ${i}`);
      return 10 * i;
    };

  test('the next item is asked for before the caller has this one, and no other', async () => {
    const asked: number[] = [];
    const seen: number[][] = [];
    for await (const value of ahead([0, 1, 2, 3], loader(asked))) seen.push([value, asked.length]);
    expect(seen).toEqual([
      [0, 2],
      [10, 3],
      [20, 4],
      [30, 4],
    ]);
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  test('an error comes out in its place', async () => {
    const seen: number[] = [];
    const run = async () => {
      for await (const value of ahead([0, 1, 2, 3], loader([], 2))) seen.push(value);
    };
    await expect(run()).rejects.toThrow('no 2');
    expect(seen).toEqual([0, 10]);
  });

  test('a caller that stops is not told of an error behind', async () => {
    for await (const value of ahead([0, 1], loader([], 1))) {
      expect(value).toBe(0);
      break;
    }
  });

  test('nothing, and one', async () => {
    const all = async (items: number[]) => {
      const seen: number[] = [];
      for await (const value of ahead(items, loader([]))) seen.push(value);
      return seen;
    };
    expect(await all([])).toEqual([]);
    expect(await all([4])).toEqual([40]);
  });
});
