import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSubspace, subspaceProcess } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import { tinySlides, written } from '../testing/tiny-slides.js';

/** Training has such a test in train.test.ts; here are the other commands that write for long. */

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const at = (...names: string[]) => join(folder, ...names);

async function inTime(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const { code, err } = await subspaceProcess(args);
  expect(code, err).toBe(0);
  return performance.now() - started;
}

/** Kills the command at random moments of the time that it takes, then lets it come to its end. */
async function killedAndResumed(args: readonly string[], milliseconds: number, times: number): Promise<void> {
  let kills = 0;
  let time = milliseconds;
  for (let tries = 0; kills < times && tries < 8; tries++) {
    const child = startSubspace(args);
    const end = once(child, 'exit');
    await pause(time * (0.25 + 0.6 * Math.random()));
    child.kill('SIGKILL');
    const [, signal] = (await end) as [number | null, NodeJS.Signals | null];
    if (signal === 'SIGKILL') kills++;
    else time /= 2; // it was over before: the machine has less to do than when the time was taken
  }
  expect(kills).toBe(times);
  await inTime(args);
}

/** All files below a folder, by their names there. */
const filesOf = (of: string): string[] =>
  readdirSync(of, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(of, name)).isFile())
    .sort();

/** The bytes of a file, without the name of the folder of its run. */
const bytesOf = (of: string, name: string) => readFileSync(join(of, name), 'latin1').replaceAll(of, 'OUT');

function expectSameFiles(killed: string, whole: string, isCompared: (name: string) => boolean): void {
  expect(filesOf(killed)).toEqual(filesOf(whole));
  const compared = filesOf(whole).filter(isCompared);
  expect(compared.length).toBeGreaterThan(2);
  for (const name of compared) expect(bytesOf(killed, name) === bytesOf(whole, name), name).toBe(true);
}

let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(at('cohort'), { patients: 40 });
});

// A minute together on a machine of one's own; a busy one takes longer to start so many processes.
describe(
  'killed at random moments and started again, with the same end and nothing temporary:',
  { timeout: 400_000 },
  () => {
    test('crossval', async () => {
      const args = (out: string) => [
        ...[
          'crossval',
          yaml,
          '--folds',
          '2',
          '--set',
          'training.epochs=3',
          '--set',
          'training.batch=6',
          '--set',
          'training.threads=1',
        ],
        '--out',
        at(out),
      ];
      const time = await inTime(args('cv'));
      await killedAndResumed(args('cv-killed'), time, 1);
      // Those of the clock: how long it took, and who tried.
      const clocks = /(metrics\.jsonl|attempts\.json|results\.csv)$/;
      expectSameFiles(at('cv-killed'), at('cv'), (name) => !clocks.test(name));
    });

    test('explain, of a patient and of the cohort', async () => {
      await inTime(['train', yaml, '--set', 'training.epochs=1', '--set', 'training.threads=1', '--out', at('run')]);
      cpSync(at('run'), at('run-killed'), { recursive: true });
      const { test: patients } = JSON.parse(readFileSync(at('run', 'split.json'), 'utf8')) as { test: string[] };
      for (const whom of [['--patient', defined(patients[0])], ['--cohort']]) {
        const time = await inTime(['explain', at('run'), ...whom]);
        await killedAndResumed(['explain', at('run-killed'), ...whom], time, 1);
      }
      expectSameFiles(at('run-killed'), at('run'), () => true);
    });

    test('extract', async () => {
      const args = await tinySlides(at('extraction'), 3);
      const time = await inTime([...args, '--out', at('bags')]);
      await killedAndResumed([...args, '--out', at('bags-killed')], time, 2);
      // A slide that was whole when its job was killed needs none the next time, so that the job's folder stays as it was.
      const jobs = /^jobs\/\w\/(job|attempts|result)\.json$/;
      const [killedFiles, wholeFiles] = [filesOf(at('bags-killed')), filesOf(at('bags'))];
      expect(killedFiles.filter((name) => !jobs.test(name))).toEqual(wholeFiles.filter((name) => !jobs.test(name)));
      for (const slide of ['A', 'B', 'C']) {
        const [killed, whole] = await Promise.all([at('bags-killed'), at('bags')].map((out) => written(out, slide)));
        expect({ ...killed, record: undefined }).toEqual({ ...whole, record: undefined });
        // One that was whole before its record was, is there already for the next.
        expect(killed.record).toMatchObject({ slide, status: expect.stringMatching(/done|present/) });
      }
    });
  },
);
