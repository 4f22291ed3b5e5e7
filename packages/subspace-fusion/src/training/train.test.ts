import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCohort } from '../cohort/load.js';
import { writeBag } from '../cohort/made-files.test.helper.js';
import { makeSplit, strataOf } from '../cohort/split/split.js';
import { temporaryFile } from '../files/atomic.js';
import { InputError, WorkError } from '../files/errors.js';
import type { Model } from '../runs/model.js';
import { openRunFolder } from '../runs/run-folder.js';
import { isBetterEpoch, selectionValue, type EpochRecord } from '../runs/training-files.js';
import { defined } from '../testing/defined.js';
import type { Config } from '../config/config.js';
import { copyCohort, editTable, newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { Interrupted, train } from './train.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const cohort = join(folder, 'cohort');
let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(cohort);
  await train({ config: await shortConfig(yaml), out: join(folder, 'run') });
});

const bytes = (run: string, file: string) => readFileSync(join(folder, run, file));
const modelOf = (run: string): Model => JSON.parse(bytes(run, 'model.json').toString('utf8'));
/** The lines of metrics.jsonl without what the clock says. */
const metrics = async (run: string) =>
  (await (await openRunFolder(join(folder, run))).epochs()).map((record) => ({ ...record, seconds: 0 }));

/** A run on a copy of the cohort whose files were changed before. */
async function runOnChanged(
  name: string,
  change: (copy: string) => void | Promise<void>,
  overrides: Record<string, string> = {},
): Promise<void> {
  const copy = join(folder, `${name}-cohort`);
  const config = copyCohort(cohort, copy);
  await change(copy);
  await train({ config: await shortConfig(config, overrides), out: join(folder, name) });
}

const columnOf = (rows: string[][], name: string) => rows[0].indexOf(name);
const patientsOf = async (part: 'train' | 'validation' | 'test') =>
  new Set((await (await openRunFolder(join(folder, 'run'))).split())[part]);

describe('a run', () => {
  test('writes its folder: config, split, model, checkpoint, state, a line an epoch', async () => {
    expect(readdirSync(join(folder, 'run')).sort()).toEqual([
      'checkpoint.safetensors',
      'config.json',
      'fingerprints.json',
      'metrics.jsonl',
      'model.json',
      'split.json',
      'state.safetensors',
    ]);
    const records = await (await openRunFolder(join(folder, 'run'))).epochs();
    expect(records.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const record of records) {
      expect(record.loss).toBeCloseTo(
        record.taskLoss + (defined(record.consistency.tumour) + defined(record.consistency.microenvironment)) / 2,
        6,
      );
      expect(record.validation).toMatchObject({ metric: 'concordanceIndex', loss: expect.any(Number) });
    }
    expect(records[1].learningRate).toBeCloseTo(records[0].learningRate / 2, 10); // cosine over 2 epochs
  });

  test('learns: the training loss falls', async () => {
    const config = await shortConfig(yaml, {
      'training.epochs': '12',
      'model.dropout': '0',
      'training.learningRate': '0.003',
    });
    await train({ config, out: join(folder, 'longer') });
    const losses = (await (await openRunFolder(join(folder, 'longer'))).epochs()).map(({ taskLoss }) => taskLoss);
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
  });

  test('keeps the epoch that is best on validation, the earliest of equals', async () => {
    const longer = join(folder, 'longer');
    const values = (await (await openRunFolder(longer)).epochs()).map(({ validation }) => defined(validation.value));
    const { epoch } = await (await openRunFolder(longer)).checkpoint();
    expect(epoch).toBe(1 + values.indexOf(Math.max(...values)));
  });

  test('keeps the epoch that training.select asks for, and trains the same epochs whatever it is', async () => {
    const settings = { 'training.epochs': '3', 'model.dropout': '0', 'training.learningRate': '0.01' };
    const kept: Record<string, number> = {};
    for (const select of ['likelihood', 'last']) {
      const config = await shortConfig(yaml, { ...settings, 'training.select': select });
      await train({ config, out: join(folder, `select-${select}`) });
      kept[select] = (await (await openRunFolder(join(folder, `select-${select}`))).checkpoint()).epoch;
    }
    expect(await metrics('select-likelihood')).toEqual(await metrics('select-last'));
    const losses = (await metrics('select-last')).map(({ validation }) => validation.loss);
    expect(kept).toEqual({ likelihood: 1 + losses.indexOf(Math.min(...losses)), last: 3 });
  });

  test('an equal or missing value: the earliest of equals, the last where no metric could be computed', () => {
    const record = (epoch: number, value: number | null, loss: number) =>
      ({ epoch, validation: { metric: 'macroAuc', value, loss } }) as EpochRecord;
    const choose = (select: Config['training']['select'], records: EpochRecord[]) =>
      records.reduce((best, one) =>
        isBetterEpoch(selectionValue(one, select), selectionValue(best, select)) ? one : best,
      ).epoch;
    const records = [record(1, 0.7, 0.9), record(2, 0.7, 0.5), record(3, 0.6, 0.5)];
    expect(choose('metric', records)).toBe(1);
    expect(choose('likelihood', records)).toBe(2);
    expect(choose('last', records)).toBe(3);
    expect(choose('metric', [record(1, null, 0.5), record(2, null, 0.9)])).toBe(2);
  });

  test.each([
    ['the published forms', { 'training.consistency': 'reference', 'training.coordination': 'reference' }],
    ['neither consistency nor coordination', { 'training.consistency': 'none', 'training.coordination': 'none' }],
  ])('can be trained with %s', async (_what, variant) => {
    const out = join(folder, variant['training.consistency']);
    await train({ config: await shortConfig(yaml, variant), out });
    const [first] = await (await openRunFolder(out)).epochs();
    const [ours] = await (await openRunFolder(join(folder, 'run'))).epochs();
    expect(first.loss).not.toBeCloseTo(ours.loss, 4);
    if (variant['training.coordination'] === 'none') {
      expect(first.loss).toBe(first.taskLoss);
      expect(first.coordination).toBeUndefined();
    }
  });

  test('is the same, bit for bit, when it is run again', async () => {
    await train({ config: await shortConfig(yaml), out: join(folder, 'again') });
    for (const file of ['checkpoint.safetensors', 'state.safetensors', 'model.json'])
      expect(bytes('again', file).equals(bytes('run', file)), file).toBe(true);
    expect(await metrics('again')).toEqual(await metrics('run'));
  });

  test('does not depend on the size of its micro-batches, but for rounding', async () => {
    await train({ config: await shortConfig(yaml, { 'training.microBatch': '4' }), out: join(folder, 'micro') });
    const [one, four] = [await metrics('run'), await metrics('micro')];
    one.forEach(({ loss }, i) => expect(four[i].loss).toBeCloseTo(loss, 3));
  });

  test('another seed is another run', async () => {
    await train({ config: await shortConfig(yaml, { 'training.seed': '2' }), out: join(folder, 'seed') });
    expect(bytes('seed', 'checkpoint.safetensors').equals(bytes('run', 'checkpoint.safetensors'))).toBe(false);
  });

  test.each(['grade', 'subtype', 'diagnosis', '{column: site}'])('learns the task %s', async (task) => {
    const out = join(folder, task.replace(/\W/g, ''));
    await train({ config: await shortConfig(yaml, { task, 'training.epochs': '1', 'split.validation': '0.2' }), out });
    expect((await (await openRunFolder(out)).epochs())[0].validation.metric).toBe('macroAuc');
    expect((JSON.parse(readFileSync(join(out, 'model.json'), 'utf8')) as Model).outcome.kind).toBe('classes');
  });
});

describe('what the test patients cannot influence', () => {
  test('their outcomes: the checkpoint is the same, bit for bit', async () => {
    const test = await patientsOf('test');
    await runOnChanged('outcomes', (copy) => {
      editTable(join(copy, 'clinical.csv'), (rows) =>
        rows.map((row) => (test.has(row[0]) ? row.with(columnOf(rows, 'survival_months'), '77.7') : row)),
      );
    });
    expect(bytes('outcomes', 'checkpoint.safetensors').equals(bytes('run', 'checkpoint.safetensors'))).toBe(true);
    expect(await metrics('outcomes')).toEqual(await metrics('run'));
  });

  test('their expression and slides: model and checkpoint are the same', async () => {
    const test = await patientsOf('test');
    await runOnChanged('expression', async (copy) => {
      editTable(join(copy, 'expression.csv.gz'), (rows) =>
        rows.map((row, r) =>
          row.map((cell, c) => (r > 0 && test.has(rows[0][c]) ? String(Number(cell) * 3 + 50) : cell)),
        ),
      );
      for (const id of test)
        await writeBag(join(copy, 'bags'), `${id}-DX1.h5`, {
          shape: [50, 16],
          features: new Float32Array(800).fill(0.5),
          encoder: 'simulated',
        });
    });
    expect({ ...modelOf('expression'), inputs: {} }).toEqual({ ...modelOf('run'), inputs: {} });
    expect(bytes('expression', 'checkpoint.safetensors').equals(bytes('run', 'checkpoint.safetensors'))).toBe(true);
  });

  test('learns components of the features from the training patients alone, and resumes to the same bits', async () => {
    const asked = { 'features.components': '5' };
    const other = async (id: string, copy: string) =>
      void (await writeBag(join(copy, 'bags'), `${id}-DX1.h5`, {
        shape: [36, 16],
        features: Float32Array.from({ length: 576 }, (_, i) => Math.sin(i * i)),
        encoder: 'simulated',
      }));
    await runOnChanged('components', () => undefined, asked);
    await runOnChanged(
      'components-others',
      async (copy) => {
        for (const part of ['validation', 'test'] as const)
          for (const id of await patientsOf(part)) await other(id, copy);
      },
      asked,
    );
    const { components, size } = modelOf('components');
    expect(components).toMatchObject({ width: 16, patients: (await patientsOf('train')).size });
    expect(size.patchWidth).toBe(5);
    expect(modelOf('components-others').components).toEqual(components);
    const [first] = await patientsOf('train');
    await runOnChanged('components-training', (copy) => other(first, copy), asked);
    expect(modelOf('components-training').components).not.toEqual(components);

    const config = await shortConfig(join(folder, 'components-cohort', 'cohort.yaml'), asked);
    const out = join(folder, 'components-resumed');
    const stop = new AbortController();
    await expect(
      train({
        config,
        out,
        signal: stop.signal,
        onEpoch: () => {
          stop.abort();
        },
      }),
    ).rejects.toThrow(Interrupted);
    await train({ config, out, resume: true });
    for (const file of ['model.json', 'checkpoint.safetensors'])
      expect(bytes('components-resumed', file).equals(bytes('components', file))).toBe(true);
  });

  test('the floors of their genes: genes, model and checkpoint are the same', async () => {
    const home = join(folder, 'studies');
    const config = await shortConfig(await tinyCohort(home, { patients: 40 }), {
      'expression.leaveOutFloorsBy': 'study',
      'model.name': 'snn',
      'training.epochs': '1',
    });
    editTable(join(home, 'clinical.csv'), (rows) =>
      rows.map((row, r) => [...row, r === 0 ? 'study' : r % 2 ? 'x' : 'y']),
    );
    const {
      cohort: { patients, genes },
    } = await loadCohort(config);
    const split = await makeSplit(patients, strataOf(patients, config), config.split);
    const [a, b] = genes.tumour;
    /** Gene `b` has a floor in study y among the training patients; both genes of a test patient are `ofTest`. */
    const withGenes = async (name: string, ofTest: (c: number) => number) => {
      editTable(join(home, 'expression.csv.gz'), ([header, ...rows]) => {
        const value = (gene: string, c: number) => {
          if (split.test.includes(header[c])) return ofTest(c);
          return gene === b && c % 4 === 0 && split.train.includes(header[c]) ? 1 : 100 + c;
        };
        return [
          header,
          ...rows.map((row) =>
            row[0] === a || row[0] === b ? row.map((cell, c) => (c === 0 ? cell : String(value(row[0], c)))) : row,
          ),
        ];
      });
      const { model } = await train({ config, out: join(folder, name) });
      return { ...model, inputs: {} };
    };
    const model = await withGenes('without-floors', (c) => 200 + c);
    expect(model.scaling.tumour.genes).toEqual(genes.tumour.filter((gene) => gene !== b));
    expect(await withGenes('with-floors', (c) => (c % 2 === 0 ? 0 : 300))).toEqual(model);
    expect(
      bytes('with-floors', 'checkpoint.safetensors').equals(bytes('without-floors', 'checkpoint.safetensors')),
    ).toBe(true);
  });

  test('classes: weights are those of the training patients', async () => {
    const task = { task: '{column: site}', 'training.epochs': '1' };
    await runOnChanged('weights', () => undefined, task);
    const split = await (await openRunFolder(join(folder, 'weights'))).split();
    const site = new Map(
      readFileSync(join(cohort, 'clinical.csv'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(',') as [string, string]),
    );
    const { outcome } = modelOf('weights');
    if (outcome.kind !== 'classes') throw new Error('not classes');
    const counts = outcome.classes.map((name) => split.train.filter((id) => site.get(id) === name).length);
    expect(outcome.classes).toEqual(['A', 'B', 'C', 'D']);
    outcome.weights.forEach((w, c) => expect(w).toBeCloseTo(Math.max(...counts) / counts[c], 5));
  });

  test('and validation patients: they select the epoch, and change nothing else', async () => {
    const validation = await patientsOf('validation');
    await runOnChanged('validation', (copy) => {
      editTable(join(copy, 'clinical.csv'), (rows) =>
        rows.map((row) => (validation.has(row[0]) ? row.with(columnOf(rows, 'survival_months'), '0.5') : row)),
      );
    });
    const training = async (run: string) => (await metrics(run)).map(({ validation: _, ...rest }) => rest);
    expect(await training('validation')).toEqual(await training('run'));
    expect({ ...modelOf('validation'), inputs: {} }).toEqual({ ...modelOf('run'), inputs: {} });
  });
});

describe('a class that no training patient has', () => {
  /** Patients of the first fold get the class 'Z': all of them, or the first alone. */
  const rare = (of: 'all' | 'one') => async (copy: string) => {
    const test = await patientsOf('test');
    const [first] = test;
    editTable(join(copy, 'clinical.csv'), (rows) =>
      rows.map((row, r) => [
        ...row.map((cell, c) =>
          rows[0][c] === 'site' && (of === 'all' ? test.has(row[0]) : row[0] === first) ? 'Z' : cell,
        ),
        r === 0 ? 'fold' : test.has(row[0]) ? '1' : '0',
      ]),
    );
  };
  const byFold = (copy: string) => ({
    task: '{column: site}',
    'training.epochs': '1',
    'split.validation': '0.2',
    'split.file': join(folder, copy, 'clinical.csv'),
    'split.fold': '1',
  });

  test('its patients are left out with a warning', async () => {
    const warnings: string[] = [];
    const config = copyCohort(cohort, join(folder, 'rare-cohort'));
    await rare('one')(join(folder, 'rare-cohort'));
    const { split } = await train({
      config: await shortConfig(config, byFold('rare-cohort')),
      out: join(folder, 'rare'),
      onWarning: (p) => warnings.push(p.message),
    });
    const [first, ...others] = await patientsOf('test');
    expect(split.test).toEqual(others);
    expect(warnings.filter((text) => !text.includes('a bag of 36 tokens'))).toEqual([
      `1 validation or test patients are of a class that no training patient has (${first})`,
    ]);
  });

  test('a part with no other patients is refused', async () => {
    await expect(runOnChanged('all-rare', rare('all'), byFold('all-rare-cohort'))).rejects.toThrow(
      /clinical\.csv: no test patient is of a class that a training patient has\. Use another split/,
    );
  });
});

describe('a run folder that holds a run', () => {
  test('is not written to without resume', async () => {
    const before = bytes('run', 'checkpoint.safetensors');
    await expect(train({ config: await shortConfig(yaml), out: join(folder, 'run') })).rejects.toThrow(
      new InputError(
        `${join(folder, 'run')}: holds a run already. Add --resume to go on with it, or choose another --out.`,
      ),
    );
    expect(bytes('run', 'checkpoint.safetensors').equals(before)).toBe(true);
  });

  test('a finished run resumes to itself, without what a kill left behind', async () => {
    const before = bytes('again', 'state.safetensors');
    const temporary = temporaryFile(join(folder, 'again', 'state.safetensors'));
    // Of a process that had this one's number, and began earlier.
    writeFileSync(temporary.replace(/-(\d+)-\d+-(\d+)\.tmp$/, '-$1-1-$2.tmp'), 'half of a stat');
    await train({ config: await shortConfig(yaml), out: join(folder, 'again'), resume: true });
    expect(bytes('again', 'state.safetensors').equals(before)).toBe(true);
    expect(readdirSync(join(folder, 'again')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(await metrics('again')).toEqual(await metrics('run'));
  });

  test('of two that begin at once in one folder, one is refused and the other ends as if alone', async () => {
    const out = join(folder, 'twice');
    const ends = await Promise.allSettled([1, 1].map(async () => train({ config: await shortConfig(yaml), out })));
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = ends.find((end) => end.status === 'rejected')?.reason as unknown;
    expect(refused).toBeInstanceOf(InputError);
    expect((refused as Error).message).toMatch(
      /twice: is being written by .+, process \d+\. Wait until that has ended/,
    );
    expect(await metrics('twice')).toEqual(await metrics('run'));
    expect(bytes('twice', 'checkpoint.safetensors').equals(bytes('run', 'checkpoint.safetensors'))).toBe(true);
    expect(readdirSync(out).sort()).toEqual(readdirSync(join(folder, 'run')).sort());
  });

  test('whose folder is removed ends at the next write, and does not bring it back', async () => {
    const out = join(folder, 'removed');
    let epochs = 0;
    const config = await shortConfig(yaml, { 'training.epochs': '50' });
    const onEpoch = () => {
      epochs++;
      rmSync(out, { recursive: true });
    };
    await expect(train({ config, out, onEpoch })).rejects.toThrow(/removed\/.*: cannot be written, its folder is gone/);
    expect(epochs).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  test('a stopped run says so and goes on to the same bits', async () => {
    const out = join(folder, 'stopped');
    const config = await shortConfig(yaml);
    for (const stopAt of [2, 5]) {
      const stop = new AbortController();
      let steps = 0;
      const stopped = train({
        config,
        out,
        resume: true,
        signal: stop.signal,
        onStep: () => void (++steps === stopAt && stop.abort()),
      });
      await expect(stopped).rejects.toThrow(Interrupted);
    }
    expect(existsSync(join(out, 'state.safetensors'))).toBe(true); // 3 steps an epoch: the first one was finished
    // A kill between the line of an epoch and its state, and one in the middle of a line.
    const line = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trim();
    appendFileSync(join(out, 'metrics.jsonl'), `${line.replace('"epoch":1', '"epoch":2')}\n{"epoch":3,"los`);
    await train({ config, out, resume: true });
    for (const file of ['checkpoint.safetensors', 'state.safetensors'])
      expect(bytes('stopped', file).equals(bytes('run', file)), file).toBe(true);
    expect(await metrics('stopped')).toEqual(await metrics('run'));
  });

  describe('is not resumed on changed inputs, which are named', () => {
    const resumed = (change: (copy: string) => void | Promise<void>, overrides: Record<string, string> = {}) =>
      refusal(async (copy) => {
        await change(copy);
        await train({
          config: await shortConfig(join(copy, 'cohort.yaml'), overrides),
          out: join(copy, 'run'),
          resume: true,
        });
      });

    let next = 0;
    async function refusal(work: (copy: string) => Promise<void>): Promise<string> {
      const copy = join(folder, `changed-${next++}`);
      const config = copyCohort(cohort, copy);
      await train({ config: await shortConfig(config, { 'training.epochs': '1' }), out: join(copy, 'run') });
      const before = readFileSync(join(copy, 'run', 'state.safetensors'));
      const error: unknown = await work(copy).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InputError);
      expect(readFileSync(join(copy, 'run', 'state.safetensors')).equals(before)).toBe(true);
      return (error as Error).message;
    }
    const same = { 'training.epochs': '1' };

    test('the config', async () => {
      expect(await resumed(() => undefined)).toContain('changed: the config (training.epochs). ');
      expect(await resumed(() => undefined, { ...same, 'training.learningRate': '0.1', task: 'grade' })).toContain(
        'the config (task, training.learningRate)',
      );
    });

    test('the tables', async () => {
      const message = await resumed((copy) => {
        editTable(join(copy, 'clinical.csv'), (rows) =>
          rows.map((row, r) => (r === 5 ? row.with(columnOf(rows, 'survival_months'), '1.5') : row)),
        );
      }, same);
      expect(message).toContain('changed: the clinical table. Undo that, or start a new run');
      const genes = await resumed((copy) => {
        editTable(join(copy, 'expression.csv.gz'), (rows) =>
          rows.map((row, r) => (r === 5 ? row.with(5, '12345') : row)),
        );
      }, same);
      expect(genes).toContain('changed: the expression matrix.');
    });

    test('the slides', async () => {
      const again = await resumed(
        async (copy) =>
          void (await writeBag(join(copy, 'bags'), 'SIM-0002-DX1.h5', {
            shape: [36, 16],
            features: new Float32Array(576),
            encoder: 'simulated',
          })),
        same,
      );
      expect(again).toContain('changed: the feature files.');
      const more = await resumed(
        async (copy) =>
          void (await writeBag(join(copy, 'bags'), 'SIM-0002-DX2.h5', {
            shape: [36, 16],
            features: new Float32Array(576),
            encoder: 'simulated',
          })),
        same,
      );
      expect(more).toContain('changed: the feature files.');
    });
  });
});

describe('a loss that is not a number', () => {
  /** A rate that no config file may have. */
  const withRate = (config: Config, learningRate: number): Config => ({
    ...config,
    training: { ...config.training, learningRate },
  });

  test('stops with the step, its patients and the cause, and leaves the last good checkpoint', async () => {
    const out = join(folder, 'nan');
    const config = withRate(await shortConfig(yaml), 1e30);
    const error: unknown = await train({ config, out }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(WorkError);
    const { message } = error as Error;
    expect(message).toMatch(
      /^The loss is not a finite number \(epoch 1, step 2, patients SIM-\d{4}(, SIM-\d{4}){5}\)\. Likely cause: the parameters grew out of range; try a learning rate below 1\.0e\+30\./,
    );
    expect(existsSync(join(out, 'checkpoint.safetensors'))).toBe(false);
  });

  test('after the last step of an epoch it shows in the predictions', async () => {
    const out = join(folder, 'nan-late');
    const config = withRate(await shortConfig(yaml, { 'training.batch': '100' }), 1e30);
    await expect(train({ config, out })).rejects.toThrow(
      /^The prediction for SIM-\d{4} is not a finite number\. Likely cause: .* a lower learning rate helps/,
    );
    expect(existsSync(join(out, 'checkpoint.safetensors'))).toBe(false);
  });

  test('names the patients whose features are out of range; the checkpoint of the epoch before stays', async () => {
    const out = join(folder, 'nan');
    const copy = join(folder, 'large-cohort');
    const config = await shortConfig(copyCohort(cohort, copy));
    const [id] = (await (await openRunFolder(join(folder, 'run'))).split()).train;
    // The second slide, drawn in an epoch of its own, is broken.
    const large = { shape: [36, 16], features: new Float32Array(576).fill(3e38), encoder: 'simulated' };
    await writeBag(join(copy, 'bags'), `${id}-DX2.h5`, large);
    let error: unknown;
    for (let seed = 1; seed <= 5 && !existsSync(join(out, 'checkpoint.safetensors')); seed++) {
      rmSync(out, { recursive: true, force: true });
      error = await train({ config: { ...config, training: { ...config.training, seed, epochs: 6 } }, out }).catch(
        (e: unknown) => e,
      );
    }
    expect((error as Error).message).toContain(
      `Likely cause: the features of ${id} are larger than 1000000; extract them again.`,
    );
    expect((await (await openRunFolder(out)).epochs()).length).toBeGreaterThan(0);
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
