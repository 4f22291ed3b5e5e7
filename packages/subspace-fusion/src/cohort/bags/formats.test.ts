import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../files/errors.js';
import { readBag } from './features.js';

// Written by the programs themselves: see make-bags.py beside the folder.
const FOLDER = join(import.meta.dirname, '../testdata/bags');

const FEATURES = Float32Array.from({ length: 20 }, (_, i) => (i - 10) / 4);
const COORDINATES = [0, 1, 2, 3, 4].flatMap((i) => [256 * i, 512 - 256 * i]);
const BAG = { patches: 5, width: 4, features: FEATURES };

const read = (file: string, atMost?: number) => readBag({ slide: file, path: join(FOLDER, file) }, atMost);
const refusal = (file: string) =>
  read(file).then(
    () => 'read',
    (error: unknown) => {
      expect(error).toBeInstanceOf(InputError);
      return (error as InputError).message;
    },
  );

describe('HDF5', () => {
  it("reads CLAM's", async () => {
    const provenance = { patchLevel: 1, patchSize: 256, patchSizeLevel0: 1024, unit: 'pixels' };
    expect(await read('clam.h5')).toEqual({ ...BAG, coordinates: Int32Array.from(COORDINATES), ...provenance });
  });

  it("reads TRIDENT's, in float16", async () => {
    expect(await read('trident.h5')).toEqual({
      ...BAG,
      coordinates: Int32Array.from(COORDINATES),
      ...{
        encoder: 'uni_v1',
        magnification: 20,
        level0Magnification: 40,
        patchSize: 256,
        patchSizeLevel0: 512,
        overlap: 0,
        unit: 'pixels',
      },
    });
    expect((await read('trident-unnamed.h5')).encoder).toBeUndefined(); // the file says 'None'
  });

  it("reads STAMP's, whose coordinates are micrometres", async () => {
    const stamp = { encoder: 'ctranspath-a1b2c3.pth', patchSizeMicrometres: 256, unit: 'micrometres' };
    const coordinates = Float32Array.from(COORDINATES, (x) => x + 0.25);
    expect(await read('stamp.h5')).toEqual({ ...BAG, coordinates, ...stamp, patchSize: 224 });
    expect(await read('stamp-old.h5')).toEqual({ ...BAG, coordinates, ...stamp });
    expect(await refusal('stamp-slide.h5')).toMatch(/features of a slide, not of patches/);
  });

  it('reads Res_feature [1, n, width] of the published code', async () => {
    expect(await read('reference.h5')).toEqual({ ...BAG, coordinates: undefined });
  });

  it('refuses coordinates alone, and numbers that were never written', async () => {
    expect(await refusal('trident-coords.h5')).toMatch(/the file has: coords\)\. These are the coordinates only/);
    expect(await refusal('bomb.h5')).toMatch(/file of 1400 bytes claims to hold 8796093022208 bytes/);
  });
});

describe('PyTorch', () => {
  it.each(['tensor-f16', 'tensor-bf16', 'tensor-f32', 'tensor-f64', 'batch', 'list', 'protocol4', 'slice', 'trident'])(
    'reads %s.pt',
    async (name) => {
      expect(await read(`${name}.pt`)).toEqual({ ...BAG, coordinates: undefined });
    },
  );

  it('reads a dict with its coordinates and what it says of them', async () => {
    const provenance = { encoder: 'uni_v1', patchSizeLevel0: 512, unit: 'pixels' };
    expect(await read('dict.pt')).toEqual({ ...BAG, coordinates: Int32Array.from(COORDINATES), ...provenance });
  });

  it('takes only the rows that a small bag needs', async () => {
    const { features } = await read('slice.pt', 2); // rows 0 and round(5/2) = 2
    expect([...features]).toEqual([...FEATURES.subarray(0, 4), ...FEATURES.subarray(8, 12)]);
  });

  it('runs no code', async () => {
    expect(await refusal('evil.pt')).toMatch(
      /asks for 'posix\.system', which is no part of a tensor and could run code/,
    );
    expect(existsSync('/tmp/subspace-fusion-was-here')).toBe(false);
    expect(await refusal('module.pt')).toMatch(/asks for 'torch\.nn\.modules\.linear\.Linear'/);
  });

  it('refuses what is no plain matrix', async () => {
    expect(await refusal('columns.pt')).toMatch(/transposed or expanded.*contiguous\(\)/);
    expect(await refusal('expanded.pt')).toMatch(/transposed or expanded/);
    expect(await refusal('two.pt')).toMatch(/2 of the file's tensors could be the features \(it has: a, b\)/);
    expect(await refusal('whole.pt')).toMatch(/features are of type i64/);
    expect(await refusal('before-1.6.pt')).toMatch(/bare Python pickle.*before PyTorch 1\.6/);
  });
});

describe('NumPy', () => {
  it.each(['f16', 'f32', 'f64', 'version2', 'version3'])('reads %s.npy', async (name) => {
    expect(await read(`${name}.npy`)).toEqual({ ...BAG, coordinates: undefined });
  });

  it('refuses other arrays', async () => {
    expect(await refusal('columns.npy')).toMatch(/stored by columns.*ascontiguousarray/);
    expect(await refusal('objects.npy')).toMatch(/holds Python objects, which could run code/);
    expect(await refusal('big-endian.npy')).toMatch(/type >f4.*little-endian/);
    expect(await refusal('whole.npy')).toMatch(/type <i8/);
    expect(await refusal('several.npz')).toMatch(/\.npz archive/);
  });
});

describe('safetensors', () => {
  it('reads features with coordinates and metadata, or the only matrix, of any float type', async () => {
    const provenance = { encoder: 'uni_v1', patchSizeLevel0: 512, unit: 'pixels' };
    expect(await read('dict.safetensors')).toEqual({
      ...BAG,
      coordinates: Int32Array.from(COORDINATES),
      ...provenance,
    });
    expect(await read('brains.safetensors')).toEqual({ ...BAG, coordinates: undefined });
    expect(await read('double.safetensors')).toEqual({ ...BAG, coordinates: undefined });
  });
});
