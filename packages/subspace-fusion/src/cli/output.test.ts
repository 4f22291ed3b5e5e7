import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subspace } from '../testing/cli.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const HOSTILE = 'one\u001b[31mred\u202etxt\u009b2J\u{e0001}';
/** What a terminal obeys, and marks that change how other letters look. */
const OBEYED = /[^\P{C}\n\t]|[\u2028\u2029]/u;

let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'));
  writeFileSync(yaml, readFileSync(yaml, 'utf8').replace(/^name:.*$/m, `name: ${JSON.stringify(HOSTILE)}`));
});

test('control characters of files are shown and never reach the terminal, in words or as JSON', async () => {
  const words = await subspace('inspect', yaml);
  expect(words.code).toBe(0);
  expect(words.out).toMatch(/^Cohort one\\u001b\[31mred\\u202etxt\\u009b2J\\udb40\\udc01$/m);
  const json = await subspace('inspect', yaml, '--json');
  expect((JSON.parse(json.out) as { name: string }).name).toBe(HOSTILE);
  for (const { out, err } of [words, json]) expect(out + err).not.toMatch(OBEYED);
});

test.each([
  ['a config', ['inspect', 'COHORT', '--set', `training.${HOSTILE}=1`]],
  ['a path', ['inspect', `${HOSTILE}.yaml`]],
  ['an option', ['inspect', 'x', `--${HOSTILE}`]],
  ['an output path', ['train', 'x', '--out', `a\n${HOSTILE}`]],
])('the same in an error about %s', async (_, args) => {
  const { code, err } = await subspace(...args.map((arg) => (arg === 'COHORT' ? yaml : arg)));
  expect(code).toBe(2);
  expect(err).toContain('\\u001b[31m');
  expect(err).not.toMatch(OBEYED);
});

test.each(['train', 'crossval', 'sweep', 'simulate'])('%s refuses an output path with a line end', async (command) => {
  const { code, err } = await subspace(
    command,
    ...(command === 'simulate' ? [] : [yaml]),
    '--out',
    `${folder}/b\ntouch x`,
  );
  expect([code, err]).toEqual([
    2,
    `output path: the name has a line end or another control character ('${folder}/b\\ntouch x'). Use a name without it.\n`,
  ]);
});

test.each([
  [['crossval', 'x', '--folds', '1000000000'], 'from 2 to 10000'],
  [['crossval', 'x', '--repeats', '1000000000'], 'from 1 to 1000'],
  [['bench', 'step', '--batch', '1000000'], 'from 1 to 4096'],
  [['bench', 'step', '--bag', '1000000000000'], 'from 36 to 65536'],
  [['bench', 'step', '--threads', '1000'], 'the cores that are here'],
  [['simulate', '--out', 'x', '--patients', '1000000000'], 'from 0 to 100000'],
  [['extract', 'x', '--encoder', 'y', '--out', 'z', '--patch-size', '1000000'], 'from 1 to 8192'],
])('%s is refused with the largest value that is allowed', async (args, range) => {
  const { code, err } = await subspace(...args);
  expect(code).toBe(2);
  expect(err).toContain(range);
});

test('more folds than patients, and more threads than cores, are refused before anything is trained', async () => {
  const folds = await subspace('crossval', yaml, '--folds', '25', '--out', join(folder, 'a'));
  expect([folds.code, folds.err]).toEqual([
    2,
    expect.stringMatching(/^split: 25 folds are more than there are labelled patients\. Make 24 folds at most\.$/m),
  ]);
  const threads = await subspace('train', yaml, '--set', 'training.threads=1000', '--out', join(folder, 'b'));
  expect([threads.code, threads.err]).toEqual([
    2,
    expect.stringMatching(
      /^'training\.threads' is 1000, and this machine has \d+ cores?\. The largest value here is \d+;/,
    ),
  ]);
});
