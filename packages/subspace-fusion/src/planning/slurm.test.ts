import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RUN_FILES } from '../runs/run-folder.js';
import { subspaceProcess, type Outcome } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import { tinySlides, written } from '../testing/tiny-slides.js';
import type { Attempt } from './attempts.js';
import type { JobEnd } from './job.js';
import { jobsOf, readPlan, slurmResources, type Plan } from './plan.js';
import { runJobs } from './run-jobs.js';
import { slurmIsInstalled, startCluster, until, type Cluster } from './slurm-cluster.test.helper.js';
import { readSubmissions } from './slurm-script.js';
import { slurmExecutor } from './slurm.js';

/** Two settings, two folds, three seeds. */
const PLAN = `
config: cohort/cohort.yaml
set: { training.epochs: 2, training.batch: 6 }
folds: 2
seeds: [1, 2, 3]
variants:
  full: {}
  no-consistency: { training.consistency: none }
slurm: { time: 10, partition: short }
`;

/**
 * Loaded before the program: the first attempts at these runs halt after their first epoch until they are told to stop. They wait for
 * that as for a file, so that signals, timers and the run's lock are served meanwhile.
 */
const HALT = `
import { existsSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
const folder = process.argv.at(-1);
if (process.argv.includes('run-planned') && process.env.HALTING_RUNS.split(',').includes(folder) && !existsSync(join(folder, 'attempts.json'))) {
  const told = () => new Promise((resolve) => {
    const alive = setInterval(() => {}, 1000);
    process.once('SIGTERM', () => resolve(clearInterval(alive)));
  });
  const { appendFile } = files;
  files.appendFile = async (path, text) => {
    await appendFile(path, text);
    if (path.endsWith('metrics.jsonl')) await told();
  };
  syncBuiltinESMExports();
}
`;

describe.skipIf(!slurmIsInstalled)('a sweep on a Slurm cluster of two nodes (needs slurm-wlm and munge)', () => {
  const folder = newFolder();
  const plan = join(folder, 'plan.yaml');
  const out = join(folder, 'slurm');
  let cluster: Cluster;
  let sweep: Plan;
  let first: Outcome;
  let retried: Outcome;
  let followed: JobEnd[];
  let onDrained: string[];

  /** Runs whose first attempts halt: one until its time limit is near, one until it is cancelled. */
  const [OVER_LIMIT, CANCELLED] = [0, 1];
  const run = (i: number, ...file: string[]) => join(jobsOf(sweep)[i].folder, ...file);
  const attempts = (i: number) => JSON.parse(readFileSync(run(i, 'attempts.json'), 'utf8')) as Attempt[];
  const onSlurm = (...args: string[]) =>
    subspaceProcess(['sweep', plan, '--executor', 'slurm', '--out', out, ...args], halting());
  const halting = () => ({
    NODE_OPTIONS: `--import=${pathToFileURL(join(folder, 'halt.mjs')).href}`,
    HALTING_RUNS: [run(OVER_LIMIT), run(CANCELLED)].join(','),
  });

  /** Slurm refuses another limit while a task changes its state. */
  const limit = (minutes: () => number) =>
    until(
      () => {
        if (defined(attempts(OVER_LIMIT).at(-1)).outcome === 'done') return true;
        const task = defined(attempts(OVER_LIMIT)[0].slurm);
        cluster.slurm('scontrol', 'update', `jobid=${task}`, `timelimit=${minutes()}`);
        return true;
      },
      'another time limit',
      180,
    );
  const minutesSince = (time: string) => Math.ceil((Date.now() - Date.parse(time)) / 60_000);

  beforeAll(async () => {
    writeFileSync(join(folder, 'halt.mjs'), HALT);
    writeFileSync(plan, PLAN);
    cluster = await startCluster();
    vi.stubEnv('SLURM_CONF', cluster.env.SLURM_CONF);
    await tinyCohort(join(folder, 'cohort'), { patients: 36 });
    sweep = await readPlan(plan, { out });
    const local = subspaceProcess(['sweep', plan, '--out', join(folder, 'local')]);
    const submitted = onSlurm();

    // One node takes no more runs once it has some.
    await until(
      () => cluster.slurm('squeue', '--noheader', '--states=RUNNING', '--nodelist=node2').trim() !== '',
      'a run on the second node',
    );
    cluster.slurm('scontrol', 'update', 'nodename=node2', 'state=drain', 'reason=test');
    onDrained = cluster.slurm('squeue', '--noheader', '--array', '--nodelist=node2', '--format=%i').trim().split('\n');
    // The same sweep again follows what is in the queue.
    const options = { out, name: 'again', resources: slurmResources(sweep) };
    const again = await new Promise<{ end: Promise<JobEnd[]> }>((resolve, reject) => {
      const end = runJobs(jobsOf(sweep), slurmExecutor({ ...options, onQueued: () => resolve({ end }) }), {
        retryFailed: false,
      });
      end.catch(reject);
    });
    // One run is cancelled in its second epoch, and one is then near its time limit, until it has been requeued.
    for (const i of [OVER_LIMIT, CANCELLED])
      await until(() => readFileSync(run(i, RUN_FILES.metrics), 'utf8') !== '', 'the first epochs');
    cluster.slurm('scancel', defined(attempts(CANCELLED)[0].slurm));
    // Slurm looks at limits every 30 s and warns two minutes before: that leaves the run a minute and a half.
    await limit(() => minutesSince(attempts(OVER_LIMIT)[0].started) + 2);
    await until(() => attempts(OVER_LIMIT)[0].outcome !== undefined, 'the end of the turn', 240);
    // So that it is not warned again in its second turn; where Slurm refuses, that turn is likely over.
    await limit(() => 10).catch(() => undefined);

    [first, followed] = [await submitted, await again.end];
    retried = await onSlurm('--retry', 'failed');
    expect(await local).toMatchObject({ code: 0 });
  }, 900_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('does twelve runs, and tells of the one that was cancelled', () => {
    expect(sweep.runs).toHaveLength(12);
    expect(first.code, first.err).toBe(1);
    expect(first.out).toMatch(/11 done, 1 stopped/);
    expect(first.out).toMatch(/full\/fold-1\/seed-1: stopped, Slurm task \d+_1: CANCELLED/);
    expect(retried, retried.err).toMatchObject({ code: 0 });
    expect(retried.err).toMatch(/submitted as Slurm job \d+: 1 run;/);
    expect(retried.out).toMatch(/12 done/);
  });

  it('stops a run before its time limit and requeues it, and it goes on where it was', () => {
    const [before, after] = attempts(OVER_LIMIT);
    expect(before).toMatchObject({ outcome: 'stopped', progress: 1 });
    expect(after).toMatchObject({ outcome: 'done', slurm: before.slurm, progress: 2 });
    expect(attempts(CANCELLED).map(({ outcome, progress }) => [outcome, progress])).toEqual([
      ['stopped', 1],
      ['done', 2],
    ]);
  });

  it('starts no run on the drained node', () => {
    const all = jobsOf(sweep).flatMap((_, i) => attempts(i));
    const tasks = new Set(all.filter(({ host }) => host === 'node2').map(({ slurm }) => slurm));
    expect(tasks.size).toBeGreaterThan(0);
    expect([...tasks].filter((task) => !onDrained.includes(defined(task)))).toEqual([]);
    expect(cluster.slurm('sinfo', '--noheader', '--nodes=node2', '--format=%T').trim()).toBe('drained');
  });

  it('submits no run twice', async () => {
    expect((await readSubmissions(out)).map(({ folders }) => folders.length)).toEqual([12, 1]);
    expect(followed.map(({ outcome }) => outcome)).toEqual(
      sweep.runs.map((_, i) => (i === CANCELLED ? 'stopped' : 'done')),
    );
  });

  it('ends with the bits of the local executor', () => {
    for (const { folder: relative } of sweep.runs) {
      for (const file of [
        RUN_FILES.checkpoint,
        RUN_FILES.state,
        RUN_FILES.model,
        RUN_FILES.split,
        RUN_FILES.predictions,
        RUN_FILES.result,
      ]) {
        const [here, there] = ['local', 'slurm'].map((where) => readFileSync(join(folder, where, relative, file)));
        expect(here.equals(there), `${relative}/${file}`).toBe(true);
      }
    }
  });

  it('leaves no lock behind', () => {
    for (const [i] of jobsOf(sweep).entries()) expect(existsSync(run(i, 'job.lock'))).toBe(false);
  });

  it('extracts slides, with what the local executor writes, and tells of one that fails', async () => {
    const command = await tinySlides(folder, 3);
    writeFileSync(join(folder, 'slides', 'broken.svs'), 'no slide');
    const [here, there] = [join(folder, 'local-bags'), join(folder, 'slurm-bags')];
    expect(await subspaceProcess([...command, '--out', here, '--executor', 'local'])).toMatchObject({ code: 2 });
    const first = await subspaceProcess([
      ...command,
      '--out',
      there,
      '--executor',
      'slurm',
      '--time',
      '10',
      '--partition',
      'short',
    ]);
    expect(first, first.err).toMatchObject({
      code: 2,
      out: expect.stringContaining('3 slides done, 1 failed') as string,
    });
    expect(first.err).toMatch(/submitted as Slurm job \d+: 4 slides;[^]*broken.svs: a text file is not read/);
    for (const slide of ['A', 'B', 'C']) {
      expect(await written(there, slide)).toEqual(await written(here, slide));
      expect(JSON.parse(readFileSync(join(there, 'jobs', slide, 'attempts.json'), 'utf8'))).toMatchObject([
        { outcome: 'done', host: 'node1', slurm: expect.any(String) as string },
      ]);
    }
    // Nothing is submitted where nothing is left to do.
    expect(await subspaceProcess([...command, '--out', there, '--executor', 'slurm', '--time', '10'])).toMatchObject({
      code: 2,
    });
    expect((await readSubmissions(there)).map(({ folders }) => folders.length)).toEqual([4]);
  });
});
