import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, type Config } from '../../config/config.js';
import type { Problem } from '../../files/errors.js';
import { key, normal } from '../../random/counter.js';
import { openRunFolder } from '../../runs/run-folder.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../../testing/tiny-cohort.js';
import { train } from '../../training/train.js';
import { evaluateAndWrite } from '../evaluate.js';
import { evaluateExternal } from '../external.js';
import { auditConfig, auditRuns } from './audit.js';

/** Leaks by second ids, changed files and other cohorts; audit.test.ts plants those by files, sites and what is fitted. */

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const PARTS = { 'split.test': '0.2', 'split.validation': '0.2', 'split.conformal': '0.2' };
const run = join(folder, 'run');
let split: Awaited<ReturnType<Awaited<ReturnType<typeof openRunFolder>>['split']>>;
let yaml: string;

beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'), { patients: 40 });
  editTable(join(folder, 'cohort', 'clinical.csv'), ([header, ...rows]) => [
    header.map((column) => (column === 'site' ? 'hospital' : column)), // sites have tests of their own
    ...rows,
  ]);
  const more = { ...PARTS, 'training.epochs': '3', 'model.name': 'snn', 'training.learningRate': '0.01' };
  await train({ config: await shortConfig(yaml, more), out: run });
  await evaluateAndWrite(run);
  split = await (await openRunFolder(run)).split();
});

/** A copy of the cohort with its files. */
function copied(): { home: string; config: () => Promise<Config>; clinical: string; expression: string } {
  const home = newFolder();
  const path = copyCohort(join(folder, 'cohort'), home);
  return {
    home,
    config: () => loadConfig(path, PARTS),
    clinical: join(home, 'clinical.csv'),
    expression: join(home, 'expression.csv.gz'),
  };
}

const leaks = ({ findings }: Awaited<ReturnType<typeof auditConfig>>) =>
  findings.filter(({ severity }) => severity === 'leak');

/** A copy of the run with one of its files changed. */
function changedRun(file: string, change: (text: string) => string): string {
  const copy = join(newFolder(), 'run');
  cpSync(run, copy, { recursive: true });
  writeFileSync(join(copy, file), change(readFileSync(join(copy, file), 'utf8')));
  return copy;
}

describe('a patient under a second id', () => {
  it.each([
    ['the same', 0],
    ['measured again', 0.02],
  ])('is found by expression that is %s', async (_, noise) => {
    const { config, expression } = copied();
    const [a] = split.train;
    const [b] = split.test;
    editTable(expression, ([header, ...genes]) => {
      const [from, to] = [header.indexOf(a), header.indexOf(b)];
      const again = (row: string[], g: number) => String(Number(row[from]) * (1 + noise * normal(key(1, 'again'), g)));
      return [header, ...genes.map((row, g) => row.with(to, again(row, g)))];
    });
    expect(leaks(await auditConfig(await config()))).toMatchObject([
      { kind: 'patient', who: [a, b].sort(), message: expect.stringContaining('have the same expression') },
    ]);
  });

  it('is found by a clinical row that is the same', async () => {
    const { config, clinical } = copied();
    const [a] = split.train;
    const [b] = split.test;
    editTable(clinical, (rows) => {
      const original = rows.find(([id]) => id === a) ?? [];
      return rows.map((row) => (row[0] === b ? original.with(0, b) : row));
    });
    const found = leaks(await auditConfig(await config()));
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringMatching(/have the same values in all of \d+ clinical columns/),
    ]);
  });

  it('is found by slides that are called regions of one', async () => {
    const { config, home } = copied();
    const [a] = split.train;
    const [b] = split.test;
    const bags = join(home, 'bags');
    renameSync(join(bags, `${a}-DX1.h5`), join(bags, 'S12-345_roi1.h5'));
    renameSync(join(bags, `${b}-DX1.h5`), join(bags, 'S12-345_roi2.h5'));
    const sheet = join(home, 'slides.csv');
    const others = [...split.train, ...split.validation, ...split.test, ...(split.conformal ?? [])];
    const lines = others.map((id) => {
      const slide = id === a ? 'S12-345_roi1' : id === b ? 'S12-345_roi2' : `${id}-DX1`;
      return `${slide},${id}`;
    });
    writeFileSync(sheet, ['slide_id,patient_id', ...lines, ''].join('\n'));
    const own = await config();
    const found = leaks(await auditConfig({ ...own, features: { ...own.features, slides: sheet } }));
    expect(found.map(({ message }) => message)).toEqual([
      expect.stringContaining('have slides whose names say that they are regions of one, S12-345'),
    ]);
  });

  it('is nothing where all differ', async () => {
    expect((await auditConfig(await copied().config())).findings).toEqual([]);
  });
});

describe('a run', () => {
  it('as it was written has no leak', async () => {
    expect((await auditRuns(run)).findings).toEqual([]);
  });

  it('whose scored patients include one of the conformal ones is found', async () => {
    const [conformal] = split.conformal ?? [];
    const leaky = changedRun('predictions.json', (text) => text.replace(split.test[0], conformal));
    expect(leaks(await auditRuns(leaky)).map(({ kind, who }) => [kind, who])).toEqual([
      ['scored', [conformal]],
      ['changed', ['predictions.json']],
    ]);
  });

  it.each(['confidence.json', 'validation-predictions.json', 'predictions.json'])(
    'whose %s was changed is found',
    async (file) => {
      const leaky = changedRun(file, (text) => text.replace(/(\d)\.(\d)/, (_, a: string, b: string) => `${b}.${a}`));
      expect(leaks(await auditRuns(leaky))).toMatchObject([{ kind: 'changed', who: [file] }]);
    },
  );

  it('whose kept epoch is not the best is found', async () => {
    const leaky = changedRun('metrics.jsonl', (text) => {
      const epochs = text.trim().split('\n');
      return epochs
        .map((line) => line.replace(/("validation":\{[^}]*?"value":)[\d.]+/, (_, head: string) => `${head}0.1`))
        .map((line, e) =>
          e === worstOf(epochs) ? line.replace(/("value":)0\.1/, (_, head: string) => `${head}0.9`) : line,
        )
        .join('\n')
        .concat('\n');
    });
    expect(leaks(await auditRuns(leaky))).toMatchObject([
      { kind: 'epoch', message: expect.stringMatching(/are of epoch \d, and the best .* is epoch \d/) },
    ]);
  });
});

/** The place of an epoch that was not kept. */
function worstOf(epochs: readonly string[]): number {
  const values = epochs.map((line) => Number(/"value":([\d.]+)/.exec(line)?.[1]));
  return values.indexOf(Math.max(...values)) === 0 ? 1 : 0;
}

describe('another cohort', () => {
  /** The whole cohort of the run under new ids. */
  function renamed() {
    const copy = copied();
    const rename = (id: string) => id.replace('SIM', 'NEW');
    const everyone = [...split.train, ...split.validation, ...split.test, ...(split.conformal ?? [])];
    for (const id of everyone)
      renameSync(join(copy.home, 'bags', `${id}-DX1.h5`), join(copy.home, 'bags', `${rename(id)}-DX1.h5`));
    editTable(copy.clinical, (rows) => rows.map((row) => row.with(0, rename(row[0]))));
    editTable(copy.expression, ([header, ...genes]) => [header.map(rename), ...genes]);
    return copy;
  }

  it('of the training patients under new ids is left out, with a word; what is scored are the others', async () => {
    const warnings: Problem[] = [];
    const { result } = await evaluateExternal(run, await renamed().config(), { onWarning: (p) => warnings.push(p) });
    expect(result.patients).toBe(split.test.length);
    const reason = 'have the slides or the expression of patients who made the model, under other ids';
    expect(result.cohort?.leftOut[reason]).toBe(40 - split.test.length);
    expect(warnings.map(({ message }) => message)).toContainEqual(expect.stringContaining(reason));
  });

  it('whose expression was measured again is warned of', async () => {
    const copy = renamed();
    editTable(copy.expression, ([header, ...genes]) => [
      header,
      ...genes.map((row, g) =>
        row.map((cell, c) =>
          c === 0 ? cell : String(Number(cell) * (1 + 0.01 * normal(key(2, 'again'), g * 100 + c))),
        ),
      ),
    ]);
    // Bags that were extracted again: the same patches in other bytes.
    for (const id of [...split.train, ...split.validation, ...(split.conformal ?? [])]) {
      const bag = join(copy.home, 'bags', `${id.replace('SIM', 'NEW')}-DX1.h5`);
      writeFileSync(bag, Buffer.concat([readFileSync(bag), Buffer.alloc(8)]));
    }
    const warnings: Problem[] = [];
    const { result } = await evaluateExternal(run, await copy.config(), { onWarning: (p) => warnings.push(p) });
    expect(result.patients).toBe(40);
    const found = warnings.filter(({ message }) => /correlate above 0\.99 with those of a patient/.test(message));
    expect(found).toHaveLength(40 - split.test.length);
    expect(found[0].message).toMatch(/^the genes of 3\d patients/);
  });
});
