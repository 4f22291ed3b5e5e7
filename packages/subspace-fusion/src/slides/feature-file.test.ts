import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { readBag, readBagHeader } from '../cohort/bags/features.js';
import { WorkError } from '../files/errors.js';
import { smallDisk } from '../testing/small-disk.js';
import { startFeatureFile, type FeatureFileContent } from './feature-file.js';

const folder = mkdtempSync(join(tmpdir(), 'features-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const PATCHES = 150;
const WIDTH = 6;
const corners = Int32Array.from({ length: 2 * PATCHES }, (_, i) => 512 * i);
const features = Float32Array.from({ length: PATCHES * WIDTH }, (_, i) => i / 4 - 100);
const content: FeatureFileContent = {
  corners,
  width: WIDTH,
  fileAttributes: { encoder: 'small', extraction: '{"µm": 1}' },
  featureAttributes: { encoder: 'small' },
  coordinateAttributes: {
    patch_size: 256,
    patch_size_level0: 512,
    patch_level: 1,
    downsample: Float64Array.of(2, 2),
    level_dim: Int32Array.of(40, 30),
    target_magnification: 20,
    level0_magnification: 40,
    overlap: 0,
    unit: 'px',
    level0_mpp: 0.25,
  },
};

async function write(name: string, more: Partial<FeatureFileContent> = {}): Promise<string> {
  const path = join(folder, name);
  const file = await startFeatureFile(path, { ...content, ...more });
  for (let from = 0; from < PATCHES; from += 40)
    file.write(from, features.subarray(from * WIDTH, Math.min(PATCHES, from + 40) * WIDTH));
  await file.finish();
  return path;
}

test('is read as a bag, with where it comes from', async () => {
  const bag = await readBag({ slide: 'a', path: await write('a.h5') });
  expect(bag).toMatchObject({
    patches: PATCHES,
    width: WIDTH,
    encoder: 'small',
    magnification: 20,
    level0Magnification: 40,
    patchLevel: 1,
  });
  expect(bag).toMatchObject({ patchSize: 256, patchSizeLevel0: 512, overlap: 0, unit: 'pixels' });
  expect(bag.features).toEqual(features);
  expect(bag.coordinates).toEqual(corners);
});

test('a fixed number of rows repeats the patches in turn, coordinates with them', async () => {
  const path = await write('fixed.h5', { rows: 400 });
  expect(await readBagHeader(path)).toMatchObject({ patches: 400, unit: 'pixels' });
  const bag = await readBag({ slide: 'a', path });
  expect(bag.features).toEqual(Float32Array.from({ length: 400 * WIDTH }, (_, i) => features[i % features.length]));
  expect(bag.coordinates).toEqual(Int32Array.from({ length: 800 }, (_, i) => corners[i % corners.length]));
});

test('nothing has its name before it is whole, and nothing stays of one that was given up', async () => {
  const path = join(folder, 'b', 'b.h5');
  const file = await startFeatureFile(path, content);
  file.write(0, features.subarray(0, 60));
  expect(readdirSync(join(folder, 'b')).filter((name) => name.endsWith('.h5'))).toEqual([]);
  await file.abandon();
  expect(readdirSync(join(folder, 'b'))).toEqual([]);
});

const python = '/usr/bin/python3'; // Debian's, for which python3-h5py installs
function hasH5py(): boolean {
  try {
    execFileSync(python, ['-c', 'import h5py'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasH5py())('read by h5py (needs python3-h5py)', () => {
  const script = fileURLToPath(new URL('./testdata/read-with-h5py.py', import.meta.url));
  interface Dataset {
    dtype: string;
    shape: number[];
    values: unknown[];
    attributes: Record<string, unknown>;
  }
  const read = (path: string) =>
    JSON.parse(execFileSync(python, [script, path], { encoding: 'utf8', maxBuffer: 2 ** 26 })) as {
      datasets: Record<string, Dataset>;
      attributes: Record<string, unknown>;
    };

  test('types, shapes, values and attributes as CLAM and TRIDENT write them', async () => {
    const { datasets, attributes } = read(await write('h5py.h5'));
    expect(Object.keys(datasets)).toEqual(['coords', 'features']);
    expect(datasets['features']).toMatchObject({
      dtype: 'float32',
      shape: [PATCHES, WIDTH],
      attributes: { encoder: 'small' },
    });
    expect(datasets['features'].values.flat()).toEqual([...features]);
    expect(datasets['coords']).toMatchObject({ dtype: 'int64', shape: [PATCHES, 2] });
    expect(datasets['coords'].values.flat()).toEqual([...corners]);
    expect(datasets['coords'].attributes).toEqual({
      ...{ patch_size: 256, patch_size_level0: 512, patch_level: 1, downsample: [2, 2], level_dim: [40, 30] },
      ...{ target_magnification: 20, level0_magnification: 40, overlap: 0, unit: 'px', level0_mpp: 0.25 },
    });
    expect(attributes).toEqual({ encoder: 'small', extraction: '{"µm": 1}' });
  });

  test('the fixed form', async () => {
    const { datasets } = read(await write('fixed-h5py.h5', { rows: 400 }));
    expect(datasets['Res_feature']).toMatchObject({ dtype: 'float32', shape: [1, 400, WIDTH] });
    expect(datasets['coords']).toMatchObject({ shape: [400, 2] });
  });
});

const disk = smallDisk('1m') ?? '';
describe.skipIf(disk === '')('on a full disk (needs the right to mount a tmpfs)', () => {
  afterAll(() => {
    execFileSync('umount', [disk]);
  });

  test('it is said, and nothing is left', async () => {
    const wide = { ...content, width: 4000 };
    const attempt = async () => {
      const file = await startFeatureFile(join(disk, 'a.h5'), wide);
      try {
        for (let from = 0; from < PATCHES; from += 30) file.write(from, new Float32Array(30 * 4000).fill(from + 1));
        await file.finish();
      } catch (error) {
        await file.abandon();
        throw error;
      }
    };
    const failure: unknown = await attempt().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkError);
    expect((failure as Error).message).toMatch(
      /a.h5: the features cannot be written \(No space left on device\). Free some space/,
    );
    expect(readdirSync(disk)).toEqual([]);
    // The library goes on with other files.
    expect((await readBag({ slide: 'c', path: await write('c.h5') })).features).toEqual(features);
  });
});
