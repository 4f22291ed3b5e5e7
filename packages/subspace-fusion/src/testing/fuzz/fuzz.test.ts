import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../tiny-cohort.js';
import { fuzzKind } from './fuzz.js';
import { KINDS, wholeFolder } from './kinds.js';
import { mutate } from './mutate.js';
import { fileReader } from './reader.js';
import { writeWholeFiles } from './whole-files.js';

const work = newFolder();
const limits = { seconds: 10, memory: 1.5e9 };
beforeAll(() => writeWholeFiles(work, Object.keys(KINDS)));
afterAll(() => {
  rmSync(work, { recursive: true });
});

describe.each(Object.keys(KINDS))('%s', (kind) => {
  it('are read where they are whole; damaged they are read or refused, in time and in bounds', async () => {
    const whole = wholeFolder(work, kind);
    const names = readdirSync(whole);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) await KINDS[kind].read(join(whole, name), whole);
    const figures = await fuzzKind(kind, { seed: 1, inputs: 12, seconds: 60, limits, work });
    expect([...figures.failures.keys()]).toEqual([]);
    expect(figures.read + figures.refused).toBe(figures.inputs);
    expect(figures.refused).toBeGreaterThan(0);
  });
});

it('an input is made again from its seed and number, and differs from the others', () => {
  const bytes = Buffer.from('a,b\n1,2\n'.repeat(20));
  const made = (seed: number, index: number) =>
    mutate(bytes, [bytes], { isText: true }, { seed, kind: 'clinical', index }).toString('hex');
  expect(made(1, 7)).toBe(made(1, 7));
  const all = Array.from({ length: 60 }, (_, index) => made(1 + (index % 2), index));
  expect(new Set(all).size).toBeGreaterThan(50);
});

it('a reader that hangs, crashes or takes too much memory is ended and counted', async () => {
  const reader = fileReader({ seconds: 0.2, memory: 1.5e9 });
  const greedy = fileReader({ seconds: 10, memory: 1e6 });
  try {
    const question = { kind: 'config', path: join(work, 'cohort', 'cohort.yaml'), whole: '' };
    expect((await reader.read(question)).outcome).toBe('hang'); // it has not even started by then
    expect((await greedy.read(question)).outcome).toBe('memory');
    expect(await fileReader(limits).read({ ...question, kind: 'constructor' })).toMatchObject({ outcome: 'trace' });
  } finally {
    reader.stop();
    greedy.stop();
  }
});
