import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../config/config.js';
import type { Result } from '../runs/result.js';
import { openRunFolder } from '../runs/run-folder.js';
import { subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { train } from '../training/train.js';
import { evaluate } from './evaluate.js';
import { evaluateExternal } from './external.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = join(folder, 'run');
const classes = join(folder, 'classes');
/** Another cohort: the run's test patients under other ids, in files of another gene order, unit of time and column names. */
let other: string;
let ids: ReadonlyMap<string, string>;

const externally = async (run: string, path: string, options: Parameters<typeof evaluateExternal>[2] = {}) =>
  evaluateExternal(run, await loadConfig(path), options);
const rename = (id: string) => id.replace('SIM', 'EXT');

beforeAll(async () => {
  const yaml = await tinyCohort(join(folder, 'cohort'), { patients: 40 });
  const parts = { 'split.test': '0.3', 'split.validation': '0.2' };
  await train({ config: await shortConfig(yaml, parts), out: run });
  await train({ config: await shortConfig(yaml, { ...parts, task: 'subtype' }), out: classes });
  const { test } = await (await openRunFolder(run)).split();
  ids = new Map(test.map((id) => [rename(id), id]));
  other = copyCohort(join(folder, 'cohort'), join(folder, 'other'));
  const bags = join(folder, 'other', 'bags');
  for (const id of test) renameSync(join(bags, `${id}-DX1.h5`), join(bags, `${rename(id)}-DX1.h5`));
  editTable(join(folder, 'other', 'clinical.csv'), ([header, ...rows]) => {
    const time = header.indexOf('survival_months');
    const own = rows.filter(([id]) => test.includes(id));
    return [
      header.with(time, 'days'),
      ...own.map((row) => row.with(0, rename(row[0])).with(time, String(Number(row[time]) * 30.4375))),
    ];
  });
  editTable(join(folder, 'other', 'expression.csv.gz'), ([header, ...genes]) => [
    header.map(rename),
    ...genes.reverse(),
  ]);
  const text = readFileSync(other, 'utf8')
    .replace(/^name: .*$/m, 'name: elsewhere')
    .replace('survival_months', 'days')
    .replace(/timeUnit: \w+/, 'timeUnit: days');
  writeFileSync(other, text.includes('timeUnit') ? text : text.replace('time: days', 'time: days\n  timeUnit: days'));
});

/** The ids of a table, in the order of its rows. */
const tableIds = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0]);

describe('external validation', () => {
  test('finds genes by name, converts times, and scores as the same patients were scored at home', async () => {
    const home = await evaluate(run);
    const abroad = await externally(run, other);
    expect(abroad.result).toMatchObject({
      split: 'external',
      cohort: { name: 'elsewhere', patients: 12, leftOut: {} },
      patients: 12,
      endpoint: { name: 'OS', time: 'days' },
    });
    const atHome = new Map(home.predictions.map((p) => [p.patient, p]));
    for (const p of abroad.predictions) {
      const same = defined(atHome.get(defined(ids.get(p.patient))));
      expect(p.outputs).toEqual(same.outputs);
      expect(p).toMatchObject({
        event: (same as typeof p & { event: boolean }).event,
        group: (same as typeof p & { group: string }).group,
      });
      expect((p as typeof p & { time: number }).time).toBeCloseTo((same as typeof p & { time: number }).time, 6);
    }
    const index = (result: Result) => result.metrics['concordanceIndex'].value;
    expect(index(abroad.result)).toBeCloseTo(defined(index(home.result)), 12);
    expect(abroad.result.baselines['ridgeCox']['concordanceIndex'].value).toBeCloseTo(
      defined(home.result.baselines['ridgeCox']['concordanceIndex'].value),
      12,
    );
    expect(defined(abroad.result.riskGroups).cut).toBe(defined(home.result.riskGroups).cut);
  });

  test('prints the cohort and the endpoint, or JSON', async () => {
    const { out, code } = await subspace('evaluate', run, '--cohort', other);
    expect(code).toBe(0);
    expect(out).toMatch(/^survival, 12 of 12 patients of elsewhere \(weights of /);
    expect(out).toMatch(/endpoint +OS, seen where event is 1/);
    expect(JSON.parse((await subspace('evaluate', run, '--cohort', other, '--json')).out)).toMatchObject({
      split: 'external',
      patients: 12,
    });
    expect((await subspace('evaluate', run, '--cohort', other, '--split', 'train')).code).toBe(2);
  });

  test('leaves out whom the run was trained or selected on, and refuses where nobody is left', async () => {
    const { train, validation } = await (await openRunFolder(run)).split();
    const warnings: string[] = [];
    const home = join(folder, 'cohort', 'cohort.yaml');
    const { result } = await externally(run, home, { onWarning: ({ message }) => warnings.push(message) });
    expect(result.patients).toBe(12);
    expect(defined(result.cohort).leftOut).toEqual({
      'have ids of training or validation patients of the run': train.length + validation.length,
    });
    expect(warnings).toContainEqual(
      expect.stringMatching(/^28 patients have ids of training or validation patients of the run \(SIM-/),
    );
    const seen = copyCohort(join(folder, 'cohort'), join(folder, 'seen'));
    editTable(join(folder, 'seen', 'clinical.csv'), ([header, ...rows]) => [
      header,
      ...rows.filter(([id]) => train.includes(id)),
    ]);
    await expect(externally(run, seen)).rejects.toThrow(
      /no patient is left to be scored: .*20 have ids of training or validation/,
    );
  });

  test('refuses a matrix that lacks genes of the model, with their number and names', async () => {
    const copy = copyCohort(join(folder, 'other'), join(folder, 'fewer'));
    const { scaling } = (await openRunFolder(run)).model;
    const gone = [...scaling.tumour.genes.slice(0, 2), scaling.microenvironment.genes[0]];
    editTable(join(folder, 'fewer', 'expression.csv.gz'), (rows) => rows.filter(([gene]) => !gone.includes(gene)));
    const failure = await externally(run, copy).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    expect(failure).toMatch(/expression\.csv\.gz: the matrix lacks 3 of the \d+ genes that the model reads/);
    for (const gene of gone) expect(failure).toContain(gene);
  });

  test('warns of expression that does not lie where the training patients’ did', async () => {
    const copy = copyCohort(join(folder, 'other'), join(folder, 'shifted'));
    editTable(join(folder, 'shifted', 'expression.csv.gz'), ([header, ...genes]) => [
      header,
      ...genes.map(([gene, ...cells]) => [gene, ...cells.map((x) => String((1 + Number(x)) * 64 - 1))]),
    ]);
    const said = async (path: string) => {
      const warnings: string[] = [];
      await externally(run, path, { onWarning: ({ message }) => warnings.push(message) });
      return warnings.join('\n');
    };
    expect(await said(copy)).toMatch(
      /typical gene of 'elsewhere' lies \d(\.\d)? standard deviations .*\n\d+ % of the expression of 'elsewhere' lies where hardly/,
    );
    expect(await said(other)).not.toMatch(/standard deviations/);
  });

  test('goes on without baselines and risk groups where the training cohort is gone', async () => {
    const hidden = join(folder, 'hidden');
    renameSync(join(folder, 'cohort'), hidden);
    const warnings: string[] = [];
    const { result, predictions } = await externally(run, other, {
      onWarning: ({ message }) => warnings.push(message),
    });
    renameSync(hidden, join(folder, 'cohort'));
    expect(result.patients).toBe(12);
    expect([result.baselines, result.riskGroups, 'group' in predictions[0]]).toEqual([{}, undefined, false]);
    expect(warnings).toContainEqual(
      expect.stringMatching(/cannot be read, so there are no baselines and no risk groups/),
    );
  });

  test('asks for the label of the model, whatever task the other config has, and scores a cohort of one class', async () => {
    const copy = copyCohort(join(folder, 'other'), join(folder, 'one-class'));
    editTable(join(folder, 'one-class', 'clinical.csv'), ([header, ...rows]) => {
      const [idh, codel] = [header.indexOf('idh_status'), header.indexOf('codel_1p19q')];
      return [header, ...rows.map((row, i) => row.with(idh, i === 0 ? '' : 'mutant').with(codel, 'codel'))];
    });
    const { result } = await externally(classes, copy);
    // Some of these patients trained or selected this other model.
    const unseen = (await (await openRunFolder(classes)).split()).test;
    const [, ...labelled] = tableIds(join(folder, 'one-class', 'clinical.csv'));
    const scored = labelled.filter((id) => unseen.includes(ids.get(id) ?? ''));
    expect(result).toMatchObject({
      task: 'subtype',
      split: 'external',
      patients: scored.length,
      cohort: {
        leftOut: {
          'without a label: idh_status unknown': 1,
          'have the slides or the expression of patients who made the model, under other ids': 11 - scored.length,
        },
      },
    });
    expect(result.metrics['accuracy'].value).not.toBeNull();
    expect(result.metrics['macroAuc']).toMatchObject({ value: null });
    expect(result.endpoint).toBeUndefined();
  });
});
