import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

const verdictOf = (rows: readonly string[][], name: string) => defined(rows.find(([model]) => model === name)).at(-1);

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
    expect(rows.map(([name]) => name)).toContain('ridge Cox on the genes');
    expect(verdictOf(rows, 'ridge Cox on the genes')).toBe('not tested');
    expect(defined(page.querySelector('#run-1-training')).textContent).toContain('2 trainings, a line each');
  }, 60_000);

  it('gives verdicts where the folds are dealt several times, and counts patients once', async () => {
    const [cohort, made] = [join(folder, 'cohort', 'cohort.yaml'), join(folder, 'repeats')];
    const dealings = ['--folds', '2', '--repeats', '2'];
    expect(await subspace('crossval', cohort, '--out', made, ...dealings, ...short)).toMatchObject({ code: 0 });
    expect(await subspace('report', made)).toMatchObject({ code: 0 });
    const page = readPage(join(made, 'report.html'));
    const rows = rowsOf(page, 'Survival, all');
    expect(verdictOf(rows, 'ridge Cox on the genes')).toMatch(/^(helps|harms|equivalent|undetermined)$/);
    const [, lead] = defined(page.querySelector('#run-1-summary')).querySelectorAll('p');
    expect(lead.textContent).toMatch(/^On 40 patients \(\d+ deaths\), each tested by models/);
  }, 120_000);

  it.each([
    ['survival', 'snn', 'the expression of', 4],
    ['grade', 'abmil', 'patches of a slide', 2],
  ])(
    'counts patients once where the test parts of a split file overlap: %s',
    async (task, model, inputs, parts) => {
      const folds = Array.from({ length: parts }, (_, fold) => fold);
      const splits = join(folder, `splits-${task}`);
      const [cohort, made] = [join(folder, 'cohort'), join(folder, `overlapping-${task}`)];
      const [header, ...rows] = readFileSync(join(cohort, 'clinical.csv'), 'utf8')
        .trim()
        .split('\n')
        .map((row) => row.split(','));
      const ids = rows.map(([id]) => id);
      mkdirSync(splits, { recursive: true });
      for (const fold of folds) {
        const isTest = (i: number) => (i - 7 * fold + 40) % 40 < 16;
        const lines = ids.map((id, i) => (isTest(i) ? `,${id}` : `${id},`));
        writeFileSync(join(splits, `splits_${fold}.csv`), `train,test\n${lines.join('\n')}\n`);
      }
      const tested = ids.filter((_, i) => folds.some((fold) => (i - 7 * fold + 40) % 40 < 16));
      const deaths = rows.filter((row) => tested.includes(row[0]) && row[header.indexOf('event')] === '1').length;
      const settings = [
        '--set',
        `split.file=${splits}`,
        '--set',
        `task=${task}`,
        '--set',
        `model.name=${model}`,
        ...short,
      ];
      expect(await subspace('crossval', join(cohort, 'cohort.yaml'), '--out', made, ...settings)).toMatchObject({
        code: 0,
      });
      expect(await subspace('report', made)).toMatchObject({ code: 0 });
      const page = readPage(join(made, 'report.html'));
      const [from, lead] = [...defined(page.querySelector('#run-1-summary')).querySelectorAll('p')];
      expect(from.textContent).toContain(`The published model ${model} predicts`);
      expect(from.textContent.split(' from ')[1]).toContain(inputs);
      expect(from.textContent).not.toMatch(/patches.* and the expression/);
      const who =
        task === 'survival' ? `${tested.length} patients (${deaths} deaths)` : `${tested.length} patients of 3 classes`;
      expect(lead.textContent).toContain(`On ${who}, each tested by models that had not seen them in ${parts} folds`);
      expect(rowsOf(page, 'Patients of each part')[0].slice(1)).toEqual([
        String(tested.length),
        ...folds.map(() => '16'),
      ]);
      expect(defined(page.querySelector('#run-1-patients')).textContent).toContain(
        'Some patients are tested in several folds',
      );
      const [metric] = rowsOf(page, 'Metrics on');
      expect(metric.slice(3)).toEqual([String(tested.length), ...(task === 'survival' ? [String(deaths)] : [])]);
      if (task === 'survival') {
        const atRisk = ['low', 'high'].map((group) =>
          Number(defined(page.querySelector(`.at-risk-${group} text`)).textContent),
        );
        expect(atRisk[0] + atRisk[1]).toBe(tested.length);
      } else {
        const all = [...page.querySelectorAll('.confusion tbody tr')].map((row) =>
          Number(defined([...row.querySelectorAll('td')].at(-1)).textContent),
        );
        expect(all.reduce((sum, n) => sum + n, 0)).toBe(tested.length);
        expect(rowsOf(page, 'Reliability').reduce((sum, row) => sum + Number(row.at(-1)), 0)).toBe(tested.length);
      }
    },
    120_000,
  );

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
