import { rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskComparison } from '../comparison/file.js';
import { subspaceProcess } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import { carryOut } from './carry-out.js';
import { readPlan, type Plan } from './plan.js';
import { inProcess } from './run-jobs.js';
import { ONE_DEALING } from '../words/comparison.js';

const PLAN = `
config: cohort/cohort.yaml
set: { training.epochs: 1, training.batch: 8 }
models: [subspace, snn]
variants: { full: {}, joint: { model.subspaces: joint, models: [subspace] } }
folds: 2
threads: 1
`;

const folder = newFolder();
const plan = join(folder, 'plan.yaml');
let sweep: Plan;
let compared: TaskComparison;
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeAll(async () => {
  writeFileSync(plan, PLAN);
  await tinyCohort(join(folder, 'cohort'), { patients: 40 });
  sweep = await readPlan(plan, { out: join(folder, 'out') });
  compared = (await carryOut(sweep, inProcess, { retryFailed: false })).tasks[0];
});

describe('the models of a plan', () => {
  test('stand beside each other and beside simple models, on the same folds', () => {
    expect(compared).toMatchObject({ task: 'survival', model: 'subspace/full', patients: 40 });
    expect(compared.folds.map(({ fold }) => fold)).toEqual([0, 1]);
    expect(Object.keys(compared.baselines).slice(0, 3)).toEqual(['subspace/joint', 'snn/full', 'ridgeCox']);
    expect(Object.keys(compared.baselines)).toContain('meanSlide');
  });

  test('are compared in pairs with the first: the difference of their means, with an interval', () => {
    const { value, low, high } = compared.differences['subspace/full - snn/full'] as {
      value: number;
      low: number;
      high: number;
    };
    const { metrics, baselines } = compared;
    const other = defined(baselines['snn/full']['concordanceIndex'].value);
    expect(value).toBeCloseTo(defined(metrics['concordanceIndex'].value) - other, 12);
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect(value).not.toBe(0);
  });

  test('from one dealing have no verdict, which is said, and are compared with age, diagnosis and grade', () => {
    for (const key of ['p', 'adjustedP', 'verdict'])
      expect(compared.differences['subspace/full - snn/full']).not.toHaveProperty(key);
    expect(compared.notes).toContain(ONE_DEALING);
    if ('reason' in compared.adds) throw new Error(compared.adds.reason);
    expect(Object.keys(compared.adds.models)).toContain('snn/full');
    expect(compared.notes).toHaveLength(2);
    expect(compared.worstPredicted.length).toBeGreaterThan(0);
  });

  test('a model is the mean over folds of what its runs say', async () => {
    const own = sweep.runs.filter(({ name }) => name.includes('/snn/'));
    const values = await Promise.all(
      own.map(
        async ({ job }) =>
          (
            JSON.parse(await readFile(join(job.folder, 'result.json'), 'utf8')) as {
              metrics: { concordanceIndex: { value: number } };
            }
          ).metrics.concordanceIndex.value,
      ),
    );
    expect(values).toHaveLength(2);
    expect(compared.baselines['snn/full']['concordanceIndex'].value).toBeCloseTo((values[0] + values[1]) / 2, 12);
  });

  test('`crossval PLAN` prints the table, and does no finished run again', async () => {
    const { code, out, err } = await subspaceProcess(['crossval', plan, '--out', sweep.out]);
    expect(code, err).toBe(0);
    expect(out).toMatch(/survival, all: 40 patients, \d+ deaths\n.*C-index \(95 %\)/);
    expect(out).toContain('6 done');
    const refused = await subspaceProcess(['crossval', plan, '--seeds', '1,2']);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('is a plan, which says its folds, repeats, seeds and controls itself');
  });
});
