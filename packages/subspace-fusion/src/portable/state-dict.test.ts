import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { pickle, tensor, text, torchFile } from '../cohort/bags/hostile-files.test.helper.js';
import { defined } from '../testing/defined.js';
import { newFolder } from '../testing/tiny-cohort.js';
import { checkpointSize, readStateDict, requireSize } from './state-dict.js';

const made = (name: string) => fileURLToPath(new URL(`testdata/${name}`, import.meta.url));

describe('a state dict that PyTorch wrote', () => {
  test('bare: halves and a transposed parameter, with the numbers that PyTorch has', async () => {
    const { tensors, counters } = await readStateDict(made('layers.pth'));
    const expected = JSON.parse(readFileSync(made('layers.json'), 'utf8')) as Record<
      string,
      { shape: number[]; data: number[] }
    >;
    expect(counters).toEqual(['1.num_batches_tracked']);
    expect([...tensors.keys()]).toEqual(Object.keys(expected).filter((name) => !counters.includes(name)));
    for (const [name, { shape, data }] of tensors) {
      expect(shape, name).toEqual(expected[name].shape);
      expect([...(data as Float32Array)], name).toEqual(expected[name].data.map(Math.fround));
    }
  });

  test('inside a training checkpoint, wrapped by DataParallel', async () => {
    const { tensors } = await readStateDict(made('grade.pth'));
    expect(defined(tensors.get('classifier.weight')).shape).toEqual([3, 256]);
    expect([...tensors.keys()].some((name) => name.startsWith('module.'))).toBe(false);
    expect(checkpointSize(tensors, 'c')).toEqual({
      classes: 3,
      patchWidth: 16,
      genes: { tumour: 5, microenvironment: 7 },
    });
  });

  test('of something else is refused, naming what it lacks', async () => {
    const { tensors } = await readStateDict(made('layers.pth'));
    expect(() => checkpointSize(tensors, 'layers.pth')).toThrow(
      /layers\.pth: this is no state dict of the published network: it has no matrix classifier\.weight/,
    );
  });

  test('a file without one, or cut short, is refused', async () => {
    const bag = fileURLToPath(new URL('../cohort/testdata/bags/tensor-f32.pt', import.meta.url));
    await expect(readStateDict(bag)).rejects.toThrow(/the file holds no state dict/);
    const cut = join(newFolder(), 'cut.pth');
    writeFileSync(cut, readFileSync(made('grade.pth')).subarray(0, 100_000));
    await expect(readStateDict(cut)).rejects.toThrow(/cut short/);
  });

  test('claims no more than it holds: views of a few numbers, and tensors of many axes', async () => {
    const path = join(newFolder(), 'hostile.pth');
    const dictOf = (...tensors: Buffer[]) => {
      const entries = tensors.flatMap((made, i) => [text(`weight${i}`), made]);
      writeFileSync(path, torchFile(pickle('}(', ...entries, 'u.')));
      return readStateDict(path);
    };
    expect((await dictOf(tensor([5n, 4n], [4n, 1n]))).tensors.size).toBe(1);
    await expect(dictOf(tensor([1n << 26n, 1n], [0n, 0n]))).rejects.toThrow(/its tensors have 67108864 numbers/);
    const apart = Array.from({ length: 5 }, () => tensor([2n], [1n << 20n], 0n, 1n << 21n));
    await expect(dictOf(...apart)).rejects.toThrow(/its tensors have 5242885 numbers/);
    const ones = (n: number) => tensor(Array<bigint>(n).fill(1n), Array<bigint>(n).fill(0n));
    expect((await dictOf(ones(8))).tensors.size).toBe(1);
    await expect(dictOf(ones(9))).rejects.toThrow(/one of its tensors has 9 axes, more than 8/);
  });

  test('code is not run', async () => {
    const evil = fileURLToPath(new URL('../cohort/testdata/bags/evil.pt', import.meta.url));
    await expect(readStateDict(evil)).rejects.toThrow(/could run code\. Save the weights alone/);
  });
});

test('sizes that differ are named, each with its shapes and a remedy', () => {
  const size = { classes: 4, patchWidth: 1024, genes: { tumour: 59, microenvironment: 361 } };
  const other = { classes: 3, patchWidth: 512, genes: { tumour: 57, microenvironment: 361 } };
  expect(() => requireSize(size, size, 'the task grade', 'c.pth')).not.toThrow();
  expect(() => requireSize(size, other, 'the task grade', 'c.pth')).toThrow(
    'c.pth: classifier.weight is [4, 256]: it has 4 outputs, and 3 are those of the task grade. Set the task that it was trained for. ' +
      "pathomic_net_tumor._fc1.0.weight is [128, 1024]: it reads features 1024 wide, and 512 is the width of the cohort's. Use the encoder that it was trained with. " +
      'omic_net_tumor.encoder.0.0.weight is [64, 59]: it reads 59 tumour genes, and 57 of the gene set are in the matrix. ' +
      'List its genes, in its order, with --tumour-genes and --microenvironment-genes.',
  );
});
