import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARISON_FILE, readComparisonFile, type TaskComparison } from '../comparison/file.js';
import { shortTables } from '../comparison/tables/build.js';
import { formatMarkdown } from '../comparison/tables/formats.js';
import { loadConfig, type Config } from '../config/config.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { RUN_FILES } from '../runs/run-folder.js';
import { simulateCohort } from '../simulation/cohort.js';
import { defined } from '../testing/defined.js';
import { Interrupted } from '../training/train.js';
import { carryOut } from './carry-out.js';
import { planCrossval, type CrossvalOptions } from './plan.js';
import { inProcess, type JobsEvents } from './run-jobs.js';
import { ONE_DEALING } from '../words/comparison.js';

let folder: string;
let config: Config;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossval-'));
  const simulated = await simulateCohort({
    out: join(folder, 'cohort'),
    patients: 36,
    bag: 36,
    width: 16,
    population: 60,
    seed: 3,
  });
  config = await loadConfig(simulated.config, { 'training.epochs': '1', 'training.threads': '1' });
});
afterAll(() => rm(folder, { recursive: true }));

const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(folder, ...path), 'utf8'));
const trained = (out: string, run: string) =>
  stat(join(folder, out, run, RUN_FILES.checkpoint)).then(({ mtimeMs }) => mtimeMs);

/** What `subspace crossval` does. */
async function crossvalidate(options: CrossvalOptions, events: JobsEvents = {}): Promise<TaskComparison> {
  return (await carryOut(await planCrossval(options), inProcess, { retryFailed: true, ...events })).tasks[0];
}

describe('cross-validation', () => {
  let first: TaskComparison;
  beforeAll(async () => {
    first = await crossvalidate({
      config,
      out: join(folder, 'xv'),
      folds: 2,
      seeds: [1, 2],
      control: { name: 'permuted-bags', seeds: [1] },
      within: [{ column: 'idh_status', value: 'Mutant' }],
    });
  });

  it('scores every patient once and averages over folds and seeds', async () => {
    expect(first).toMatchObject({ task: 'survival', split: 'test', patients: 36, seeds: [1, 2] });
    expect(first.folds.map(({ fold, patients }) => [fold, patients])).toEqual([
      [0, 18],
      [1, 18],
    ]);
    const values = await Promise.all(
      [0, 1].flatMap((fold) =>
        [1, 2].map(async (seed) => {
          const predictions = (await json('xv', `fold-${fold}`, `seed-${seed}`, RUN_FILES.predictions)) as {
            time: number;
            event: boolean;
            risk: number;
          }[];
          return defined(
            concordanceIndex(
              predictions.map((p) => p.time),
              predictions.map((p) => p.event),
              predictions.map((p) => p.risk),
            ).value,
          );
        }),
      ),
    );
    expect(first.metrics['concordanceIndex'].value).toBeCloseTo(values.reduce((a, b) => a + b, 0) / 4, 12);
    expect(first.folds[0].metrics['concordanceIndex'].value).toBeCloseTo((values[0] + values[1]) / 2, 12);
    const [written] = (await readComparisonFile(join(folder, 'xv'))).tasks;
    expect(written).toEqual(JSON.parse(JSON.stringify(first)));
  });

  it('fits the simple models on the patients that the network trained on', async () => {
    for (const { fold, baselines } of first.folds) {
      const result = (await json('xv', `fold-${fold}`, 'seed-1', RUN_FILES.result)) as {
        baselines: TaskComparison['baselines'];
      };
      expect(baselines['ridgeCox']['concordanceIndex'].value).toBe(
        result.baselines['ridgeCox']['concordanceIndex'].value,
      );
    }
    expect(Object.keys(first.baselines)).toEqual([
      'subspace/permuted-bags',
      'ridgeCox',
      'elasticNet',
      'meanSlide',
      'genesMeanSlide',
      'genesPatchKinds',
      'age',
      'ageSex',
      'idh',
      'idhAge',
      'clinical',
      'ageDiagnosisGrade',
      'averageWithRidge',
      'subspace + ageDiagnosisGrade',
    ]);
    const text = await readFile(join(folder, 'xv', 'simple-predictions.csv'), 'utf8');
    const rows = text.split('\n').map((line) => line.split(','));
    const risks = new Map(
      rows.flatMap(([, model, run, , fold, patient, output, value]): [string, number][] =>
        model === 'averageWithRidge' && run === '1' && fold === '0' && output === 'risk'
          ? [[patient, Number(value)]]
          : [],
      ),
    );
    expect(risks.size).toBe(18);
    expect(new Set(rows.slice(1, -1).map(([, model]) => model))).not.toContain('subspace');
    expect(first.baselines['ageSex']['concordanceIndex']).toMatchObject({
      value: null,
      reason: expect.stringMatching(/'age'/) as string,
    });
    const difference =
      defined(first.metrics['concordanceIndex'].value) - defined(first.baselines['ridgeCox']['concordanceIndex'].value);
    expect(first.differences['subspace - ridgeCox'].value).toBeCloseTo(difference, 12);
    expect(first.within[0]).toMatchObject({ column: 'idh_status', value: 'Mutant' });
  });

  it('says what it adds, in whom it holds and what to know before', () => {
    expect(first.notes).toEqual([expect.stringMatching(/^2 seeds of training/), ONE_DEALING]);
    expect(first.horizon).toMatchObject({ times: expect.any(Array) as number[], timeUnit: 'months' });
    expect(first.metrics['integratedBrier']).toMatchObject({
      n: 36,
      estimator: expect.stringContaining("censoring estimated on the fold's training patients") as string,
    });
    expect(first.baselines['ridgeCox']['integratedBrier'].value).toBeGreaterThan(0);
    if ('reason' in first.adds) throw new Error(first.adds.reason);
    expect(first.adds.variables).toContain('idh');
    expect(first.adds.leftOut.map(({ variable }) => variable)).toContain('age');
    const { concordanceIndex } = first.adds.models['subspace'];
    expect(concordanceIndex.value).toBe(first.differences['subspace - ageDiagnosisGrade'].value);
    expect(first.subgroups.map(({ by }) => by)).toContain('idh');
    expect(first.worstPredicted.length).toBeGreaterThan(0);
    expect(JSON.stringify(first)).not.toMatch(/NaN/);
  });

  it('combines it with the clinical model on the validation patients, of whom there are too few here', () => {
    const reason = expect.stringMatching(/deaths among the validation patients; 10 are needed/) as string;
    expect(first.baselines['subspace + ageDiagnosisGrade']['concordanceIndex']).toMatchObject({ value: null, reason });
  });

  it('trains the control on the same patients with the slides of others', async () => {
    const [own, control] = await Promise.all(
      ['seed-1', 'permuted-bags-seed-1'].map((run) => json('xv', 'fold-0', run, RUN_FILES.split)),
    );
    expect(control).toEqual(own);
    expect(await json('xv', 'fold-0', 'permuted-bags-seed-1', RUN_FILES.config)).toMatchObject({
      features: { permuteBags: 1 },
    });
    expect(first.differences['subspace - subspace/permuted-bags'].value).not.toBe(0);
  });

  it('writes tables', () => {
    const [total, , byFold] = shortTables(first);
    if (typeof total !== 'object' || typeof byFold !== 'object') throw new TypeError('tables expected');
    expect(total.title).toMatch(/^survival, all: 36 patients, \d+ deaths$/);
    expect(total.rows[0][0]).toBe('this method');
    expect(byFold.header).toEqual(['', 'fold 0', 'fold 1', 'mean']);
    expect(formatMarkdown(byFold).split('\n')[3]).toBe('| --- | --- | --- | --- |');
  });

  it('opens what the version before wrote, and gathers its runs without training', async () => {
    const out = join(folder, 'former');
    await cp(join(folder, 'xv'), out, { recursive: true });
    await rm(join(out, COMPARISON_FILE));
    const folds = first.folds.map(({ runs, ...fold }) => ({ ...fold, runs: runs.map(({ model: _, ...run }) => run) }));
    const former = { name: config.name, intervals: '95 % percentile bootstrap', ...first, folds };
    await writeFile(join(out, 'crossval.json'), JSON.stringify(former));
    const [opened] = (await readComparisonFile(out)).tasks;
    expect(opened.differences).toEqual(first.differences);
    expect(opened.folds.flatMap(({ runs }) => runs.map(({ model }) => model))).toContain('subspace');

    const before = await trained('former', 'fold-0/seed-1');
    const runs: string[] = [];
    const options = { config, out, folds: 2, seeds: [1, 2], within: [{ column: 'idh_status', value: 'Mutant' }] };
    const control = { name: 'permuted-bags', seeds: [1] } as const;
    const again = await crossvalidate({ ...options, control }, { onEnd: ({ name }) => void runs.push(name) });
    expect(runs).toEqual([]);
    expect(await trained('former', 'fold-0/seed-1')).toBe(before);
    expect(again).toEqual(first);

    await writeFile(join(out, COMPARISON_FILE), '[]'); // what sweeps of the version before wrote
    await expect(readComparisonFile(out)).rejects.toThrow(
      /comparison\.json: the file holds a list, which should be keys with values\. Start the same `subspace crossval`/,
    );
  });

  it('does not repeat what is finished, and adds what is new', async () => {
    const before = await trained('xv', 'fold-0/seed-1');
    const runs: string[] = [];
    const again = await crossvalidate(
      { config, out: join(folder, 'xv'), folds: 2, seeds: [1, 3] },
      { onEnd: ({ name }) => void runs.push(name) },
    );
    expect(runs).toEqual(['fold 0, seed 3', 'fold 1, seed 3']);
    expect(await trained('xv', 'fold-0/seed-1')).toBe(before);
    expect(again.seeds).toEqual([1, 3]);
    const other = { ...config, training: { ...config.training, batch: 4 } };
    await expect(crossvalidate({ config: other, out: join(folder, 'xv'), folds: 2, seeds: [1] })).rejects.toThrow(
      /another configuration/,
    );
  });
});

describe('a cross-validation that does not go well', () => {
  it('reports a run that fails and finishes the others', async () => {
    await mkdir(join(folder, 'failing'));
    await writeFile(join(folder, 'failing', 'fold-1'), 'a file where a folder should be');
    const result = await crossvalidate({ config, out: join(folder, 'failing'), folds: 2, seeds: [1] });
    expect(result.folds.map(({ runs }) => runs.map(({ failure }) => failure === undefined))).toEqual([[true], [false]]);
    expect(result.patients).toBe(18);
  });

  it('goes on where it was stopped', async () => {
    const stop = new AbortController();
    const longer = { ...config, training: { ...config.training, epochs: 2 } };
    const options = { config: longer, out: join(folder, 'stopped'), folds: 2, seeds: [1] };
    const stopped = crossvalidate(options, {
      signal: stop.signal,
      onProgress: ({ job, progress }) => {
        if (job.name === 'fold 1, seed 1' && Math.floor(progress.done) === 1) stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(Interrupted);
    const seen: [string, number][] = [];
    const result = await crossvalidate(options, {
      onProgress: ({ job, progress }) => seen.push([job.name, Math.floor(progress.done)]),
    });
    expect(seen[0]).toEqual(['fold 1, seed 1', 1]);
    expect(result.folds.map(({ runs }) => runs[0].failure)).toEqual([undefined, undefined]);
  });

  it('refuses bad input before it trains', async () => {
    const run = (more: Partial<CrossvalOptions>) =>
      crossvalidate({ config, out: join(folder, 'refused'), seeds: [1], ...more });
    await expect(run({ within: [{ column: 'idh_status', value: 'mutated' }] })).rejects.toThrow(
      /no patient has idh_status = 'mutated', but Mutant, WT/,
    );
    await expect(run({ within: [{ column: 'idh', value: 'x' }] })).rejects.toThrow(/no column 'idh'/);
    const { seed } = config.split;
    const fromFile = { ...config, split: { file: 'folds.csv', seed, test: 0.1, validation: 0.1 } };
    await expect(run({ config: fromFile, folds: 3 })).rejects.toThrow(/folds are those of this file/);
    await expect(stat(join(folder, 'refused'))).rejects.toThrow();
  });
});
