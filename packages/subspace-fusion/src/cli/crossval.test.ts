import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TaskComparison } from '../comparison/file.js';
import { loadConfig } from '../config/config.js';
import { simulateCohort } from '../simulation/cohort.js';
import { main } from './main.js';

let folder: string;
let config: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossval-command-'));
  ({ config } = await simulateCohort({
    out: join(folder, 'cohort'),
    patients: 36,
    bag: 36,
    width: 16,
    population: 60,
    seed: 3,
  }));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

/** Runs the command; what it printed and its exit code. */
async function crossval(...args: string[]) {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  await main([
    'crossval',
    config,
    '--set',
    'training.epochs=1',
    '--set',
    'training.threads=1',
    '--out',
    join(folder, 'xv'),
    ...args,
  ]);
  const lines = (spy: typeof printed) => spy.mock.calls.map(([line]) => String(line)).join('\n');
  return { out: lines(printed), said: lines(said), code: process.exitCode ?? 0 };
}

describe('subspace crossval', () => {
  it('prints one JSON object in the form of a result, with its folds', async () => {
    const { out, said, code } = await crossval('--folds', '2', '--json');
    expect(code).toBe(0);
    const result = JSON.parse(out) as TaskComparison;
    expect(result).toMatchObject({
      task: 'survival',
      split: 'test',
      patients: 36,
      metrics: { concordanceIndex: { n: 36 } },
    });
    expect(result.folds.map(({ split, patients, metrics }) => [split, patients, Object.keys(metrics)[0]])).toEqual([
      ['test', 18, 'concordanceIndex'],
      ['test', 18, 'concordanceIndex'],
    ]);
    expect(said).toMatch(/^fold 0, seed 1: C-index \d\.\d{3} .*\nfold 1, seed 1: /m);
  });

  it('prints tables for people', async () => {
    const { out } = await crossval('--folds', '2', '--within', 'idh_status=Mutant');
    expect(out).toMatch(/^Means over 2 folds on test patients, never pooled/);
    expect(out).toMatch(/survival, all: 36 patients, \d+ deaths\n.*C-index \(95 %\) +this method minus it/);
    expect(out).toMatch(/ridge Cox on the genes +\d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\) +[+−]\d\.\d{3} \(/);
    expect(out).toContain('idh_status = Mutant: ');
    const files = ['comparison.json', 'comparison.csv', 'comparison.md', 'comparison.tex', 'comparison.html'].map(
      (name) => join(folder, 'xv', name),
    );
    expect(out).toContain(files.join('\n'));
    for (const file of files) expect(readFileSync(file, 'utf8')).toContain('fold-1/seed-1');
  });

  it('refuses bad input with exit code 2', async () => {
    expect((await crossval('--seeds', '1;2')).code).toBe(2);
    expect((await crossval('--folds', '1')).code).toBe(2);
    expect(await crossval('--probe', 'site')).toMatchObject({
      code: 2,
      said: expect.stringMatching(/no patient has a TCGA barcode as its id \(--probe\)/) as string,
    });
    expect((await crossval('--probe', 'hospital')).code).toBe(2);
    expect(await crossval('--within', 'idh_status=x')).toMatchObject({
      code: 2,
      said: expect.stringMatching(/no patient has idh_status = 'x'/) as string,
    });
  });
});

const EXAMPLES = 'examples';

describe('the examples', () => {
  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml') && !file.includes('plan')))(
    '%s takes the data folder as an argument',
    async (file) => {
      const { clinical, split, training } = await loadConfig(join(EXAMPLES, file), {
        data: '/data',
        'features.folder': '/bags',
      });
      expect([clinical.file, split.file]).toEqual(['/data/tcga-gbmlgg/clinical.csv', '/data/tcga-gbmlgg/folds.csv']);
      expect(training.epochs).toBe(10);
    },
  );
});
