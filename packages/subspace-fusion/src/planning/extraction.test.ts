import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBagHeader } from '../cohort/bags/features.js';
import { acquireLock } from '../files/lock.js';
import { openEncoder, type Encoder } from '../slides/encoder.js';
import { startSubspace, subspace, subspaceProcess } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder } from '../testing/tiny-cohort.js';
import { tinySlide, tinySlides, written } from '../testing/tiny-slides.js';
import { Interrupted } from '../training/train.js';
import type { Attempt } from './attempts.js';
import { planExtraction, runExtraction, type SlideRecord } from './extraction.js';
import { JOB_FILES, readRequest, writeRequest } from './job.js';
import { inProcessWith, type JobsProgress } from './run-jobs.js';
import { until } from './slurm-cluster.test.helper.js';

const SLIDES = ['A', 'B', 'C'];

const folder = newFolder();
const out = join(folder, 'bags');
const broken = join(folder, 'slides', 'broken.svs');
let command: string[];
beforeAll(async () => {
  command = await tinySlides(folder, SLIDES.length);
  writeFileSync(broken, 'no slide');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const local = (...args: string[]) => subspace(...command, '--out', out, '--executor', 'local', ...args);
const status = async () =>
  JSON.parse((await subspace(...command, '--out', out, '--status', '--json')).out) as {
    counts: Record<string, number>;
    slides: { name: string; state: string; detail: string }[];
  };
const attempts = (slide: string) =>
  JSON.parse(readFileSync(join(out, 'jobs', slide, 'attempts.json'), 'utf8')) as Attempt[];
const outcomes = (slide: string) => attempts(slide).map(({ outcome }) => outcome);
const list = () =>
  readFileSync(join(out, 'extraction.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SlideRecord);
const madeAt = (slide: string) => statSync(join(out, `${slide}.h5`)).mtimeMs;

/** Plans the extraction of all slides. */
const planned = (out: string, encoder: Encoder, patchSize = 64) =>
  planExtraction(
    {
      slides: [join(folder, 'slides')],
      out,
      encoder: join(folder, 'encoder.onnx'),
      cutting: { patchSize, resolution: { magnification: 20 }, tissue: 0.5 },
      batch: 4,
      provider: 'cpu',
    },
    encoder,
  );

describe('an extraction by the local executor', () => {
  it('shows what it would do, and does nothing', async () => {
    const { code, out: said } = await local('--cores', '2', '--dry-run');
    expect([code, said]).toEqual([
      0,
      expect.stringMatching(/^4 of 4 slides would be extracted into .+bags:\n {2}A\n[^]+\n2 at once, 1 thread each\n$/),
    ]);
    expect(existsSync(out)).toBe(false);
  });

  it('stopped by Ctrl-C, leaves slides that can be gone on with', async () => {
    const child = startSubspace([...command, '--out', out, '--executor', 'local', '--cores', '1']);
    const end = new Promise((resolve) => child.once('exit', resolve));
    await until(() => existsSync(join(out, 'jobs', 'A', 'result.json')), 'the first slide');
    child.kill('SIGINT');
    expect(await end).toBe(1);
    expect(list()[0]).toMatchObject({ slide: 'A', status: 'done' });
    expect(existsSync(join(out, 'C.h5'))).toBe(false);
    expect((await status()).slides[0]).toMatchObject({ name: 'A', state: 'done' });
  });

  it('refuses a slide that another process is extracting with other settings', async () => {
    const other = join(folder, 'contested');
    const encoder = await openEncoder(join(folder, 'encoder.onnx'));
    const [slide] = (await planned(other, encoder)).jobs;
    await writeRequest(slide);
    const taken = await acquireLock(join(slide.folder, JOB_FILES.lock));
    if (!('lock' in taken)) throw new Error('the lock is held');
    const [changed] = (await planned(other, encoder, 32)).jobs;
    await encoder.dispose();
    await expect(writeRequest(changed)).rejects.toThrow(
      /jobs.A: is being done with other settings by .+ Wait until it has ended, or choose another folder\.$/,
    );
    expect(await readRequest(slide.folder)).toEqual(slide.request);
    await taken.lock.release();
    await writeRequest(changed);
    expect(await readRequest(slide.folder)).toEqual(changed.request);
  });

  it('goes on, once for each slide, where two share the work, and tells of the slide that fails', async () => {
    const before = madeAt('A');
    const one = () => subspaceProcess([...command, '--out', out, '--executor', 'local', '--cores', '1']);
    const both = await Promise.all([one(), one()]);
    expect(both.map(({ err }) => err).join('')).toMatch(/broken.svs: a text file is not read/);
    for (const { code } of both) expect([1, 2]).toContain(code); // 1 where the other one is still busy with a slide
    expect(madeAt('A')).toBe(before);
    for (const slide of SLIDES) expect(outcomes(slide).filter((outcome) => outcome === 'done')).toEqual(['done']);
    expect((await status()).counts).toEqual({ done: 3, failed: 1 });
    expect(list().map((record) => [record.slide, record.status])).toEqual([
      ...SLIDES.map((slide) => [slide, 'done']),
      ['broken', 'failed'],
    ]);
    for (const slide of [...SLIDES, 'broken']) expect(existsSync(join(out, 'jobs', slide, 'job.lock'))).toBe(false);
  });

  it('repeats no slide, and a failed one only when asked to, or when its file has changed', async () => {
    const before = [...SLIDES, 'broken'].map(attempts);
    const again = await local();
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/broken.svs: a text file is not read/)]);
    expect(again.out).toMatch(/0 slides done, 3 there already, 1 failed\n--retry failed/);
    expect([...SLIDES, 'broken'].map(attempts)).toEqual(before);
    expect(await local('--retry', 'failed')).toMatchObject({ code: 2 });
    expect(attempts('broken')).toHaveLength(defined(before.at(-1)).length + 1);
    await tinySlide(broken, 200);
    expect(await local()).toMatchObject({
      code: 0,
      out: expect.stringMatching(/1 slide done, 3 there already, \d+ patches/) as string,
    });
    expect(outcomes('broken')).toEqual(['done']);
    expect(list().at(-1)).toMatchObject({ slide: 'broken', file: broken, status: 'done' });
  });

  it('makes a feature file again that is gone, and one with other settings where it may be replaced', async () => {
    rmSync(join(out, 'B.h5'));
    expect((await status()).counts).toEqual({ done: 3, waiting: 1 });
    expect(await local('--fix', '9')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/A.h5: features are there already.+--overwrite/) as string,
    });
    expect((await readBagHeader(join(out, 'B.h5'))).patches).toBe(9);
    expect(await local('--overwrite')).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 slide done, 3 there already') as string,
    });
    expect((await readBagHeader(join(out, 'B.h5'))).patches).toBeGreaterThan(9);
  });

  it('ends with what this process alone extracts', async () => {
    const alone = join(folder, 'alone');
    expect(await subspace(...command, '--out', alone, '--threads', '1')).toMatchObject({ code: 0 });
    for (const slide of SLIDES) expect(await written(out, slide)).toEqual(await written(alone, slide));
  });

  it('in this process, stopped in the middle of a slide, leaves whole files and goes on', async () => {
    const encoder = await openEncoder(join(folder, 'encoder.onnx'));
    const plan = () => planned(join(folder, 'stopped'), encoder);
    const stop = new AbortController();
    const onProgress = ({ job, progress }: JobsProgress) => {
      if (job.name === 'B' && progress.done > 0) stop.abort();
    };
    await expect(
      runExtraction(await plan(), inProcessWith(encoder), { retryFailed: false, signal: stop.signal, onProgress }),
    ).rejects.toThrow(Interrupted);
    expect(readdirSync(join(folder, 'stopped')).sort()).toEqual(['A.h5', 'extraction.jsonl', 'jobs', 'overview']);
    const records = await runExtraction(await plan(), inProcessWith(encoder), { retryFailed: false });
    expect(records.map(({ status }) => status)).toEqual(['present', 'done', 'done', 'done']);
    await encoder.dispose();
  });

  it('killed in the middle of a slide, leaves nothing after the same command again', async () => {
    const killed = join(folder, 'killed');
    const again = () => subspace(...command, '--out', killed, '--threads', '1');
    const temporary = () =>
      existsSync(killed) ? readdirSync(killed, { recursive: true, encoding: 'utf8' }).filter(isTemporary) : [];
    const isTemporary = (name: string) => /\.tmp$|\.lock/.test(name);
    const child = startSubspace([...command, '--out', killed, '--threads', '1', '--batch', '1']);
    const end = new Promise((resolve) => child.once('exit', resolve));
    await until(() => temporary().some((name) => name.includes('.h5.')), 'a feature file that is being written');
    child.kill('SIGKILL');
    await end;
    expect(temporary().length).toBeGreaterThan(1);
    // Of a slide whose file was whole when its process was killed, too.
    writeFileSync(join(killed, '.A.h5.00000000-1-1-1.tmp'), ''); // on another machine
    for (let i = 0; i < 2; i++) {
      expect(await again()).toMatchObject({ code: 0 });
      expect(temporary()).toEqual([]);
    }
  });

  it('gathers what is there where a file is half written', async () => {
    truncateSync(join(out, 'jobs', 'A', 'result.json'), 20);
    truncateSync(join(out, 'jobs', 'B', 'job.json'), 20);
    expect(await local()).toMatchObject({ code: 0 });
    expect(list().map((record) => record.status)).toEqual(['present', 'present', 'done', 'done']);
  });
});
