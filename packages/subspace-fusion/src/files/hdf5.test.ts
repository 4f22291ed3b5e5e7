import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { File, ready } from 'h5wasm/node';
import { describe, expect, it, vi } from 'vitest';
import { readBag, readBagHeader } from '../cohort/bags/features.js';
import { readExpression } from '../cohort/expression/read.js';
import { newFolder } from '../cohort/made-files.test.helper.js';
import { InputError } from './errors.js';
import { fileSource } from './file-source.js';
import { datasetIn, withHdf5, type Entity } from './hdf5.js';
import { hdf5Tasks, type Library } from './hdf5/tasks.js';
import { bytesSource, closing, type Source } from './source.js';

const folder = newFolder();
const WHOLE = join(import.meta.dirname, '../cohort/expression/fixtures/csr.h5ad');
let made = 0;

/** Everything that a reader may ask of a file: all groups, all values, these attributes. */
const readWhole = (source: Source): Promise<number> =>
  withHdf5(source, async (hdf5) => {
    let values = 0;
    async function visit(entity: Entity): Promise<void> {
      await hdf5.attributes(entity, ['encoding-type', 'shape', 'name']);
      if (entity.kind === 'dataset') {
        await hdf5.read(entity, []);
        values++;
        return;
      }
      for (const name of entity.keys) {
        const child = await hdf5.get(entity, name);
        if (child) await visit(child);
      }
    }
    await visit(hdf5.root);
    return values;
  });

const readPath = async (path: string) => closing(await fileSource(path), readWhole);

/** What reading a file says: how much was read, or the message. */
const outcome = (path: string) =>
  readPath(path).then(
    (values) => `${values} read`,
    (error: unknown) => (error instanceof InputError ? error.message : `crashed: ${String(error)}`),
  );

function damaged(whole: Buffer, change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(whole);
  change(bytes);
  const path = join(folder, `damaged-${made++}.h5`);
  writeFileSync(path, bytes);
  return path;
}

/** A file with texts in a heap that is zero behind the first of them, over which the library loops for ever. */
async function endless(): Promise<string> {
  await ready;
  const path = join(folder, `texts-${made++}.h5`);
  const hdf5 = new File(path, 'w');
  hdf5.create_dataset({ name: 'texts', data: ['x'.repeat(32), 'y'.repeat(32)] });
  hdf5.close();
  return damaged(readFileSync(path), (bytes) => bytes.fill(0, bytes.indexOf('GCOL') + 16 + 16 + 32));
}

describe('a damaged HDF5 file', () => {
  it('over which the library loops is given up and named, and other files are read meanwhile and after', async () => {
    const before = Date.now();
    const [first, lost, last] = await Promise.all([outcome(WHOLE), outcome(await endless()), outcome(WHOLE)]);
    expect(lost).toMatch(/damaged-\d+\.h5: the HDF5 file is damaged \(the library that reads it makes no progress\)/);
    expect(Date.now() - before).toBeLessThan(20_000);
    expect(first).toMatch(/^\d+ read$/);
    expect(last).toBe(first);
  });

  it('that the library cannot read is refused, and other files are read after', async () => {
    const path = damaged(readFileSync(WHOLE), (bytes) => (bytes[2122] = 228));
    const read = readExpression(path, { patients: new Set(['P1']), genes: new Set(['A']) }, [], { format: 'h5ad' });
    await expect(read).rejects.toThrow(/damaged-\d+\.h5: the HDF5 file cannot be read \(/);
    expect(await outcome(WHOLE)).toMatch(/^\d+ read$/);
  });
});

it('what a reader asks for ahead comes with the opening: the header of a bag is one message', async () => {
  const bag = join(import.meta.dirname, '../cohort/testdata/bags/trident.h5');
  const rows = await readBag({ slide: 'trident', path: bag });
  const send = vi.spyOn(Worker.prototype, 'postMessage');
  const header = await readBagHeader(bag);
  expect(header.patches).toBe(rows.patches);
  expect(send.mock.calls.map(([message]) => (message as { task: string }).task)).toEqual(['open']);
  send.mockRestore();
});

it('an HDF5 file that is not on the disk is read too', async () => {
  const whole = readFileSync(WHOLE);
  expect(await readWhole(bytesSource(whole, 'memory.h5ad'))).toBe(await readPath(WHOLE));
});

it('an error of the caller is the caller’s, and the file is closed', async () => {
  const failing = async () =>
    closing(await fileSource(WHOLE), (source) =>
      withHdf5(source, async (hdf5) => {
        await datasetIn(hdf5, hdf5.root, 'X');
        throw new TypeError('a mistake');
      }),
    );
  await expect(failing()).rejects.toThrow(TypeError);
  expect(await outcome(WHOLE)).toMatch(/^\d+ read$/);
});

it('a library that failed reads no other file: whoever started it ends it', async () => {
  const trap = function () {
    throw Object.assign(new Error('memory access out of bounds'), { name: 'RuntimeError' });
  };
  const library = { Module: { activate_throwing_error_handler: () => undefined }, FS: { read: trap }, File: trap };
  const tasks = hdf5Tasks({
    load: () => Promise.resolve(library as unknown as Library),
    placeOf: () => ({ path: 'a.h5', leave: () => undefined }),
  });
  await tasks.load();
  const open = async () => tasks.open({ file: { path: 'a.h5' }, name: 'a.h5', size: 1, pulse: new Int32Array(1) });
  await expect(open()).rejects.toThrow('a.h5: the HDF5 file cannot be read (memory access out of bounds)');
  expect(await tasks.close()).toBe(false);
});
