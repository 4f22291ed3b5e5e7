import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cohorts } from '../../testing/data.js';
import { BIG_ENDIAN, HALF, HALF_BATCH, LZF } from '../h5py-files.test.helper.js';
import { newFolder, write, writeBag } from '../made-files.test.helper.js';
import { bagRows, fixBag } from './bag.js';
import { checkBag, readBag, readBagHeader } from './features.js';

const folder = newFolder();
const counted = (n: number) => Float32Array.from({ length: n }, (_, i) => i);
const bagAt = (path: string) => ({ slide: 'slide', path });

describe('reading a bag', () => {
  it('reads features, coordinates and encoder', async () => {
    const path = await writeBag(folder, 'plain.h5', {
      shape: [3, 2],
      features: counted(6),
      coords: BigInt64Array.from([0n, 0n, 256n, 0n, -5n, 512n]),
      encoder: 'uni',
    });
    const bag = await readBag(bagAt(path));
    expect(bag).toEqual({
      patches: 3,
      width: 2,
      features: counted(6),
      coordinates: Int32Array.from([0, 0, 256, 0, -5, 512]),
      encoder: 'uni',
      unit: 'pixels',
    });
    expect(await readBagHeader(path)).toEqual({ patches: 3, width: 2, encoder: 'uni', unit: 'pixels' });
  });

  it('accepts a leading batch axis, the name feats, float64 and compression', async () => {
    const path = await writeBag(folder, 'batch.h5', {
      shape: [1, 3, 2],
      features: Float64Array.from(counted(6)),
      name: 'feats',
      compressed: true,
    });
    const bag = await readBag(bagAt(path));
    expect([bag.patches, bag.width, ...bag.features]).toEqual([3, 2, 0, 1, 2, 3, 4, 5]);
    expect(bag.coordinates).toBeUndefined();
  });

  it('widens the float16 of h5py', async () => {
    for (const [name, bytes] of Object.entries({ HALF, HALF_BATCH })) {
      const bag = await readBag(bagAt(write(folder, `${name}.h5`, bytes)));
      // 65504 is the largest float16, 2⁻²⁴ the smallest; a third is rounded.
      expect([...bag.features]).toEqual([1, -2, 65504, 2 ** -24, 0.333251953125, 0]);
      expect({ ...bag, features: null }).toEqual({
        patches: 2,
        width: 3,
        features: null,
        coordinates: Int32Array.of(0, 0, 512, -3),
        encoder: 'conch_v15',
        unit: 'pixels',
      });
    }
  });

  it('keeps only the rows that a bag of fixed size needs', async () => {
    const patches = 10_000;
    const features = Float32Array.from({ length: patches * 3 }, (_, i) => Math.floor(i / 3));
    const coords = Int32Array.from({ length: patches * 2 }, (_, i) => i);
    const path = await writeBag(folder, 'large.h5', { shape: [patches, 3], features, coords, compressed: true });
    const whole = await readBag(bagAt(path));
    expect(whole.features).toEqual(features);
    for (const tokens of [36, 400, 9999, 10_000])
      expect(await readBag(bagAt(path), tokens)).toEqual(fixBag(whole, tokens));
    expect((await readBag(bagAt(path), 20_000)).patches).toBe(patches);
  });
});

describe('a file that is no bag', () => {
  const message = (path: string) =>
    readBagHeader(path).then(
      () => 'read',
      (error: unknown) => (error as Error).message,
    );

  it('says what it is instead', async () => {
    expect(await message(join(folder, 'absent.h5'))).toMatch(/does not exist/);
    expect(await message(folder)).toMatch(/not a file/);
    expect(await message(write(folder, 'empty.h5', ''))).toMatch(/empty/);
    expect(await message(write(folder, 'text.h5', 'these are no features\n'.repeat(10)))).toMatch(/text file/);
    expect(
      await message(write(folder, 'lfs.h5', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n')),
    ).toMatch(/git lfs pull/);
    expect(await message(write(folder, 'noise.h5', Uint8Array.from([0x51, 0x4b, 3, 4, 200, 0, 1, 255])))).toMatch(
      /no HDF5 signature/,
    );
  });

  it('tells a truncated file', async () => {
    const path = await writeBag(folder, 'cut.h5', { shape: [50, 8], features: counted(400) });
    truncateSync(path, readFileSync(path).length - 100);
    expect(await message(path)).toMatch(/cut short: \d+ of \d+ bytes/);
  });

  it('names a compression that is not supported', async () => {
    const path = write(folder, 'lzf.h5', LZF);
    expect(await message(path)).toBe(
      `${path}: '/features' is compressed with the filter lzf, which is not supported. Write it with gzip or without compression.`,
    );
  });

  it('tells a damaged compressed block', async () => {
    const path = await writeBag(folder, 'damaged.h5', {
      shape: [64, 64],
      features: counted(4096).map((x) => Math.sin(x)),
      compressed: true,
    });
    const bytes = readFileSync(path);
    bytes.fill(0xff, bytes.length - 6000, bytes.length - 3000);
    writeFileSync(path, bytes);
    await expect(readBag(bagAt(path))).rejects.toThrow(/cannot be read \(.*filter.*\)/);
    // The library still works after it threw.
    expect((await readBag(bagAt(join(folder, 'plain.h5')))).patches).toBe(3);
  });

  it('refuses what is no matrix of floats', async () => {
    expect(
      await message(await writeBag(folder, 'other.h5', { shape: [2, 2], features: counted(4), name: 'x' })),
    ).toMatch(/no dataset 'features' \(the file has: x\)/);
    expect(await message(await writeBag(folder, 'flat.h5', { shape: [4], features: counted(4) }))).toMatch(
      /shape \[4\]/,
    );
    expect(await message(await writeBag(folder, 'two.h5', { shape: [2, 2, 2], features: counted(8) }))).toMatch(
      /shape \[2, 2, 2\]/,
    );
    expect(
      await message(await writeBag(folder, 'whole.h5', { shape: [2, 2], features: Int32Array.of(1, 2, 3, 4) })),
    ).toMatch(/type <i/);
  });

  it('refuses big-endian numbers', async () => {
    expect(await message(write(folder, 'big.h5', BIG_ENDIAN))).toMatch(/type >f.*little-endian/);
  });

  it('finds a NaN with its patch, at reading and at checking', async () => {
    const features = counted(20_000);
    features[4100 * 4 + 2] = NaN;
    const path = await writeBag(folder, 'nan.h5', { shape: [5000, 4], features });
    await expect(readBag(bagAt(path))).rejects.toThrow(/feature 2 of patch 4100 .* NaN/);
    await expect(checkBag(path)).rejects.toThrow(/feature 2 of patch 4100/);
    expect((await readBagHeader(path)).patches).toBe(5000);
  });

  it('wants coordinates for every patch', async () => {
    const path = await writeBag(folder, 'coords.h5', {
      shape: [3, 1],
      features: counted(3),
      coords: Int32Array.of(1, 2),
    });
    await expect(readBag(bagAt(path))).rejects.toThrow(/coords.*\[1, 2\] beside 3 patches/);
  });
});

describe('fixing the bag size', () => {
  it('repeats a short slide', () => {
    expect([...bagRows(3, 8)]).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
    expect([...bagRows(4, 4)]).toEqual([0, 1, 2, 3]);
  });

  it('thins a long one, halves to the even row', () => {
    // Python: [round(i * 10 / 4) for i in range(4)] and [round(i * 3 / 2) for i in range(2)]
    expect([...bagRows(10, 4)]).toEqual([0, 2, 5, 8]);
    expect([...bagRows(3, 2)]).toEqual([0, 2]);
    expect([...bagRows(5, 2)]).toEqual([0, 2]);
    expect([...bagRows(7, 2)]).toEqual([0, 4]);
  });

  it('never leaves the slide and never repeats a patch when thinning', () => {
    for (const [n, tokens] of [
      [37, 36],
      [2501, 2500],
      [100_000, 2500],
      [4999, 2500],
    ] as const) {
      const rows = bagRows(n, tokens);
      expect(rows.every((row, i) => row < n && (i === 0 || row > rows[i - 1]))).toBe(true);
    }
  });
});

const FILES = {
  TCGA: { patches: [667, 711, 373], width: 1024, encoder: /CPC/ },
  invented: { patches: [47, 53, 61], width: 32, encoder: /invented/ },
};
describe.each(cohorts)('feature files as h5py writes them ($cohort)', ({ cohort, folder: data }) => {
  const REAL = join(data, 'features');
  const expected = FILES[cohort];
  it('reads all of them', async () => {
    const bags = await Promise.all(
      readdirSync(REAL)
        .sort()
        .map((file) => readBag(bagAt(join(REAL, file)))),
    );
    expect(bags.map(({ patches }) => patches)).toEqual(expected.patches);
    for (const { width, features, coordinates, encoder } of bags) {
      expect(width).toBe(expected.width);
      expect(coordinates).toBeDefined();
      expect(encoder).toMatch(expected.encoder);
      const zeros = features.filter((x) => x === 0).length / features.length;
      expect(zeros).toBeGreaterThan(0.95);
      expect(features.reduce((a, b) => Math.max(a, b), 0)).toBeLessThanOrEqual(42.5);
    }
  });
});
