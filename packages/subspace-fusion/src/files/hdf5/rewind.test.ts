import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadLibrary } from '../hdf5-write.js';
import { loadRewindable } from './rewind.js';

// No helper that loads the library is imported here: it is loaded below.
const folder = mkdtempSync(join(tmpdir(), 'rewind-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const WHOLE = join(import.meta.dirname, '../../cohort/expression/fixtures/csr.h5ad');

it('after an error the library is set back: the same bytes of memory, values and errors, a thousand times', async () => {
  const damaged = join(folder, 'damaged.h5ad');
  writeFileSync(damaged, readFileSync(WHOLE).fill(255, 100, 600));
  const { loaded, rewind } = await loadRewindable(loadLibrary, ({ Module }) =>
    Module.activate_throwing_error_handler(),
  );
  const open = (path: string) => new loaded.File(path, 'r');
  const memory = () =>
    createHash('sha256')
      .update(loaded.Module.HEAPU8.slice(0, 4 << 20))
      .digest('hex');
  const outcome = (work: () => unknown): string => {
    try {
      return String(work());
    } catch (error) {
      return String(error);
    }
  };
  const before = memory();
  const seen = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const whole = outcome(() => JSON.stringify(open(WHOLE).keys()));
    const broken = outcome(() => open(damaged).keys());
    expect(whole).toContain('"X"');
    expect(broken).toMatch(/^Error/);
    seen.add(`${whole} ${broken}`);
    if (i === 0) expect(memory()).not.toBe(before);
    expect(rewind()).toBe(true);
    if (i % 100 === 0) expect(memory()).toBe(before);
  }
  expect(seen.size).toBe(1);
});
