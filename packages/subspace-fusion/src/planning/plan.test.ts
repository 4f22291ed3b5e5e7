import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';
import { readPlan } from './plan.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeAll(() => tinyCohort(join(folder, 'cohort')));

/** The runs of a plan. */
async function runsOf(plan: string, overrides?: Record<string, string>) {
  const path = join(folder, 'plan.yaml');
  writeFileSync(path, `config: cohort/cohort.yaml\n${plan}`);
  return (await readPlan(path, { overrides, out: join(folder, 'out') })).runs;
}
const foldersOf = async (...args: Parameters<typeof runsOf>) => (await runsOf(...args)).map((run) => run.folder);

describe('a plan', () => {
  it('expands tasks × models × variants × controls × folds × seeds, with names for people', async () => {
    const runs = await runsOf(`
models: [subspace]
tasks: [survival, {column: idh_status}]
folds: 3
seeds: [1, 2]
variants: { full: {}, no-consistency: { training.consistency: none } }
controls: [permuted-bags]
`);
    expect(runs).toHaveLength(2 * 2 * 2 * 3 * 2);
    expect(runs[0].name).toBe('survival/subspace/full/fold-0/seed-1');
    expect(defined(runs.at(-1)).name).toBe('idh_status/subspace/no-consistency/fold-2/permuted-bags-seed-2');
    expect(runs[0].folder).toMatch(/^survival-subspace-full-[0-9a-f]{8}\/fold-0\/seed-1$/);
    expect(defined(runs.at(-1)).config).toMatchObject({
      task: { column: 'idh_status' },
      split: { fold: 2, folds: 3 },
      training: { seed: 2, consistency: 'none', threads: 1 },
      features: { permuteBags: 2 },
    });
    expect(new Set(runs.map((run) => run.folder)).size).toBe(runs.length);
  });

  it.each([
    ['seeds: [1, 2, 1]', /row 2: 'seeds': 1 is listed twice/],
    ['models: [snn, snn]', /'models': "snn" is listed twice/],
    ['variants: { A: {}, a: {} }', /'variants': 'A' and 'a' differ only in case or in the form of a letter/],
    ["variants: { '\u00e9': {}, 'e\u0301': {} }", /'variants': .* differ only in case or in the form of a letter/],
    ['variants: { ../x: {} }', /'variants\.\.\.\/x': a name becomes a folder: it has no \/ or/],
    ["variants: { '..': {} }", /a name becomes a folder/],
    ['repeats: 2,0', /'repeats' is '2,0', and should be a(?: whole)? number/],
    ['controls: [x]', /'controls\.0' is 'x', which is not known here\. It may be permuted-bags or shuffled-outcomes/],
  ])('is refused with what is wrong: %s', async (line, message) => {
    await expect(runsOf(line)).rejects.toThrow(message);
  });

  it('deals the patients to folds again for each repeat, and keeps the folders of the first', async () => {
    const once = await foldersOf('folds: 2');
    const runs = await runsOf('folds: 2\nrepeats: 3');
    expect(runs.map((run) => run.folder).slice(0, 2)).toEqual(once);
    expect(runs.map(({ repeat, fold, name }) => [repeat, fold, name]).slice(2)).toEqual([
      [1, 0, 'survival/subspace/repeat-1/fold-0/seed-1'],
      [1, 1, 'survival/subspace/repeat-1/fold-1/seed-1'],
      [2, 0, 'survival/subspace/repeat-2/fold-0/seed-1'],
      [2, 1, 'survival/subspace/repeat-2/fold-1/seed-1'],
    ]);
    expect(runs.map(({ config }) => config.split.repeat)).toEqual([undefined, undefined, 1, 1, 2, 2]);
  });

  it('has the same folders whatever else is planned, and others where the config or a table changes', async () => {
    const some = await foldersOf('seeds: [1]\nfolds: 2');
    expect(await foldersOf('seeds: [2, 1]\nfolds: 2')).toEqual(expect.arrayContaining(some));
    const changed = [
      await foldersOf('seeds: [1]\nfolds: 2\nset: {training.batch: 4}'),
      await foldersOf('seeds: [1]\nfolds: 2', { 'training.batch': '4' }),
      await foldersOf('seeds: [1]\nfolds: 3'),
      await foldersOf('seeds: [1]\nfolds: 2\nthreads: 2'),
    ];
    const clinical = join(folder, 'cohort', 'clinical.csv');
    copyFileSync(clinical, join(folder, 'before.csv'));
    writeFileSync(clinical, readFileSync(clinical, 'utf8').replace(/\n$/, ' \n'));
    changed.push(await foldersOf('seeds: [1]\nfolds: 2'));
    copyFileSync(join(folder, 'before.csv'), clinical);
    for (const others of changed) expect(others.filter((other) => some.includes(other))).toEqual([]);
    expect(changed[0]).toEqual(changed[1]);
    expect(await foldersOf('seeds: [1]\nfolds: 2')).toEqual(some);
  });

  it('takes the threads of a run from the plan, else the config, else one: never from the machine', async () => {
    const threads = async (...args: Parameters<typeof runsOf>) => (await runsOf(...args))[0].config.training.threads;
    expect([await threads(''), await threads('threads: 2'), await threads('', { 'training.threads': '3' })]).toEqual([
      1, 2, 3,
    ]);
  });

  it('takes some of the folds, a variant for some of the models, and null for a key to be taken away', async () => {
    const runs = await runsOf('folds: [1, 3]\nvariants: {plain: {models: [subspace], split.seed: null}}');
    expect(runs.map(({ fold, config }) => [fold, config.split.seed])).toEqual([
      [1, 1],
      [3, 1],
    ]);
  });

  it.each([
    ['seed: [1]', /plan\.yaml, row 2: unknown key 'seed'\. Did you mean 'seeds'\?/],
    ['slurm: {time: 60, memroy: 4G}', /unknown key 'slurm\.memroy'\. Did you mean 'slurm\.memory'\?/],
    ['slurm: {}', /the key 'slurm\.time' is missing|'slurm\.time'/],
    ['slurm: {time: a while}', /a time is minutes, hours:minutes:seconds or days-hours/],
    ['slurm: {time: 0:30}', /a minute at least/],
    ['seeds: []', /'seeds'/],
    ['folds: [7]', /there is no fold 7\. There is: 0, 1, 2, 3, 4/],
    ['models: [resnet]', /plan\.yaml, model resnet: .*'model\.name'/],
    [
      'variants: {odd: {training.consistensy: none}}',
      /plan\.yaml, variant odd: .*unknown key 'training\.consistensy'.*Did you mean 'training\.consistency'\?/,
    ],
    [
      'models: [subspace]\nvariants: {odd: {models: [subspce]}}',
      /'subspce' is not among the plan's models\. Did you mean 'subspace'\?/,
    ],
    ['controls: [permuted]', /'controls\.0'/],
    ['config: other.yaml', /the same key is given twice/],
    ['variants: {plain: {}, __proto__: {}}', /row \d: '__proto__' cannot be a name/],
    ['variants: {"a\\nb": {}}', /'variants\.a\\nb': a line end or another control character cannot be in it/],
    ['threads: 100000', /'threads' is too large \(100000\)\. The largest value allowed is 1024/],
    ['folds: 1000000000', /'folds' is too large \(1000000000\)\. The largest value allowed is 10000/],
    ['folds: many', /'folds': it is a number of folds from 2 to 10000, or a list/],
    ['repeats: 1000000000', /'repeats' is too large.*allowed is 1000\./],
    ['folds: 9000\nrepeats: 1000', /plans \d+ runs\. The largest number allowed is 20000/],
    ['slurm: {time: 1:00:00, partition: "a\\ntouch x"}', /'slurm\.partition': a line end/],
    ['slurm: {time: 1:00:00, options: {qos: "a\\ntouch x"}}', /'slurm\.options\.qos': a line end/],
    ['slurm: {time: 1:00:00, options: {"a=b\\ntouch x": y}}', /an option of sbatch is letters and hyphens/],
    ['slurm: {time: 1:00:00, gpu: 1000}', /'slurm\.gpu' is too large.*allowed is 64/],
    ['variants: {}', /plans no run/],
  ])('%s is refused', async (plan, message) => {
    await expect(runsOf(plan)).rejects.toThrow(message);
  });

  it('writes nothing', async () => {
    await runsOf('');
    expect(readdirSync(folder)).not.toContain('out');
  });
});

it.each(cohorts)('the example plans eight models, five folds and five seeds ($cohort)', async ({ folder: data }) => {
  const { runs, slurm } = await readPlan('examples/glioma-peers-plan.yaml', {
    overrides: { data: resolve(data), 'features.folder': 'bags' },
  });
  expect([new Set(runs.map(({ setting }) => setting.model)).size, runs.length]).toEqual([8, 8 * 5 * 5]);
  expect(slurm).toBeDefined();
});
