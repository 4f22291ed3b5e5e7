import { describe, expect, it } from 'vitest';
import { foldsOf } from '../cohort/split/folds.js';
import { parseConfig } from '../config/config.js';
import { planRuns } from './plan.js';

const config = (split: string) =>
  parseConfig(
    `name: x\nclinical: {file: c.csv, time: t, event: e}\nexpression: {file: e.csv}\nfeatures: {folder: b}\nsplit: ${split}`,
    'x.yaml',
  );

describe('the folds of a cross-validation', () => {
  it('are those of one dealing, with the folders of before, where no repeats are asked for', async () => {
    const folds = await foldsOf(config('{seed: 3}'), 2);
    expect(folds.map(({ fold, repeat, config: { split } }) => [fold, repeat, split])).toEqual([
      [0, undefined, { seed: 3, test: 0.1, validation: 0.1, folds: 2, fold: 0 }],
      [1, undefined, { seed: 3, test: 0.1, validation: 0.1, folds: 2, fold: 1 }],
    ]);
    expect(planRuns(folds, [1]).map(({ folder }) => folder)).toEqual(['fold-0/seed-1', 'fold-1/seed-1']);
  });

  it('are R × k with repeats; the first has the config and the folders of a single one', async () => {
    const [once, thrice] = [await foldsOf(config('{}'), 2), await foldsOf(config('{}'), 2, 3)];
    expect(thrice.map(({ repeat, fold }) => [repeat, fold])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(thrice.slice(0, 2).map((fold) => fold.config)).toEqual(once.map((fold) => fold.config));
    const runs = planRuns(thrice, [1, 2], 'permuted-bags');
    expect(runs.map(({ folder }) => folder).slice(0, 4)).toEqual([
      'fold-0/permuted-bags-seed-1',
      'fold-1/permuted-bags-seed-1',
      'repeat-1/fold-0/permuted-bags-seed-1',
      'repeat-1/fold-1/permuted-bags-seed-1',
    ]);
    expect(new Set(runs.map(({ folder }) => folder)).size).toBe(12);
    expect(runs.at(-1)).toMatchObject({ repeat: 2, fold: 1, seed: 2, config: { split: { repeat: 2 } } });
  });

  it('are refused repeats where the config says which dealing it is, or a file who is where', async () => {
    await expect(foldsOf(config('{folds: 2, repeat: 1}'), undefined, 2)).rejects.toThrow(
      /split.repeat is 1, and all 2 repeats/,
    );
    await expect(foldsOf(config('{file: folds.csv}'), undefined, 2)).rejects.toThrow(
      /folds.csv: the folds are those of this file, so there are no repeats/,
    );
  });
});
