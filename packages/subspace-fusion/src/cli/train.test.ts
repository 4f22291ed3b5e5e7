import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPlainMessage, startSubspace, subspaceProcess } from '../testing/cli.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const SETTINGS = ['--set', 'training.epochs=8', '--set', 'training.batch=6'];
let yaml: string;
const command = (out: string, ...more: string[]) => ['train', yaml, ...SETTINGS, '--out', join(folder, out), ...more];

beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'));
  const { code } = await subspaceProcess(command('whole'));
  expect(code).toBe(0);
});

const bytes = (run: string, file: string) => readFileSync(join(folder, run, file));
const lines = (run: string) =>
  bytes(run, 'metrics.jsonl')
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ ...(JSON.parse(line) as object), seconds: 0 }));

/** The run ended as the one that was never interrupted. */
function expectSameEnd(run: string): void {
  for (const file of ['checkpoint.safetensors', 'state.safetensors', 'model.json', 'predictions.json', 'result.json']) {
    expect(bytes(run, file).equals(bytes('whole', file)), file).toBe(true);
  }
  expect(lines(run)).toEqual(lines('whole'));
}

/**
 * Starts the command, sends the signal some time after it finished a number of epochs, and waits for its end: an exit code, or null
 * where it was killed.
 */
async function interrupted(
  run: string,
  signal: NodeJS.Signals,
  epochs: number,
  milliseconds: number,
): Promise<number | null> {
  const metrics = join(folder, run, 'metrics.jsonl');
  const written = () => (existsSync(metrics) ? statSync(metrics).mtimeMs : 0);
  const child = startSubspace(command(run, '--resume'));
  const end = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // The file is written anew when training begins, and then once an epoch.
  let [writes, last] = [0, written()];
  while (child.exitCode === null && child.signalCode === null && writes <= epochs) {
    if (written() !== last) writes++;
    last = written();
    await pause(5);
  }
  await pause(milliseconds);
  child.kill(signal);
  return end;
}

describe('subspace train', () => {
  test('writes everything a run has, and names the folder', () => {
    expect(readdirSync(join(folder, 'whole')).sort()).toEqual([
      'checkpoint.safetensors',
      'confidence.json',
      'config.json',
      'fingerprints.json',
      'metrics.jsonl',
      'model.json',
      'predictions.json',
      'result.json',
      'split.json',
      'state.safetensors',
      'validation-predictions.json',
    ]);
  });

  test('killed at random moments and resumed, it ends with the same bits', async () => {
    const finished: number[] = []; // epochs, at each kill
    for (let attempt = 0; attempt < 4; attempt++) {
      if ((await interrupted('killed', 'SIGKILL', attempt % 3, 200 * Math.random())) !== null) break; // it was faster
      finished.push(lines('killed').length);
    }
    expect(finished.length, `kills after ${finished.join(', ')} epochs`).toBeGreaterThan(1);
    const { code } = await subspaceProcess(command('killed', '--resume'));
    expect(code).toBe(0);
    expectSameEnd('killed');
  });

  test('stopped by Ctrl-C, then by a closed terminal, it exits with 1, and resumes to the same bits', async () => {
    expect(await interrupted('stopped', 'SIGINT', 1, 0)).toBe(1);
    expect(await interrupted('stopped', 'SIGHUP', 1, 0)).toBe(1);
    expect(existsSync(join(folder, 'stopped', 'result.json'))).toBe(false);
    const { code } = await subspaceProcess(command('stopped', '--resume'));
    expect(code).toBe(0);
    expectSameEnd('stopped');
  });

  test('refuses a folder that holds a run', async () => {
    const before = bytes('whole', 'result.json');
    const { code, err } = await subspaceProcess(command('whole'));
    expect(code).toBe(2);
    expect(err).toMatch(/whole: holds a run already\. Add --resume to go on with it, or choose another --out\./);
    expect(isPlainMessage(err)).toBe(true);
    expect(bytes('whole', 'result.json').equals(before)).toBe(true);
  });
});
