import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { Outcome } from '../testing/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'guard-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const built = (file: string) => JSON.stringify(new URL(`../../dist/${file}`, import.meta.url).href);

/** A process of the command in which this happens, at once or while it works. */
function processWith(program: string): Promise<Outcome> {
  const source = `
    import { Worker } from 'node:worker_threads';
    import { guardProcess, main } from ${built('cli/main.js')};
    import { InputError } from ${built('files/errors.js')};
    import { startThread } from ${built('files/worker-node.js')};
    import { connect } from ${built('files/worker.js')};
    guardProcess(['train', 'x.yaml']);
    ${program}`;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-e', source],
      { env: { ...process.env, XDG_STATE_HOME: folder } },
      (_error, out, err) => {
        resolve({ code: child.exitCode ?? -1, out, err });
      },
    );
  });
}

test.each([
  ['an error in a callback', `setTimeout(() => { throw new TypeError('oh') }, 1);`],
  ['a promise that nobody waits for', `void Promise.reject(new Error('oh')); setTimeout(() => {}, 1000);`],
  ['what is no error', `setTimeout(() => { throw 'oh' }, 1);`],
  ['an error in a thread', `new Worker("throw new Error('oh')", { eval: true }); setTimeout(() => {}, 5000);`],
  [
    'an error in a thread that is called',
    `const program = new URL('data:text/javascript,throw new Error("oh")');
     await connect(startThread(program, 'counts')).count(1);`,
  ],
])('%s ends the command in one line, with a log and exit code 1', async (_, program) => {
  const { code, err, out } = await processWith(program);
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(
    /^Unforeseen error, a mistake of the program: oh\. Please report it with the log \S+, which .*\n$/,
  );
  const log = /with the log (\S+),/.exec(err)?.[1] ?? '';
  expect(readFileSync(log, 'utf8')).toMatch(/^command {3}subspace train …$/m);
});

test('bad input stays bad input, wherever it comes from', async () => {
  const before = readdirSync(folder, { recursive: true }).length;
  const { code, err } = await processWith(`setTimeout(() => { throw new InputError('a.csv: no.') }, 1);`);
  expect([code, err]).toEqual([2, 'a.csv: no.\n']);
  expect(readdirSync(folder, { recursive: true })).toHaveLength(before);
});

test('a reader that has gone is no error', async () => {
  const bin = fileURLToPath(new URL('../../bin/subspace.js', import.meta.url));
  const child = execFile('bash', ['-o', 'pipefail', '-c', '"$1" "$2" train --help | true', '-', process.execPath, bin]);
  let err = '';
  child.stderr?.on('data', (text: string) => (err += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect([code, err]).toEqual([0, '']);
});
