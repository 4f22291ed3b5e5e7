import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { InputError } from '../files/errors.js';
import { jobsAtOnce } from './local.js';
import { arrayScript, quoted, slurmBytes, slurmSeconds } from './slurm-script.js';

it('reads times and memory as sbatch does', () => {
  expect(['90', '1:30', '2:00:00', '1-12', '1-12:30', '1-0:0:5', 'soon', '1:2:3:4'].map(slurmSeconds)).toEqual([
    5400,
    90,
    7200,
    129_600,
    131_400,
    86_405,
    undefined,
    undefined,
  ]);
  expect(['100', '4G', '512m', '1K', '4GB'].map(slurmBytes)).toEqual([
    100 * 2 ** 20,
    4 * 2 ** 30,
    512 * 2 ** 20,
    1024,
    undefined,
  ]);
});

it('asks for what the plan says, and warns the run two minutes before its limit, or earlier where that is short', () => {
  const script = arrayScript('/sweeps/it’s mine', 'glioma peers', 12, {
    cores: 4,
    time: '2:00:00',
    memory: '4G',
    partition: 'gpu',
    gpu: 1,
    setup: 'module load nodejs\n',
    options: { account: 'glioma' },
  });
  const asked = script.split('\n').filter((line) => line.startsWith('#SBATCH'));
  expect(asked).toEqual([
    '#SBATCH --job-name=glioma-peers',
    '#SBATCH --array=0-11',
    '#SBATCH --nodes=1',
    '#SBATCH --ntasks=1',
    '#SBATCH --cpus-per-task=4',
    '#SBATCH --time=2:00:00',
    '#SBATCH --mem=4G',
    '#SBATCH --partition=gpu',
    '#SBATCH --gres=gpu:1',
    "#SBATCH --output='/sweeps/it’s mine/%a.log'",
    '#SBATCH --open-mode=append',
    '#SBATCH --signal=B:USR1@120',
    '#SBATCH --account=glioma',
    '#SBATCH --requeue',
  ]);
  expect(script).toContain('\nmodule load nodejs\n');
  expect(arrayScript('/s', 'x', 1, { cores: 1, time: '1' })).toContain('--signal=B:USR1@15');
});

it('is a script that bash reads, with any folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'script-'));
  const file = join(folder, 'array.sh');
  writeFileSync(file, arrayScript("/a folder/it's $HOME", 'x', 3, { cores: 1, time: '60' }));
  expect(execFileSync('bash', ['-n', file], { encoding: 'utf8' })).toBe('');
  rmSync(folder, { recursive: true });
});

it.each([
  'plain',
  'a b',
  "it's",
  '"x"',
  '$HOME `id` $(id)',
  '; touch x #',
  '\\',
  "'; touch x; '",
  '-n',
  '*',
  '~',
  '!!',
  'ü 東京 =',
  '%s\\n',
  "''",
])('writes the word %s so that bash takes it as it is', (word) => {
  expect(execFileSync('bash', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word);
});

it('takes no line end into a script', () => {
  const plain = { cores: 1, time: '60' };
  for (const [beside, resources] of [
    ['/a\ntouch x\n#', plain],
    ['/a', { ...plain, partition: 'p\ntouch x' }],
    ['/a', { ...plain, options: { 'account=x\ntouch x': 'y' } }],
    ['/a', { ...plain, options: { qos: 'x\rtouch x' } }],
  ] as const) {
    expect(() => arrayScript(beside, 'x', 1, resources)).toThrow(/^(slurm|out folder): the name has a line end/);
    expect(() => arrayScript(beside, 'x', 1, resources)).not.toThrow(/\n/);
  }
  expect(arrayScript('/50 %/x', 'a\nb', 1, { ...plain, options: { comment: 'two words' } })).toMatch(
    /--job-name=a-b\n[^]*--output='\/50 %%\/x\/%a\.log'\n[^]*--comment='two words'\n/,
  );
});

it('fits as many runs on a machine as its cores and its memory allow, and never shares a core', () => {
  expect(jobsAtOnce({ threads: 2 }, 7)).toBe(3);
  expect(jobsAtOnce({ threads: 1, memoryBytes: 4e9 }, 8, 17e9)).toBe(4);
  expect(() => jobsAtOnce({ threads: 4 }, 2)).toThrow(InputError);
  expect(() => jobsAtOnce({ threads: 1, memoryBytes: 4e9 }, 2, 3e9)).toThrow(InputError);
});
