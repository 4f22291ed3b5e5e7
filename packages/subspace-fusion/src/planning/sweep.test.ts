import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUN_FILES } from '../runs/run-folder.js';
import { startSubspace, subspaceProcess } from '../testing/cli.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import type { Attempt } from './attempts.js';
import { jobsOf, readPlan, type Plan } from './plan.js';
import { RESULTS_FILE, writeResults } from './results-table.js';
import { until } from './slurm-cluster.test.helper.js';
import { statusOf } from './status.js';

/** Two tasks, one fold, two seeds. */
const PLAN = `
config: cohort/cohort.yaml
set: { training.epochs: 5, training.batch: 6 }
folds: [0]
seeds: [1, 2]
tasks: [survival, { column: idh_status }]
variants: { plain: {} }
`;

const folder = newFolder();
const plan = join(folder, 'plan.yaml');
const out = join(folder, 'sweep');
let sweep: Plan;
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const command = (...args: string[]) => subspaceProcess(['sweep', plan, '--out', out, ...args]);
const status = async () =>
  JSON.parse((await command('--status', '--json')).out) as {
    counts: Record<string, number>;
    runs: { state: string; detail: string }[];
  };
const run = (i: number, ...file: string[]) => join(sweep.runs[i].job.folder, ...file);
const attempts = (i: number) => JSON.parse(readFileSync(run(i, 'attempts.json'), 'utf8')) as Attempt[];
const table = () => parse<Record<string, string>>(readFileSync(join(out, RESULTS_FILE)), { columns: true });

beforeAll(async () => {
  writeFileSync(plan, PLAN);
  await tinyCohort(join(folder, 'cohort'), { patients: 36 });
  sweep = await readPlan(plan, { out });
});

describe('a sweep on this machine', () => {
  it('shows what it would do, and does nothing', async () => {
    const { code, out: said } = await command('--dry-run');
    expect(code).toBe(0);
    expect(said).toMatch(/4 of 4 runs would be done/);
    expect(said).toContain('idh_status/subspace/plain/fold-0/seed-2');
    expect(existsSync(out)).toBe(false);
  });

  it('stopped by Ctrl-C, leaves runs that can be gone on with', async () => {
    const child = startSubspace(['sweep', plan, '--out', out, '--cores', '1']);
    const end = new Promise((resolve) => child.once('exit', resolve));
    await until(() => readFileSync(run(0, RUN_FILES.metrics), 'utf8') !== '', 'the first epoch');
    expect((await statusOf(out, jobsOf(sweep)))[0]).toMatchObject({
      state: 'running',
      detail: expect.stringMatching(/epoch \d\/5/) as string,
    });
    child.kill('SIGINT');
    expect(await end).toBe(1);
    expect(attempts(0).map(({ outcome }) => outcome)).toEqual(['stopped']);
    expect(existsSync(run(0, 'job.lock'))).toBe(false);
    expect(table()).toHaveLength(4);
  });

  it('finishes what can be done where a run fails, tells why, and does no run twice', async () => {
    rmSync(run(3), { recursive: true, force: true });
    mkdirSync(dirname(run(3)), { recursive: true });
    writeFileSync(run(3), 'in the way');
    // Two processes share the work, as two machines would.
    for (const { code, err } of await Promise.all([command('--cores', '1'), command('--cores', '1')])) {
      expect(code, err).toBe(1);
      expect(err).toMatch(
        /idh_status\/subspace\/plain\/fold-0\/seed-2: failed, .*a file or folder of that name is in the way/,
      );
    }
    expect((await status()).counts).toMatchObject({ done: 3, waiting: 1 });
    expect([0, 1, 2].map((i) => attempts(i).filter(({ outcome }) => outcome === 'done').length)).toEqual([1, 1, 1]);
    rmSync(run(3));
  });

  it('does a failed run again only when asked to, and a finished one never', async () => {
    writeFileSync(run(2, 'result.json'), readFileSync(run(2, 'result.json')).subarray(0, 100)); // half written: not done
    writeFileSync(
      run(2, 'attempts.json'),
      JSON.stringify([{ ...attempts(2)[0], outcome: 'failed', message: 'an unlucky day' }]),
    );
    const before = statSync(run(0, RUN_FILES.checkpoint)).mtimeMs;
    expect((await status()).counts).toMatchObject({ done: 2, failed: 1, waiting: 1 });
    const { code, out: said } = await command();
    expect(code).toBe(1);
    expect(said).toMatch(/idh_status\/subspace\/plain\/fold-0\/seed-1: failed, an unlucky day/);
    expect(said).toMatch(/3 done, 1 failed/);
    expect(await command('--retry', 'failed')).toMatchObject({ code: 0 });
    expect(attempts(2).map(({ outcome }) => outcome)).toEqual(['failed', 'done']);
    expect(statSync(run(0, RUN_FILES.checkpoint)).mtimeMs).toBe(before);
  });

  it('ends with the bits of a run that was never stopped, wherever its folder is', async () => {
    const alone = join(folder, 'elsewhere');
    mkdirSync(alone);
    writeFileSync(join(alone, 'job.json'), readFileSync(run(0, 'job.json')));
    expect(await subspaceProcess(['run-planned', alone])).toMatchObject({ code: 0 });
    for (const file of [RUN_FILES.checkpoint, RUN_FILES.state, RUN_FILES.predictions, RUN_FILES.result]) {
      expect(readFileSync(join(alone, file)).equals(readFileSync(run(0, file))), file).toBe(true);
    }
  });

  it('writes a table with a row for each run', () => {
    const rows = table();
    expect(rows.map((row) => [row['run'], row['state']])).toEqual(sweep.runs.map(({ name }) => [name, 'done']));
    const result = JSON.parse(readFileSync(run(0, RUN_FILES.result), 'utf8')) as {
      metrics: { concordanceIndex: { value: number; low: number; high: number } };
    };
    const { value, low, high } = result.metrics.concordanceIndex;
    expect(
      ['concordanceIndex', 'concordanceIndex.low', 'concordanceIndex.high'].map((name) => Number(rows[0][name])),
    ).toEqual([value, low, high]);
    expect(rows[0]).toMatchObject({
      task: 'survival',
      model: 'subspace',
      variant: 'plain',
      fold: '0',
      seed: '1',
      'training.epochs': '5',
      macroAuc: '',
      version: '0.1.0',
    });
    expect(Number(rows[2]['macroAuc'])).toBeGreaterThan(0);
    for (const { seconds, peakMemoryBytes } of rows)
      expect(Math.min(Number(seconds), Number(peakMemoryBytes) / 1e8)).toBeGreaterThan(0.1);
  });

  const hasR = spawnSync('Rscript', ['--version']).status === 0;
  it.skipIf(!hasR)('writes a table that R reads (needs Rscript)', () => {
    const program = `t <- read.csv('${join(out, RESULTS_FILE)}'); cat(nrow(t), is.numeric(t$concordanceIndex.low), is.numeric(t$seconds), sum(is.na(t$macroAuc)))`;
    expect(execFileSync('Rscript', ['-e', program], { encoding: 'utf8' })).toBe('4 TRUE TRUE 2');
  });

  it('gathers what is there where a file is half written', async () => {
    truncateSync(run(1, RUN_FILES.result), 50);
    truncateSync(run(2, 'attempts.json'), 20);
    await writeResults(sweep);
    expect(table().map(({ state, attempts: tried }) => [state, tried])).toMatchObject([
      ['done', expect.anything()],
      ['stopped', '1'],
      ['done', ''],
      ['done', '1'],
    ]);
  });
});
