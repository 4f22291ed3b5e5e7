import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { METHOD, PLAN, QUESTIONS, REPEATS, seedOf } from '../real-histology/plan.js';
import { readRecord, writeRecord, type Cell, type TaskRecord } from '../real-histology/record.js';
import { compare, progress, questionsTable, tasksTables } from './real-histology.js';

const cell = (model: string, repeat: number, macroAuc: (number | null)[], seed = seedOf(repeat)): Cell => ({
  model,
  repeat,
  seed,
  commit: 'abcdef1',
  metrics: { macroAuc, logLoss: macroAuc.map(() => 0.6) },
});
const record = (cells: Cell[]): TaskRecord => ({ task: 'grade-lgg', folds: 'site', patients: 100, cells });
/** A gain of about 0.1 in every fold of these repeats. */
const gains = (repeats: number) =>
  record(
    Array.from({ length: repeats }, (_, r) => [
      cell('genesMeanSlide', r, [0.8, 0.81, 0.79, 0.8, 0.82]),
      cell('ridgeLogistic', r, [0.7, 0.7, 0.7, 0.7, 0.7]),
    ]).flat(),
  );

describe('the tables of real histology', () => {
  test('pair the folds of the same repeats, and take the corrected interval', () => {
    const one = record([
      cell('a', 0, [0.7, 0.8, 0.9, null, 0.6]),
      cell('b', 0, [0.6, 0.8, 0.7, 0.5, 0.6]),
      cell('a', 1, [0.9, 0.9, 0.9, 0.9, 0.9]), // b has no such repeat
    ]);
    const found = compare(one, 'a', 'b');
    expect(found?.repeats).toBe(1);
    // Differences 0.1, 0, 0.2, 0: mean 0.075, s² = 0.0275/3, SE² = (1/4 + 2/7)·s², t(0.975, 3) = 3.182446
    const half = 3.182446 * Math.sqrt((1 / 4 + 2 / 7) * (0.0275 / 3));
    expect(found?.tested.value).toBeCloseTo(0.075, 12);
    expect(found?.tested.high).toBeCloseTo(0.075 + half, 6);
  });

  test('give no verdict before all repeats are there, and then one', () => {
    expect(questionsTable([gains(REPEATS - 1)])).toContain('preliminary, no verdict');
    expect(questionsTable([gains(REPEATS - 1)])).not.toContain('helps');
    expect(questionsTable([gains(REPEATS)])).toMatch(/Does histology add to genes\?.*10 of 10.*helps/);
    expect(questionsTable([])).not.toContain('helps');
  });

  test('take no cell of another seed for one of the plan', () => {
    expect(compare(record([cell('a', 0, [1, 1], 7), cell('b', 0, [0.5, 0.5])]), 'a', 'b')).toBeUndefined();
  });

  test('name what is not run', () => {
    const text = tasksTables([gains(1)]);
    expect(text).toContain('| mcat | not run |');
    expect(text).toMatch(/Not run yet: .*WHO 2021 diagnosis, published folds/);
    expect(progress([record([cell(METHOD, 0, [0.5, 0.5])])])).toMatch(`1 of the ${PLAN.length} planned`);
  });

  test('every model of a question is trained or fitted for the main task', () => {
    const trained = new Set(
      PLAN.filter(({ task, folds }) => task === 'grade-lgg' && folds === 'site').map(({ model }) => model),
    );
    const fitted = ['genesMeanSlide', 'meanSlide', 'ridgeLogistic'];
    for (const { model, against } of QUESTIONS)
      for (const name of [model, against]) expect(trained.has(name) || fitted.includes(name), name).toBe(true);
  });
});

test('a record is read as it was written, one line per cell', () => {
  const folder = mkdtempSync(join(tmpdir(), 'record-'));
  const written = record([cell('a', 0, [0.5, null]), cell('b', 0, [0.25, 1])]);
  writeRecord(folder, written);
  expect(readRecord(folder, 'grade-lgg', 'site')).toEqual(written);
  expect(readFileSync(join(folder, 'grade-lgg.site.json'), 'utf8').trim().split('\n')).toHaveLength(4);
  expect(readRecord(folder, 'grade-lgg', 'published')).toBeUndefined();
  rmSync(folder, { recursive: true });
});
