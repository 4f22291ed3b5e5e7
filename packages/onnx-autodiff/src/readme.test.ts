import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import * as api from './index.js';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${packageFolder}/README.md`, 'utf8');
const programs = [...readme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]);

/** Runs a block of the README as a user does: a module that imports the built package. */
async function runBlock(code: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
    cwd: packageFolder,
  });
  return stdout;
}

test('the logistic regression learns', async () => {
  const output = await runBlock(programs[0]);
  const losses = [...output.matchAll(/loss (\S+)/g)].map((match) => Number(match[1]));
  expect(losses).toHaveLength(5);
  expect(losses[0]).toBeCloseTo(Math.log(2), 3);
  losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(losses[i]));
  expect(losses[4]).toBeLessThan(0.3);
});

test('the host operation runs', async () => {
  expect(await runBlock(programs[1])).toMatch(/0\.3132.*0\.6931.*1\.3132/s);
});

test('every function of the package is named', () => {
  const missing = Object.keys(api).filter((name) => !readme.includes(`\`${name}\``));
  expect(missing).toEqual([]);
});
