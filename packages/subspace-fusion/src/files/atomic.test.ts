import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { smallDisk } from '../testing/small-disk.js';
import { appendLine, writeFileAtomic } from './atomic.js';
import { InputError, WorkError } from './errors.js';

const folder = mkdtempSync(join(tmpdir(), 'atomic-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('writing files', () => {
  test('makes folders, replaces what is there, and leaves nothing beside it', async () => {
    const path = join(folder, 'a', 'b', 'file.txt');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.of(50));
    expect(readFileSync(path, 'utf8')).toBe('2');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file.txt']);
  });

  test('appends lines', async () => {
    const path = join(folder, 'new', 'lines.txt');
    await appendLine(path, 'one');
    await appendLine(path, 'two');
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  test('a file in the way of a folder, and a folder in the way of a file, are bad input', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    await expect(writeFileAtomic(join(folder, 'file', 'below'), 'y')).rejects.toThrow(InputError);
    await expect(appendLine(join(folder, 'file', 'below'), 'y')).rejects.toThrow(/in the way/);
    mkdirSync(join(folder, 'folder'));
    await expect(writeFileAtomic(join(folder, 'folder'), 'y')).rejects.toThrow(InputError);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('x');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

const disk = smallDisk('1m') ?? '';
describe.skipIf(disk === '')('on a full disk (needs the right to mount a tmpfs)', () => {
  afterAll(() => {
    execFileSync('umount', [disk]);
  });

  test('the old file stays whole and the temporary one goes', async () => {
    const path = join(disk, 'checkpoint');
    const old = Buffer.alloc(400_000, 1);
    await writeFileAtomic(path, old);
    const failure = await writeFileAtomic(path, Buffer.alloc(900_000, 2)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkError);
    expect((failure as Error).message).toMatch(
      /checkpoint: not written, the disk is full \(ENOSPC\)\. What was there before is intact\./,
    );
    expect(readFileSync(path).equals(old)).toBe(true);
    expect(readdirSync(disk)).toEqual(['checkpoint']);
    await expect(appendLine(path, 'x'.repeat(900_000))).rejects.toThrow(/the disk is full/);
  });
});
