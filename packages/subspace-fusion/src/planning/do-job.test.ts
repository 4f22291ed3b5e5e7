import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Config } from '../config/config.js';
import { MachineError } from '../files/system-errors.js';
import { newFolder, shortConfig, tinyCohort } from '../testing/tiny-cohort.js';
import { readAttempts, writeAttempts } from './attempts.js';
import { doJob, noteEnd } from './do-job.js';
import { jobState } from './job-state.js';
import { writeRequest } from './job.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

let config: Config;
beforeAll(async () => {
  config = await shortConfig(await tinyCohort(join(folder, 'cohort')), { 'training.threads': '1' });
});

let next = 0;
/** The folder of a new job. */
async function newJob(): Promise<string> {
  const job = join(folder, `job-${next++}`);
  await writeRequest({ name: 'job', folder: job, request: { kind: 'training', config } });
  return job;
}
const STOP = AbortSignal.abort();

describe('a job', () => {
  it('that was stopped says so, and that Slurm stopped twice before an epoch was done has failed', async () => {
    const job = await newJob();
    vi.stubEnv('SLURM_ARRAY_JOB_ID', '5').stubEnv('SLURM_ARRAY_TASK_ID', '1').stubEnv('SLURMD_NODENAME', 'node7');
    expect(await doJob(job, { signal: STOP })).toEqual({ outcome: 'stopped' });
    expect(await jobState(job)).toMatchObject({ state: 'stopped' });
    expect(await readAttempts(job)).toMatchObject([{ host: 'node7', slurm: '5_1', outcome: 'stopped', progress: 0 }]);
    expect(await doJob(job, { signal: STOP })).toMatchObject({
      outcome: 'failed',
      message: expect.stringMatching(/slurm\.time/) as string,
    });
    expect(existsSync(join(job, 'job.lock'))).toBe(false);
  });

  it('in which something unforeseen happens has failed with one sentence and a log', async () => {
    const job = await newJob();
    vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'));
    const end = await doJob(job, {
      onProgress: () => {
        throw new TypeError('oh');
      },
    });
    expect(end).toMatchObject({
      outcome: 'failed',
      badInput: false,
      message: expect.stringMatching(
        /^Unforeseen error, a mistake of the program: oh\. .* the log \S+,[^\n]*$/,
      ) as string,
    });
    expect(readdirSync(join(folder, 'state', 'subspace-fusion'))).toHaveLength(1);
  });

  it('stopped twice by a user only waits', async () => {
    const job = await newJob();
    for (let i = 0; i < 2; i++) expect(await doJob(job, { signal: STOP })).toEqual({ outcome: 'stopped' });
  });

  it('that another process is doing is left alone', async () => {
    const job = await newJob();
    writeFileSync(
      join(job, 'job.lock'),
      JSON.stringify({ host: 'node3', pid: 7, processTable: 'of another machine', token: 'theirs' }),
    );
    expect(await doJob(job)).toMatchObject({
      outcome: 'busy',
      message: expect.stringMatching(/node3, process 7/) as string,
    });
    expect(await readAttempts(job)).toEqual([]);
  });

  it('that the machine stopped is an error of all, and no failure of its own', async () => {
    const gone = await newJob();
    const remove = () => {
      rmSync(gone, { recursive: true, force: true });
    };
    await expect(doJob(gone, { onProgress: remove })).rejects.toThrow(MachineError);
    expect(existsSync(gone)).toBe(false);
  });

  it('whose folder is no job’s is refused', async () => {
    mkdirSync(join(folder, 'empty'));
    await expect(doJob(join(folder, 'empty'))).rejects.toThrow(/job\.json: not found/);
  });

  it('that was killed is told from outside, once, and what it said itself stays', async () => {
    const job = await newJob();
    const attempt = { started: '2026-01-01T00:00:00Z', host: 'node1', pid: 1, slurm: '5_1', version: '1' };
    await writeAttempts(job, [attempt]);
    writeFileSync(
      join(job, 'job.lock'),
      JSON.stringify({ host: 'node1', pid: 1, processTable: 'of another machine', slurm: '5_1', token: 'theirs' }),
    );
    expect(await jobState(job)).toMatchObject({ state: 'running' });
    for (const message of ['Slurm task 5_1: NODE_FAIL', 'said twice'])
      await noteEnd(job, { outcome: 'stopped', message }, '5_1');
    expect(await readAttempts(job)).toEqual([{ ...attempt, outcome: 'stopped', message: 'Slurm task 5_1: NODE_FAIL' }]);
    await noteEnd(job, { outcome: 'stopped', message: 'cancelled before it began' }, '6_1');
    expect(await jobState(job)).toEqual({ state: 'stopped', message: 'cancelled before it began' });
    expect(readFileSync(join(job, 'attempts.json'), 'utf8')).toContain('NODE_FAIL');
  });
});
