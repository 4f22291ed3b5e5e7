import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { defined } from '../testing/defined.js';
import { acquireLock, lockHolder, type Holder } from './lock.js';

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
