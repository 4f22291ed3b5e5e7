import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { executable, isPlainMessage, subspace } from '../testing/cli.js';
import { readOnlyDisk, smallDisk } from '../testing/small-disk.js';
import { newFolder, tinyCohort } from '../testing/tiny-cohort.js';

const folder = newFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let yaml: string;
beforeAll(async () => {
  yaml = await tinyCohort(join(folder, 'cohort'), { patients: 40 });
});

describe('a place that cannot be written to', () => {
  test('by its name: one line, before anything is computed, exit code 2', async () => {
    const places = [join(folder, 'l'.repeat(300)), ...(existsSync('/proc/self') ? ['/proc/x'] : [])];
    for (const out of places) {
      for (const command of [
        ['train', yaml],
        ['crossval', yaml],
        ['simulate', '--patients', '20'],
      ]) {
        const { code, err } = await subspace(...command, '--out', out);
        expect(code, err).toBe(2);
        expect(err).toMatch(/the name is too long|the folder cannot be made/);
        expect(isPlainMessage(err)).toBe(true);
      }
    }
  });

  const locked = readOnlyDisk() ?? '';
  test.skipIf(locked === '')('on a read-only file system (needs the right to mount a tmpfs)', async () => {
    for (const command of [['train', yaml], ['crossval', yaml], ['simulate', '--patients', '20'], ['demo']]) {
      for (const out of [locked, join(locked, 'new')]) {
        const { code, out: said, err } = await subspace(...command, '--out', out);
        expect(code, err).toBe(2);
        expect(err).toMatch(
          /^\S+: cannot be written, the file system is read-only \(EROFS\)\. Choose another folder\.\n$/,
        );
        expect(said).toBe('');
      }
    }
    execFileSync('umount', [locked]);
  });

  const full = smallDisk('600k') ?? '';
  test.skipIf(full === '')(
    'on a full disk a cross-validation stops in one line, and goes on when there is space',
    async () => {
      const command = ['crossval', yaml, '--folds', '2', '--set', 'training.epochs=1', '--out', join(full, 'cv')];
      const { code, err } = await subspace(...command);
      expect(code).toBe(1);
      const lines = err
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('warning: '));
      expect(lines).toEqual([
        expect.stringMatching(/^\S+: not written, the disk is full \(ENOSPC\)\..* run this again\.$/),
      ]);
      expect(
        readdirSync(full, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(tmp|lock)$/.test(name)),
      ).toEqual([]);
      execFileSync('mount', ['-o', 'remount,size=50m', full]);
      expect((await subspace(...command)).code).toBe(0);
      execFileSync('umount', [full]);
    },
  );
});

describe.skipIf(process.platform === 'win32')('limits of the shell', () => {
  /** Runs `subspace inspect` with a limit, in a shell of its own. */
  function inspectWith(limit: string) {
    const script = `ulimit ${limit} && exec "$0" "$@"`;
    const { status, stderr } = spawnSync('bash', ['-c', script, process.execPath, executable, 'inspect', yaml], {
      encoding: 'utf8',
    });
    return { code: status, err: stderr };
  }

  test('few open files: one line with the limit, exit code 1', () => {
    for (const limit of [24, 100]) {
      const { code, err } = inspectWith(`-n ${limit}`);
      expect(err).toBe(
        `Too many open files (EMFILE): \`ulimit -n\` is ${limit}. Raise the limit, as in \`ulimit -n 1024\`, and run this again.\n`,
      );
      expect(code).toBe(1);
    }
  });

  test.runIf(process.platform === 'linux')('little address space: one line, exit code 1', () => {
    const { code, err } = inspectWith('-v 1500000');
    expect(err).toMatch(/^WebAssembly got no memory\. `ulimit -v` is too small: raise it/);
    expect(isPlainMessage(err)).toBe(true);
    expect(code).toBe(1);
  });
});
