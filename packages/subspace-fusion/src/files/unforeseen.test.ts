import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InputError, WorkError } from './errors.js';
import { toldError } from './unforeseen.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unforeseen-'));
  vi.stubEnv('XDG_STATE_HOME', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const logs = () => readdirSync(join(folder, 'subspace-fusion')).map((name) => join(folder, 'subspace-fusion', name));

test('bad input and failed work stay as they are', () => {
  for (const error of [new InputError('a'), new WorkError('b')]) expect(toldError(error)).toBe(error);
  expect(readdirSync(folder)).toEqual([]);
});

test('anything else is one sentence with the path of a log that only its owner can read', () => {
  const told = toldError(new TypeError('x is\nnot a function'), ['train', 'cohort.yaml']);
  const [log] = logs();
  expect(told).toBeInstanceOf(WorkError);
  expect(told.message).toBe(
    `Unforeseen error, a mistake of the program: x is\\nnot a function. Please report it with the log ${log}, which holds no data of patients.`,
  );
  expect(statSync(log).mode & 0o777).toBe(0o600);
  const text = readFileSync(log, 'utf8');
  expect(text).toMatch(/^subspace-fusion \d+\.\d+\.\d+$/m);
  expect(text).toMatch(/^command {3}subspace train …$/m);
  expect(text).toContain(`${process.platform} ${process.arch}, Node ${process.version}`);
  expect(text).toMatch(/^TypeError: x is\nnot a function\n\s+at .*unforeseen\.test\.ts/m);
});

test('the log holds the shape of the command and of the error, and no ids, paths or values', () => {
  const cause = new Error("there is no 'TCGA-06-0125'");
  toldError(new Error('no slide /data/Smith.h5 of TCGA-06-0125, row 5', { cause }), [
    ...['predict', 'runs/smith', '--patient', 'TCGA-06-0125', '--clinical', 'age=54'],
    ...['--set', 'training.epochs=5', '--out=/home/smith', 'crossval'],
  ]);
  const text = readFileSync(logs()[0], 'utf8');
  expect(text).not.toMatch(/TCGA|smith|54\b|epochs=5/i);
  expect(text).toMatch(/^command {3}subspace predict … --patient … --clinical … --set training\.epochs=… --out=… …$/m);
  expect(text).toMatch(/^Error: no slide … of …,? row 5$/m);
  expect(text).toMatch(/^caused by\nError: there is no …$/m);
});

test('what is thrown may be anything', () => {
  for (const thrown of ['just text', undefined, null, Symbol('x'), { a: 1 }])
    expect(toldError(thrown).message).toMatch(/^Unforeseen error, a mistake of the program: .+\. Please report it/);
});

test('where the folder cannot be written, the folder of temporary files takes the log', () => {
  writeFileSync(join(folder, 'subspace-fusion'), 'in the way');
  const { message } = toldError(new Error('x'));
  const log = /with the log (\S+),/.exec(message)?.[1] ?? '';
  expect(log.startsWith(tmpdir())).toBe(true);
  rmSync(log);
});
