import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import { readOnlyDisk, smallDisk } from '../testing/small-disk.js';
import { appendLine, makeFolder, removeEmpty, temporaryFile, writeFileAtomic } from './atomic.js';
import { InputError, WorkError } from './errors.js';
import { MachineError } from './system-errors.js';

const folder = mkdtempSync(join(tmpdir(), 'atomic-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('writing files', () => {
  test('replaces what is there, and leaves nothing beside it', async () => {
    const path = join(folder, 'file.txt');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, Uint8Array.of(50));
    expect(readFileSync(path, 'utf8')).toBe('2');
    expect(readdirSync(folder)).toEqual(['file.txt']);
  });

  test('appends lines', async () => {
    const path = join(folder, 'lines.txt');
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

  test('a folder that was removed stays away, and that is said', async () => {
    const path = join(folder, 'gone', 'file');
    for (const write of [writeFileAtomic, appendLine]) {
      await expect(write(path, 'x')).rejects.toThrow(/gone\/file: cannot be written, its folder is gone \(ENOENT\)/);
      await expect(write(path, 'x')).rejects.toThrow(MachineError);
    }
    expect(existsSync(join(folder, 'gone'))).toBe(false);
  });

  test('a name of 300 letters is bad input, in a message that is not as long', async () => {
    const name = 'l'.repeat(300);
    for (const work of [
      () => writeFileAtomic(join(folder, name), 'x'),
      () => makeFolder(join(folder, name, 'below')),
    ]) {
      const error = await work().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(/l{60}…l{10}.*: the name is too long \(ENAMETOOLONG\)/);
    }
  });
});

describe('a folder', () => {
  test('is made with those above it, which are named, and taken away again where nothing was written', async () => {
    const path = join(folder, 'a', 'b');
    const made = await makeFolder(path);
    expect(made).toEqual([join(folder, 'a'), path]);
    expect(await makeFolder(path)).toEqual([]);
    await removeEmpty(made);
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  test('that is a file, or below one, is bad input', async () => {
    writeFileSync(join(folder, 'no-folder'), 'x');
    await expect(makeFolder(join(folder, 'no-folder'))).rejects.toThrow(
      /no-folder: cannot be written, a file or folder/,
    );
    await expect(makeFolder(join(folder, 'no-folder', 'x', 'y'))).rejects.toThrow(InputError);
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    await expect(makeFolder(join(folder, 'link'))).rejects.toThrow(InputError);
  });

  test.runIf(existsSync('/proc/self'))('that no file system makes is refused at once', async () => {
    await expect(makeFolder('/proc/x/y')).rejects.toThrow(
      '/proc/x/y: the folder cannot be made, /proc takes none (ENOENT)',
    );
    await expect(makeFolder('/proc/x/y')).rejects.toThrow(InputError);
  });

  test('is rid of what a killed process was writing, and of nothing else', async () => {
    const path = join(folder, 'killed');
    await makeFolder(path);
    const [own, begun] = [temporaryFile(join(path, 'state')), join(path, '.notes.tmp')];
    const child = spawn('sleep', ['60']);
    const running = own.replace(/-\d+-\d+-(\d+)\.tmp$/, `-${defined(child.pid)}-0-$1.tmp`);
    const another = own.replace(/\.[0-9a-f]{8}-/, '.00000000-'); // of another machine
    const old = another.replace('state', 'old');
    for (const file of [own, begun, running, another, old]) writeFileSync(file, '');
    utimesSync(old, 0, 0);
    await makeFolder(path);
    expect(readdirSync(path).sort()).toEqual([own, begun, running, another].map((file) => basename(file)).sort());
    child.kill('SIGKILL');
    await once(child, 'exit');
    await makeFolder(path);
    expect(readdirSync(path).sort()).toEqual([own, begun, another].map((file) => basename(file)).sort());
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

const locked = readOnlyDisk() ?? '';
describe.skipIf(locked === '')('on a read-only file system (needs the right to mount a tmpfs)', () => {
  afterAll(() => {
    execFileSync('umount', [locked]);
  });

  test('no folder and no file is made, and the reason is said', async () => {
    for (const work of [() => makeFolder(join(locked, 'a', 'b')), () => writeFileAtomic(join(locked, 'file'), 'x')]) {
      const error = await work().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toMatch(/: cannot be written, the file system is read-only \(EROFS\)\./);
    }
  });
});
