import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { Split } from '../cohort/types.js';
import { readComparisonFile } from '../comparison/file.js';
import { subspace } from '../testing/cli.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('a cross-validation with repeats tests every patient once in each and leaks nothing', async () => {
  const yaml = await tinyCohort(join(folder, 'cohort'), { patients: 30 });
  const out = join(folder, 'runs');
  const settings = ['model.name=snn', 'training.epochs=1'].flatMap((setting) => ['--set', setting]);
  const { code, out: printed } = await subspace(
    'crossval',
    yaml,
    '--out',
    out,
    '--folds',
    '2',
    '--repeats',
    '2',
    ...settings,
  );
  expect(code).toBe(0);
  expect(printed).toMatch(/Means over 2 repeats of 2 folds/);
  expect(printed).toMatch(/survival, all: 30 patients, \d+ deaths, each tested in 2 repeats/);
  const [crossval] = (await readComparisonFile(out)).tasks;
  expect(crossval.patients).toBe(30);
  expect(crossval.folds.map(({ repeat, fold, runs }) => [repeat, fold, runs.map((run) => run.folder)])).toEqual([
    [0, 0, ['fold-0/seed-1']],
    [0, 1, ['fold-1/seed-1']],
    [1, 0, ['repeat-1/fold-0/seed-1']],
    [1, 1, ['repeat-1/fold-1/seed-1']],
  ]);
  const tested = (run: string) => (JSON.parse(readFileSync(join(out, run, 'split.json'), 'utf8')) as Split).test;
  for (const repeat of ['', 'repeat-1'])
    expect(new Set([...tested(join(repeat, 'fold-0/seed-1')), ...tested(join(repeat, 'fold-1/seed-1'))]).size).toBe(30);
  expect(tested('fold-0/seed-1')).not.toEqual(tested('repeat-1/fold-0/seed-1'));
  expect(existsSync(join(out, 'repeat-0'))).toBe(false);
  const difference = crossval.differences['snn - ridgeCox'];
  expect(difference).toMatchObject({ interval: 'corrected resampled t', verdict: expect.any(String) as string });
  expect(difference.p).toBe(crossval.repeated?.differences['snn - ridgeCox'].p);
  expect(crossval.bootstrap.family).toBeGreaterThan(0);
  // A report shows everybody once, too.
  expect((await subspace('report', out)).code).toBe(0);
  const page = readFileSync(join(out, 'report.html'), 'utf8').replaceAll('\u00a0', ' ');
  const { events } = crossval.metrics['concordanceIndex'] as { events: number };
  expect(page).toContain(
    `On 30 patients (${events} deaths), each tested by models that had not seen them in 2 repeats of 2 folds,`,
  );
  expect(page).toContain('No log-rank test: the groups of all folds together are not independent');
  expect(page).not.toContain('Log-rank test of the two groups');
  expect(page).toContain('Tested in repeat 0, fold 1');
  expect(page).not.toContain('Tested in repeat 1');
  const audit = await subspace('audit', out);
  expect([audit.code, audit.out.split('\n')[0]]).toEqual([
    0,
    `${out}: 4 splits of 30 patients with 30 slides: no leak found, 1 note`,
  ]);
});
