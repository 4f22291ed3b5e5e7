import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCohort } from '../cohort/load.js';
import type { TaskComparison } from '../comparison/file.js';
import { scopesOf } from '../comparison/scopes.js';
import { formatCsv } from '../comparison/tables/documents.js';
import { loadConfig, type Config } from '../config/config.js';
import { RUN_FILES } from '../runs/run-folder.js';
import type { NamedMetrics } from '../runs/values.js';
import { simulateCohort } from '../simulation/cohort.js';
import { defined } from '../testing/defined.js';
import { carryOut } from './carry-out.js';
import { planCrossval, readPlan } from './plan.js';
import { inProcess } from './run-jobs.js';

let folder: string;
let config: Config;
let result: TaskComparison;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'controls-'));
  const simulated = await simulateCohort({
    out: join(folder, 'cohort'),
    patients: 90,
    bag: 36,
    width: 16,
    population: 60,
    seed: 3,
  });
  config = await loadConfig(simulated.config, { 'training.epochs': '1', 'training.threads': '1', 'model.name': 'snn' });
  const plan = await planCrossval({
    config,
    out: join(folder, 'xv'),
    folds: 2,
    seeds: [1],
    control: { name: 'shuffled-outcomes', seeds: [1] },
    probe: { column: 'site' },
  });
  result = (await carryOut(plan, inProcess, { retryFailed: true })).tasks[0];
});
afterAll(() => rm(folder, { recursive: true }));

const json = async (...path: string[]): Promise<unknown> => JSON.parse(await readFile(join(folder, ...path), 'utf8'));
const holdsChance = (metrics: NamedMetrics | undefined) => {
  const metric = metrics?.['concordanceIndex'];
  if (!metric || metric.value === null) throw new Error('a number expected');
  return defined(metric.low) < 0.5 && defined(metric.high) > 0.5;
};

describe('shuffled outcomes', () => {
  it('bring the network and the simple models to chance', () => {
    const shuffled = defined(result.shuffledOutcomes);
    expect(shuffled.patients).toBe(90);
    expect(holdsChance(shuffled.metrics)).toBe(true);
    expect(holdsChance(shuffled.baselines['ridgeCox'])).toBe(true);
    expect(holdsChance(shuffled.baselines['meanSlide'])).toBe(true);
    expect(holdsChance(shuffled.baselines['clinical'])).toBe(true);
    expect(holdsChance(result.baselines['clinical'])).toBe(false);
    expect(Object.keys(result.baselines)).toEqual(Object.keys(shuffled.baselines));
  });

  it('are those of the config of the run, the same in every fold and from one seed always', async () => {
    const shuffle = async (seed: number) =>
      (await loadCohort({ ...config, clinical: { ...config.clinical, shuffleOutcomes: seed } })).cohort.patients;
    const runConfig = (await json('xv', 'fold-0', 'shuffled-outcomes-seed-1', RUN_FILES.config)) as Config;
    expect(runConfig.clinical.shuffleOutcomes).toBe(config.split.seed);
    const outcomeOf = new Map((await shuffle(config.split.seed)).map(({ id, survival }) => [id, survival]));
    for (const fold of ['fold-0', 'fold-1']) {
      const predictions = (await json('xv', fold, 'shuffled-outcomes-seed-1', RUN_FILES.predictions)) as {
        patient: string;
        time: number;
        event: boolean;
      }[];
      for (const { patient, time, event } of predictions) expect({ time, event }).toEqual(outcomeOf.get(patient));
    }
    expect((await shuffle(config.split.seed + 1)).map(({ survival }) => survival)).not.toEqual([...outcomeOf.values()]);
  });
});

it('the probe finds the stain of the simulated sites', () => {
  const { probe } = result;
  if (!probe || 'reason' in probe) throw new Error('a probe expected');
  expect(probe).toMatchObject({ of: 'site', patients: 90, leftOut: 0 });
  expect(probe.inputs['mean patch feature'].value).toBeGreaterThan(0.7);
});

it('the table has a row for every number, with the folders it comes from', () => {
  const [header, ...rows] = formatCsv([result])
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/));
  const at = (row: string[], column: string) => row[header.indexOf(column)];
  const find = (scope: string, model: string) =>
    defined(
      rows.find(
        (row) =>
          at(row, 'scope') === scope &&
          at(row, 'model') === model &&
          at(row, 'metric') === 'concordanceIndex' &&
          at(row, 'against') === '',
      ),
    );
  for (const row of rows) expect(row).toHaveLength(header.length);
  expect(Number(at(find('all', 'snn'), 'value'))).toBe(result.metrics['concordanceIndex'].value);
  expect(at(find('all', 'ridgeCox'), 'runs')).toBe('fold-0/seed-1 fold-1/seed-1');
  expect(at(find('fold', 'snn'), 'runs')).toBe('fold-0/seed-1');
  expect(at(find('shuffled outcomes', 'ridgeCox'), 'runs')).toBe(
    'fold-0/shuffled-outcomes-seed-1 fold-1/shuffled-outcomes-seed-1',
  );
  expect(at(defined(rows.find((row) => at(row, 'scope') === 'probe')), 'metric')).toBe('macroAuc');
  const missing = rows.filter((row) => at(row, 'value') === '');
  for (const row of missing) expect(at(row, 'reason')).not.toBe('');
});

it('a plan compares the models with shuffled outcomes among themselves', async () => {
  const plan = join(folder, 'plan.yaml');
  await writeFile(
    plan,
    `config: cohort/cohort.yaml\nset: {training.epochs: 1}\nmodels: [snn]\nfolds: 2\nseeds: [1]\nthreads: 1\ncontrols: [shuffled-outcomes]\n`,
  );
  const sweep = await readPlan(plan, { out: join(folder, 'sweep') });
  const { tasks } = await carryOut(sweep, inProcess, { retryFailed: false });
  expect(tasks.map(({ task, model }) => [task, model])).toEqual([['survival', 'snn']]);
  expect(holdsChance(defined(tasks[0].shuffledOutcomes).baselines['ridgeCox'])).toBe(true);
  const scopes = scopesOf(tasks[0]);
  expect(scopes.map(({ kind, part, runs }) => [kind, part, runs.length])).toEqual([
    ['all', '', 2],
    ['fold', 'fold 0', 1],
    ['fold', 'fold 1', 1],
    ['shuffled outcomes', '', 2],
  ]);
  expect(scopes[3].runs.map(({ folder: run }) => run.replace(/^[^/]+\//, ''))).toEqual([
    'fold-0/shuffled-outcomes-seed-1',
    'fold-1/shuffled-outcomes-seed-1',
  ]);
});
