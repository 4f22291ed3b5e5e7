import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBag } from '../../cohort/bags/features.js';
import { loadCohort } from '../../cohort/load.js';
import { writeBag } from '../../cohort/made-files.test.helper.js';
import type { Bag, Split } from '../../cohort/types.js';
import { loadConfig, type Config } from '../../config/config.js';
import { key, normal } from '../../random/counter.js';
import { learnModel } from '../../runs/learn-model.js';
import type { Model } from '../../runs/model.js';
import type { Result } from '../../runs/result.js';
import { splitFile } from '../../runs/training-files.js';
import { isPlainMessage, subspace } from '../../testing/cli.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../../testing/tiny-cohort.js';
import { train } from '../../training/train.js';
import { evaluateAndWrite } from '../evaluate.js';
import { auditConfig, auditRuns } from './audit.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = join(folder, 'run');
const grade = join(folder, 'grade');
let yaml: string;
let config: Config;
let split: Split;
beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'), { patients: 40 });
  // Its sites both train and test; that has a test of its own.
  editTable(join(folder, 'cohort', 'clinical.csv'), ([header, ...rows]) => [
    header.map((column) => (column === 'site' ? 'hospital' : column)),
    ...rows,
  ]);
  const changes = { 'training.epochs': '1', 'split.test': '0.2', 'split.validation': '0.2', 'model.name': 'snn' };
  config = await shortConfig(yaml, changes);
  await train({ config, out: run });
  await evaluateAndWrite(run);
  await train({ config: await shortConfig(yaml, { ...changes, task: 'grade' }), out: grade });
  split = splitFile.parse(read(run, 'split.json'));
});

interface Files {
  'config.json': Config;
  'model.json': Model;
  'predictions.json': { readonly patient: string }[];
  'result.json': Result;
  'split.json': Split;
}
const read = <F extends keyof Files>(of: string, file: F): Files[F] => JSON.parse(readFileSync(join(of, file), 'utf8'));

/** A copy of a run with one of its files changed. */
function changed<F extends keyof Files>(file: F, change: (value: Files[F]) => unknown, of = run): string {
  const copy = newFolder();
  cpSync(of, copy, { recursive: true });
  writeFileSync(join(copy, file), JSON.stringify(change(read(of, file))));
  // The checkpoint belongs to the model as it was, and would be refused; an audit does without.
  if (file === 'model.json') rmSync(join(copy, 'checkpoint.safetensors'));
  return copy;
}

/** A copy of the cohort, and its config with the split of the run. */
async function otherCohort(): Promise<{ config: Config; bag: (patient: string) => string; folder: string }> {
  const copy = copyCohort(join(folder, 'cohort'), newFolder());
  const own = await loadConfig(copy, { 'split.test': '0.2', 'split.validation': '0.2' });
  return { config: own, bag: (patient) => join(own.features.folder, `${patient}-DX1.h5`), folder: own.features.folder };
}

const asMade = ({ patches, width, features }: Bag) => ({ shape: [patches, width], features, encoder: 'simulated' });
const kinds = ({ findings }: { findings: readonly { kind: string; severity: string }[] }) =>
  findings.map(({ kind, severity }) => `${severity} ${kind}`);

describe('an audit', () => {
  it('finds nothing in a clean run, a clean config and all of its folds', async () => {
    expect(await auditRuns(run)).toEqual({ divisions: [''], patients: 40, slides: 40, findings: [] });
    expect((await auditRuns(grade)).findings).toEqual([]);
    const folds = await auditConfig(await loadConfig(yaml, { 'split.folds': '4' }));
    expect(folds).toEqual({
      divisions: ['fold 0', 'fold 1', 'fold 2', 'fold 3'],
      patients: 40,
      slides: 40,
      findings: [],
    });
  });

  it('finds a patient in two parts', async () => {
    const both = changed('split.json', (own) => ({ ...own, test: [own.train[0], ...own.test] }));
    const { findings } = await auditRuns(both);
    expect(findings[0]).toMatchObject({
      kind: 'patient',
      severity: 'leak',
      who: [split.train[0]],
      message: expect.stringContaining('train, test'),
    });
  });

  it('finds a slide of two patients, by link and by content', async () => {
    const { config: own, bag } = await otherCohort();
    const [a, b] = [split.train[0], split.train[1]];
    const [x, y] = [split.test[0], split.test[1]];
    cpSync(bag(a), bag(x));
    rmSync(bag(y));
    symlinkSync(bag(b), bag(y));
    const { findings } = await auditConfig(own);
    expect(kinds({ findings })).toEqual(['leak slide', 'leak slide']);
    expect(
      findings.map(({ message, who }) => [
        /one file|same bytes/.exec(message)?.[0],
        who.map((slide) => slide.split(':')[0]),
      ]),
    ).toEqual([
      ['one file', [b, y].sort()],
      ['same bytes', [a, x].sort()],
    ]);
  });

  it('counts a slide of two patients on one side as a note', async () => {
    const { config: own, bag } = await otherCohort();
    cpSync(bag(split.train[0]), bag(split.train[1]));
    expect(kinds(await auditConfig(own))).toEqual(['note slide']);
  });

  it('finds a slide that was encoded again, and one that shares patches', async () => {
    const { config: own, bag, folder: bags } = await otherCohort();
    const ofTraining = await readBag({ slide: '', path: bag(split.train[0]) });
    const [x, y, z] = split.test as [string, string, string];
    const again = ofTraining.features.map((value, i) => value + 0.02 * normal(key(1, 'again'), i));
    await writeBag(bags, `${x}-DX1.h5`, asMade({ ...ofTraining, features: again }));
    const third = await readBag({ slide: '', path: bag(split.train[1]) });
    const ofY = await readBag({ slide: '', path: bag(y) });
    const mixed = ofY.features.slice();
    mixed.set(third.features.subarray(0, 5 * third.width), 20 * third.width); // 5 of 36 patches, in other rows
    await writeBag(bags, `${y}-DX1.h5`, asMade({ ...ofY, features: mixed }));
    const ofZ = await readBag({ slide: '', path: bag(z) });
    const single = ofZ.features.slice();
    single.set(third.features.subarray(10 * third.width, 11 * third.width));
    await writeBag(bags, `${z}-DX1.h5`, asMade({ ...ofZ, features: single }));
    const { findings } = await auditConfig(own);
    expect(kinds({ findings })).toEqual(['leak near-duplicate', 'leak patches', 'note patches']);
    expect(findings[0].who).toEqual(
      expect.arrayContaining([`${x}: ${x}-DX1`, `${split.train[0]}: ${split.train[0]}-DX1`]),
    );
    expect(findings[1].message).toMatch(/14 % of the smaller one's patches/);
  });

  it('finds genes, scaling, cuts and weights that were fitted outside of the training patients', async () => {
    const { cohort } = await loadCohort(config);
    const everyone = Object.values(split).flat() as string[];
    const byAll = learnModel(cohort, { ...split, train: everyone }, config, {}, '');
    const leaked = changed('model.json', (model) => ({ ...model, scaling: byAll.scaling, outcome: byAll.outcome }));
    const { findings } = await auditRuns(leaked);
    expect(kinds({ findings })).toEqual(['leak fitted', 'leak fitted', 'leak fitted']);
    for (const { message } of findings)
      expect(message).toMatch(/(scaling|cuts).*but on all patients of the split together/);
    const oneMean = changed('model.json', ({ scaling: { tumour, ...scaling }, ...model }) => ({
      ...model,
      scaling: {
        ...scaling,
        tumour: { ...tumour, mean: tumour.mean.map((mean, g) => (g === 3 ? mean + 0.01 : mean)) },
      },
    }));
    expect((await auditRuns(oneMean)).findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/tumour subspace.*nor on all patients/),
    ]);
    const weights = changed(
      'model.json',
      (model) => ({ ...model, outcome: { ...model.outcome, weights: [1, 1, 1] } }),
      grade,
    );
    expect((await auditRuns(weights)).findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the class weights/),
    ]);
  });

  it('finds genes that were left out by the floors of all patients, and none where the training patients chose', async () => {
    const { config: own, folder: bags } = await otherCohort();
    const home = join(bags, '..');
    const {
      microenvironment: [a, b],
    } = (await loadCohort(own)).cohort.genes;
    // Gene `a` has a floor in study y among the test patients, `b` among the training patients.
    const studyOf = new Map([...split.train, ...split.validation].map((id, i) => [id, i % 2 ? 'x' : 'y']));
    editTable(join(home, 'clinical.csv'), (rows) =>
      rows.map((row, r) => [...row, r === 0 ? 'study' : (studyOf.get(row[0]) ?? 'y')]),
    );
    const isFloor = (gene: string, id: string) =>
      gene === a ? split.test.includes(id) : split.train.indexOf(id) % 4 === 0;
    editTable(join(home, 'expression.csv.gz'), (rows) =>
      rows.map((row) =>
        row.map((cell, c) =>
          c > 0 && (row[0] === a || row[0] === b) ? (isFloor(row[0], rows[0][c]) ? '0' : String(100 + c)) : cell,
        ),
      ),
    );
    const ofStudy = {
      ...config,
      ...own,
      expression: { ...own.expression, leaveOutFloorsBy: 'study' },
      model: config.model,
      training: config.training,
    };
    const chosen = join(folder, 'chosen');
    const { cohort, model } = await train({ config: ofStudy, out: chosen });
    expect(model.scaling.microenvironment.genes).toEqual(cohort.genes.microenvironment.filter((gene) => gene !== b));
    await evaluateAndWrite(chosen);
    expect((await auditRuns(chosen)).findings).toEqual([]);
    const byAll = learnModel(cohort, { ...split, train: Object.values(split).flat() as string[] }, ofStudy, {}, '');
    const leaked = changed('model.json', (own) => ({ ...own, scaling: byAll.scaling, size: byAll.size }), chosen);
    const { findings } = await auditRuns(leaked);
    expect(findings).toMatchObject([
      {
        kind: 'genes',
        severity: 'leak',
        who: [a],
        message: expect.stringMatching(/not what .* training patients alone, but on all patients of the split/),
      },
    ]);
  });

  it('finds a model that reads other genes than its config chooses', async () => {
    const fewer = changed('model.json', (model) => {
      const { genes, mean, deviation, ...rest } = model.scaling.microenvironment;
      return {
        ...model,
        scaling: {
          ...model.scaling,
          microenvironment: { ...rest, genes: genes.slice(1), mean: mean.slice(1), deviation: deviation.slice(1) },
        },
      };
    });
    const [first] = read(run, 'model.json').scaling.microenvironment.genes;
    expect((await auditRuns(fewer)).findings).toMatchObject([{ kind: 'genes', severity: 'leak', who: [first] }]);
  });

  it('finds scores of patients that the model was trained or selected on, and test patients without one', async () => {
    const withTraining = changed('predictions.json', (all) => [
      ...all.slice(1),
      { ...all[0], patient: split.train[0] },
    ]);
    expect(kinds(await auditRuns(withTraining))).toEqual(['leak scored', 'leak changed', 'note scored']);
    const chosen = changed('result.json', (result) => ({ ...result, split: 'validation', chosenOnThese: true }));
    expect((await auditRuns(chosen)).findings).toMatchObject([
      { kind: 'scored', severity: 'leak', message: expect.stringMatching(/validation patients.*no evidence/) },
    ]);
  });

  it('does not compare what cannot be compared, and says so', async () => {
    const copy = copyCohort(join(folder, 'cohort'), newFolder());
    const moved = changed('config.json', (own) => ({
      ...own,
      clinical: { ...own.clinical, file: copy.replace('cohort.yaml', 'clinical.csv') },
    }));
    expect((await auditRuns(moved)).findings).toEqual([]);
    editTable(copy.replace('cohort.yaml', 'clinical.csv'), (rows) =>
      rows.map((row, i) => [...row, i === 0 ? 'more' : 'x']),
    );
    expect((await auditRuns(moved)).findings).toMatchObject([
      { kind: 'not-checked', severity: 'note', message: expect.stringContaining('(clinical)') },
    ]);
  });

  it('of the folder of several runs names those that a finding is of', async () => {
    const several = newFolder();
    cpSync(run, join(several, 'fold-0', 'seed-1'), { recursive: true });
    cpSync(
      changed('split.json', (own) => ({ ...own, validation: [...own.validation, own.test[0]] })),
      join(several, 'fold-0', 'seed-2'),
      { recursive: true },
    );
    const { divisions, findings } = await auditRuns(several);
    expect(divisions).toEqual(['fold-0/seed-1', 'fold-0/seed-2']);
    expect(findings[0]).toMatchObject({ kind: 'patient', where: ['fold-0/seed-2'] });
  });
});

describe('subspace audit', () => {
  it('ends with 0 where it finds no leak, 1 where it finds one, 2 for bad input', async () => {
    const clean = await subspace('audit', run);
    expect([clean.code, clean.out]).toEqual([0, `${run}: 1 split of 40 patients with 40 slides: no leak found\n`]);
    const { config: own, bag } = await otherCohort();
    cpSync(bag(split.train[0]), bag(split.test[0]));
    const path = join(own.features.folder, '..', 'cohort.yaml');
    const args = ['audit', path, '--set', 'split.test=0.2', '--set', 'split.validation=0.2'];
    const leaky = await subspace(...args);
    expect(leaky.code).toBe(1);
    expect(leaky.out).toMatch(
      /: 1 leak found\n {2}LEAK {2}the slides of .* are files of the same bytes .*\. Find out whose/,
    );
    expect(JSON.parse((await subspace(...args, '--json')).out)).toMatchObject({
      findings: [{ kind: 'slide', severity: 'leak' }],
    });
    for (const bad of [
      ['audit', join(folder, 'nothing')],
      ['audit', folder + '-nowhere'],
      ['audit', run, '--set', 'split.seed=2'],
    ]) {
      const { code, err } = await subspace(...bad);
      expect([code, isPlainMessage(err)]).toEqual([2, true]);
    }
  });
});
