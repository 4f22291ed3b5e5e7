import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { defined } from '../testing/defined.js';
import { InputError } from './errors.js';
import { acquireLock, FOLDER_LOCK, holding, holdingFile, holdingFolder, lockHolder, type Holder } from './lock.js';

const folder = mkdtempSync(join(tmpdir(), 'lock-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

let next = 0;
const newPath = () => join(folder, `${next++}.lock`);

/** A lock that another process left behind, last heard of some seconds ago. */
function left(holder: Partial<Holder>, secondsAgo = 0): string {
  const path = newPath();
  writeFileSync(
    path,
    JSON.stringify({ host: 'elsewhere', pid: 1, processTable: 'of another machine', token: 'theirs', ...holder }),
  );
  const time = new Date(Date.now() - secondsAgo * 1000);
  utimesSync(path, time, time);
  return path;
}
/** The process table of this machine. */
async function thisMachine(): Promise<string> {
  const path = newPath();
  await acquireLock(path);
  return (JSON.parse(readFileSync(path, 'utf8')) as Holder).processTable;
}

describe('a lock', () => {
  it('is held by one at a time, and is free when it is released', async () => {
    const path = newPath();
    const taken = await acquireLock(path);
    expect(await acquireLock(path)).toMatchObject({ holder: { pid: process.pid } });
    if ('lock' in taken) await taken.lock.release();
    expect(await lockHolder(path)).toBeUndefined();
    expect(await acquireLock(path)).toHaveProperty('lock');
  });

  it('of a process that has ended is taken over at once; of one that runs it is not', async () => {
    const child = spawn('sleep', ['60']);
    const processTable = await thisMachine();
    const path = left({ processTable, pid: defined(child.pid) });
    expect(await acquireLock(path)).toMatchObject({ holder: { pid: child.pid } });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await acquireLock(path)).toHaveProperty('lock');
  });

  it.runIf(process.platform === 'linux')('of a process whose number another one has by now is taken over', async () => {
    expect(await acquireLock(left({ processTable: await thisMachine(), pid: process.pid, began: '1' }))).toHaveProperty(
      'lock',
    );
  });

  it('of another machine is taken over when nothing was heard for five minutes, or its end is known', async () => {
    expect(await acquireLock(left({ pid: 7 }, 200))).toMatchObject({ holder: { pid: 7 } });
    expect(await acquireLock(left({ pid: 7 }, 400))).toHaveProperty('lock');
    expect(await acquireLock(left({ slurm: '5_1' }), ({ slurm }) => slurm === '5_1')).toHaveProperty('lock');
  });

  it('of an earlier turn of the same Slurm task is taken over', async () => {
    const path = left({ slurm: '5_1' });
    vi.stubEnv('SLURM_ARRAY_JOB_ID', '5').stubEnv('SLURM_ARRAY_TASK_ID', '2');
    expect(await acquireLock(path)).toHaveProperty('holder');
    vi.stubEnv('SLURM_ARRAY_TASK_ID', '1');
    expect(await acquireLock(path)).toHaveProperty('lock');
  });

  it('that is stale goes to exactly one of many that want it', async () => {
    for (let round = 0; round < 20; round++) {
      const path = left({}, 400);
      const all = await Promise.all(Array.from({ length: 8 }, () => acquireLock(path)));
      expect(all.filter((taken) => 'lock' in taken)).toHaveLength(1);
    }
    expect(readdirSync(folder).filter((name) => name.endsWith('.takeover'))).toEqual([]);
  });

  it('that is being written is held, and one that was never written whole is not, after a while', async () => {
    const path = newPath();
    writeFileSync(path, '{"host":');
    expect(await acquireLock(path)).toHaveProperty('holder');
    utimesSync(path, 0, 0);
    expect(await acquireLock(path)).toHaveProperty('lock');
  });

  it('tells its holder when another has taken it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const path = newPath();
    const taken = await acquireLock(path);
    if (!('lock' in taken)) throw new Error('the lock is free');
    writeFileSync(path, JSON.stringify({ token: 'theirs' }));
    vi.advanceTimersByTime(31_000);
    await vi.waitFor(() => {
      expect(taken.lock.lost.aborted).toBe(true);
    });
    await taken.lock.release();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ token: 'theirs' });
  });
});

describe('work that holds a lock', () => {
  const token = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as Holder).token;

  it('is refused where another process holds it, who is named, and leaves no trace', async () => {
    const at = join(folder, 'held');
    await holdingFolder(at, async () => {
      expect(token(join(at, FOLDER_LOCK))).toMatch(/-/);
      const error = await holdingFolder(at, () => Promise.resolve()).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as Error).message).toContain(
        `${at}: is being written by ${hostname()}, process ${process.pid}. Wait`,
      );
    });
    expect(existsSync(at)).toBe(false);
  });

  it('of one file leaves others of the folder alone', async () => {
    const [a, b] = ['a', 'b'].map((name) => join(folder, 'several', name));
    await holdingFile(a, async () => {
      await holdingFile(b, () => Promise.resolve());
      await expect(holdingFile(a, () => Promise.resolve())).rejects.toThrow(/a: is being written by/);
    });
  });

  it('lets it go where it fails, with its own error', async () => {
    const at = join(folder, 'failing');
    await expect(holdingFolder(at, () => Promise.reject(new Error('of its own')))).rejects.toThrow('of its own');
    await holdingFolder(at, () => Promise.resolve());
  });

  it('is told where another process took the lock, and says so', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const path = newPath();
    const work = holding(path, 'the run', async (lost) => {
      writeFileSync(path, JSON.stringify({ token: 'theirs' }));
      vi.advanceTimersByTime(31_000);
      await vi.waitFor(() => {
        expect(lost.aborted).toBe(true);
      });
      lost.throwIfAborted();
    });
    await expect(work).rejects.toThrow(/the run: another process took it over/);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ token: 'theirs' });
  });

  it('takes over what was left in the middle of a takeover', async () => {
    const ended = { processTable: await thisMachine(), pid: process.pid, began: '1' };
    const path = left(ended);
    writeFileSync(`${path}.takeover`, readFileSync(path));
    await holding(path, 'the run', () => Promise.resolve());
    expect([path, `${path}.takeover`].filter((file) => existsSync(file))).toEqual([]);
  });
});
