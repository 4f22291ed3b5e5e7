import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { beforeAll, describe, expect, it } from 'vitest';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';

interface Part {
  readonly textContent: string;
  querySelector(selector: string): Part | null;
  querySelectorAll(selector: string): Iterable<Part>;
}

const folder = newFolder();
const [run, crossval, out] = ['run', 'crossval', 'out'].map((name) => join(folder, name));
const short = ['--set', 'training.epochs=2', '--set', 'training.batch=6', '--set', 'training.threads=1'];
const readPage = (path: string): Part => parseHTML(readFileSync(path, 'utf8')).document;
const rowsOf = (page: Part, caption: string): string[][] => {
  const table = defined(
    [...page.querySelectorAll('table')].find((one) =>
      defined(one.querySelector('caption')).textContent.startsWith(caption),
    ),
  );
  return [...table.querySelectorAll('tbody tr')].map((row) =>
    [...row.querySelectorAll('th, td')].map((cell) => cell.textContent),
  );
};

beforeAll(async () => {
  const cohort = await tinyCohort(join(folder, 'cohort'), { patients: 40, population: 40 });
  expect(await subspace('train', cohort, '--out', run, ...short, '--set', 'split.test=0.3')).toMatchObject({ code: 0 });
  expect(await subspace('crossval', cohort, '--out', crossval, '--folds', '2', ...short)).toMatchObject({ code: 0 });
}, 120_000);

describe('subspace report', () => {
  it('writes a page of a run with the numbers of its files, explains patients, and a model card', async () => {
    const { code, out: said } = await subspace('report', run, '--explain', '1', '--out', join(out, 'run.html'));
    expect({ code, said: said.includes('model-card.md') }).toEqual({ code: 0, said: true });
    const page = readPage(join(out, 'run.html'));
    const result = JSON.parse(readFileSync(join(run, 'result.json'), 'utf8'));
    const { train, validation, test } = JSON.parse(readFileSync(join(run, 'split.json'), 'utf8'));
    expect(rowsOf(page, 'Metrics on')[0].slice(0, 2)).toEqual([
      'C-index',
      result.metrics.concordanceIndex.value.toFixed(3),
    ]);
    expect(rowsOf(page, 'Patients of each part')[0].slice(1)).toEqual(
      [train, validation, test].map((part: string[]) => String(part.length)),
    );
    expect([...page.querySelectorAll('.patient')]).toHaveLength(2);
    expect([...page.querySelectorAll('.sheet svg')]).toHaveLength(2);
    expect(readFileSync(join(out, 'model-card.md'), 'utf8')).toContain(
      result.metrics.concordanceIndex.value.toFixed(3),
    );
  }, 60_000);

  it('writes a page of a cross-validation, every fold and difference in it', async () => {
    expect(await subspace('report', crossval, '--out', join(out, 'crossval.html'))).toMatchObject({ code: 0 });
    const page = readPage(join(out, 'crossval.html'));
    const [result] = JSON.parse(readFileSync(join(crossval, 'comparison.json'), 'utf8')).tasks;
    const value = (metric: { value: number | null }) =>
      metric.value === null ? 'not computed' : metric.value.toFixed(3);
    expect(rowsOf(page, 'C-index by fold')[0]).toEqual([
      'this method',
      ...result.folds.map((fold: { metrics: { concordanceIndex: { value: number } } }) =>
        value(fold.metrics.concordanceIndex),
      ),
      value(result.metrics.concordanceIndex),
    ]);
    const rows = rowsOf(page, 'Survival, all');
    expect(rows.map(([name]) => name)).toContain('ridge Cox, same genes');
    expect(defined(rows.find(([name]) => name === 'ridge Cox, same genes')).at(-1)).toMatch(
      /helps|harms|equivalent|undetermined/,
    );
    expect(defined(page.querySelector('#run-1-training')).textContent).toContain('2 trainings, a line each');
  }, 60_000);

  it('names no folder of this machine, and no patient where codes are asked for', async () => {
    const key = join(folder, 'keys', 'key.json');
    for (const source of [run, crossval]) {
      const { code } = await subspace('report', source, '--out', join(out, 'shared.html'), '--pseudonyms', key);
      expect(code).toBe(0);
      for (const file of ['shared.html', 'model-card.md']) {
        const text = readFileSync(join(out, file), 'utf8');
        for (const told of [folder, homedir(), process.cwd(), 'SIM-0']) expect(text, told).not.toContain(told);
      }
    }
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(Object.values(JSON.parse(readFileSync(key, 'utf8')).patients)).toContain('SIM-0001');
  }, 60_000);

  it('says what it lacks where the clinical table has gone', async () => {
    const config = join(run, 'config.json');
    const before = readFileSync(config, 'utf8');
    writeFileSync(config, before.replaceAll('clinical.csv', 'gone.csv'));
    expect(await subspace('report', run, '--out', join(out, 'gone.html'))).toMatchObject({ code: 0 });
    writeFileSync(config, before);
    const patients = defined(readPage(join(out, 'gone.html')).querySelector('#run-1-patients')).textContent;
    expect(patients).toContain('to be\nfilled in: gone.csv');
    expect(patients).not.toContain(folder);
  });

  it.each([
    ['a folder that is no run', () => [folder], 'neither a run'],
    ['patients of a cross-validation', () => [crossval, '--explain', '1'], 'subspace explain'],
    [
      'a key beside the report',
      () => [run, '--out', join(out, 'x.html'), '--pseudonyms', join(out, 'key.json')],
      'beside what is to be shared',
    ],
    ['a key that is none', () => [run, '--pseudonyms', join(folder, 'cohort', 'cohort.yaml')], 'no key of pseudonyms'],
  ])('refuses %s', async (_, args, words) => {
    const { code, err } = await subspace('report', ...args());
    expect({ code, plain: isPlainMessage(err), says: err.includes(words) }).toEqual({
      code: 2,
      plain: true,
      says: true,
    });
  });

  it('refuses a run that was not evaluated', async () => {
    rmSync(join(run, 'result.json'));
    const { code, err } = await subspace('report', run);
    expect({ code, says: err.includes('was not evaluated') }).toEqual({ code: 2, says: true });
  });
});
