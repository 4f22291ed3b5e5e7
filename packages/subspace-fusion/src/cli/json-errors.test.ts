import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { errorData, InputError, WorkError, type ErrorData } from '../files/errors.js';
import { subspace } from '../testing/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'json-errors-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const config = join(folder, 'cohort.yaml');
writeFileSync(
  config,
  'name: x\nclinical: {file: clinical.csv, tiem: t}\nexpression: {file: e.csv}\nfeatures: {folder: f}\nsplit: {fold: 1}\n',
);

/** What a refused command prints: one JSON document, and the same words as without `--json`. */
async function refused(...args: string[]): Promise<ErrorData['error']> {
  const { code, out, err } = await subspace(...args, '--json');
  expect(code, err).toBe(2);
  const { error } = JSON.parse(out) as ErrorData;
  expect(error.kind).toBe('input');
  expect(error.message).toBe(err.trim());
  expect(await subspace(...args)).toEqual({ code, out: '', err });
  return error;
}

describe('with --json, bad input is data', () => {
  const problems = [
    {
      severity: 'error',
      file: config,
      row: 2,
      message: "unknown key 'clinical.tiem'",
      remedy: "Did you mean 'clinical.time'?",
    },
    {
      severity: 'error',
      file: config,
      row: 5,
      message: "'split.fold' needs 'split.file' or 'split.folds'",
      remedy: 'Name the file of the folds, or say how many to make',
    },
  ];

  test.each(['inspect', 'audit', 'crossval'])('of %s: every key of the config that is wrong', async (command) => {
    expect((await refused(command, config)).problems).toEqual(problems);
  });

  test('of predict: a sentence where there are no single problems', async () => {
    const error = await refused('predict', join(folder, 'nothing'), '--clinical', 'age');
    expect(error).toMatchObject({ message: '--clinical age: expected column=value, as in age=54', problems: [] });
  });

  test('of evaluate: a folder that is no run', async () => {
    expect((await refused('evaluate', join(folder, 'nothing'))).message).toContain(join(folder, 'nothing'));
  });
});

test('work that failed is told from bad input', () => {
  expect(errorData(new WorkError('the disk is full'))).toEqual({
    error: { kind: 'work', message: 'the disk is full', problems: [] },
  });
  expect(errorData(new InputError('no such run')).error.kind).toBe('input');
});
