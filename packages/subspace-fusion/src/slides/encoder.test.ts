import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  constant,
  conv2d,
  expand,
  exportModel,
  input,
  mean,
  relu,
  reshape,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../files/errors.js';
import { openEncoder, type EncoderOptions } from './encoder.js';

const folder = mkdtempSync(join(tmpdir(), 'encoder-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const pytorch = JSON.parse(readFileSync(new URL('./testdata/pytorch.json', import.meta.url), 'utf8')) as {
  features: number[][];
  first: number[];
};

const SIZE = 16;
const IMAGENET = 'mean: [0.485, 0.456, 0.406]\nstd: [0.229, 0.224, 0.225]\n';

/** The formulas of testdata/encode-with-pytorch.py. */
const weights = (...shape: number[]) =>
  constant(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => 0.3 * Math.sin(0.7 * i + 1)),
    shape,
  );
const patches = Uint8Array.from({ length: 2 * SIZE * SIZE * 3 }, (_, i) => (37 * i + ((i * i) % 101)) % 256);

function maps(image: Value): Value {
  const half = relu(conv2d(image, weights(4, 3, 3, 3), weights(4), { stride: 2, padding: 1 }));
  return relu(conv2d(half, weights(6, 4, 3, 3), weights(6), { padding: 1 })); // [n, 6, 8, 8]
}

/** Writes a model and its YAML, and opens them. */
async function opened(
  outputs: Record<string, Value>,
  yaml: string | undefined,
  options: EncoderOptions & { free?: (string | undefined)[]; name?: string } = {},
) {
  const file = join(folder, `${options.name ?? 'encoder'}.onnx`);
  writeFileSync(file, exportModel(outputs, {}, { freeAxes: { image: options.free ?? ['n'] } }));
  rmSync(file.replace('.onnx', '.yaml'), { force: true });
  if (yaml !== undefined) writeFileSync(file.replace('.onnx', '.yaml'), yaml);
  return openEncoder(file, options);
}

const image = input('image', [1, 3, SIZE, SIZE]);
const largestError = (features: ArrayLike<number>, expected: number[][]) =>
  Math.max(...expected.flat().map((value, i) => Math.abs(value - features[i])));

describe('a convolutional encoder against PyTorch', () => {
  test('gives every place of its map as a token, in both layouts, whose mean is the pooled vector', async () => {
    const byChannel = await opened({ maps: maps(image) }, IMAGENET + 'pooling: map\n');
    expect([byChannel.width, byChannel.side]).toEqual([6, 8]);
    const tokens = await byChannel.encode(patches);
    expect(tokens).toHaveLength(2 * 8 * 8 * 6);
    const means = [0, 1].flatMap((n) =>
      Array.from({ length: 6 }, (_, c) =>
        Array.from({ length: 64 }, (_, p) => tokens[(64 * n + p) * 6 + c]).reduce((a, b) => a + b / 64, 0),
      ),
    );
    expect(largestError(means, pytorch.features)).toBeLessThan(1e-6);
    // a map differs between places: the upper left place of an image whose other places were changed stays
    const changed = patches.slice(0, 3 * SIZE * SIZE);
    changed.fill(0, 3 * SIZE * 8);
    const other = await byChannel.encode(changed);
    expect(other.subarray(0, 6)).toEqual(tokens.subarray(0, 6));
    expect(other.subarray(56 * 6, 57 * 6)).not.toEqual(tokens.subarray(56 * 6, 57 * 6));
    await byChannel.dispose();
  });

  test('mean over its maps, a batch of any number', async () => {
    const encoder = await opened({ maps: maps(image) }, IMAGENET + 'pooling: mean\nname: fixed weights\n');
    expect([encoder.name, encoder.size, encoder.width]).toEqual(['fixed weights', SIZE, 6]);
    expect(encoder.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(largestError(await encoder.encode(patches), pytorch.features)).toBeLessThan(1e-6);
    const five = await encoder.encode(
      Uint8Array.from({ length: patches.length * 2.5 }, (_, i) => patches[i % patches.length]),
    );
    expect(largestError(five, [...pytorch.features, ...pytorch.features, pytorch.features[0]])).toBeLessThan(1e-6);
    await encoder.dispose();
  });

  test('the same pooled by the model, and from a model that takes three images at a time', async () => {
    const threes = input('image', [3, 3, SIZE, SIZE]);
    const encoder = await opened({ features: mean(maps(threes), [2, 3]) }, IMAGENET, { free: [] });
    expect(largestError(await encoder.encode(patches), pytorch.features)).toBeLessThan(1e-6);
    await encoder.dispose();
  });

  test('channels last: rows, columns, channels', async () => {
    const last = input('image', [2, SIZE, SIZE, 3]);
    const encoder = await opened(
      { maps: transpose(maps(transpose(last, [0, 3, 1, 2])), [0, 2, 3, 1]) },
      IMAGENET + 'layout: nhwc\npooling: mean\n',
      { free: [] },
    );
    expect(largestError(await encoder.encode(patches), pytorch.features)).toBeLessThan(1e-6);
    await encoder.dispose();
  });

  test('channels in the order blue, green, red', async () => {
    const swapped = conv2d(image, constant([0, 0, 1, 0, 1, 0, 1, 0, 0], [3, 3, 1, 1]));
    const encoder = await opened({ maps: maps(swapped) }, IMAGENET + 'channels: bgr\npooling: mean\n');
    expect(largestError(await encoder.encode(patches), pytorch.features)).toBeLessThan(1e-6);
    await encoder.dispose();
  });

  test('tokens: their mean, or the first', async () => {
    const two = input('image', [2, 3, SIZE, SIZE]);
    const tokens = transpose(reshape(maps(two), [2, 6, 64]), [0, 2, 1]); // [2, 64, 6]
    const average = await opened(
      { tokens, features: mean(tokens, [1]) },
      IMAGENET + 'output: tokens\npooling: mean\n',
      { free: [] },
    );
    expect(largestError(await average.encode(patches), pytorch.features)).toBeLessThan(1e-6);
    await average.dispose();
    const first = await opened({ tokens, features: mean(tokens, [1]) }, IMAGENET + 'output: tokens\n', {
      free: [],
      overrides: { pooling: 'first' },
    });
    expect(
      largestError(await first.encode(patches), [[0, 1, 2, 3, 4, 5].map((channel) => pytorch.first[64 * channel])]),
    ).toBeLessThan(1e-6);
    await first.dispose();
  });
});

describe('what is wrong is said before any slide is read', () => {
  const complaint = async (...args: Parameters<typeof opened>) => {
    const error: unknown = await opened(...args).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message.replace(`${folder}/`, '');
  };
  const features = { features: mean(maps(image), [2, 3], true) };

  test('the description', async () => {
    expect(await complaint(features, undefined)).toMatch(
      /^encoder.yaml: 'mean' is missing; the normalisation of an encoder cannot be guessed. For an encoder trained on ImageNet: mean: \[0.485/,
    );
    expect(await complaint(features, 'mean: [1, 2]\nstd: [1, 1, 1]')).toMatch(/'mean': three numbers are needed/);
    expect(await complaint(features, 'mean: [0, 0, 0]\nstd: [1, 0, 1]')).toMatch(/'std': std must be above 0/);
    expect(await complaint(features, IMAGENET + 'poolng: mean')).toMatch(
      /there is no key 'poolng'. The keys are name, size, mean/,
    );
    const aliases = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`);
    for (const yaml of ['mean: [', ['a0: &a0 [1]', ...aliases].join('\n'), '['.repeat(100_000), 'mean: *nowhere'])
      expect(await complaint(features, yaml)).toMatch(/^encoder\.yaml(, row \d+)?: /);
    expect(await complaint(features, '- 3')).toMatch(/this is no list of keys/);
    expect(await complaint(features, IMAGENET, { overrides: { layout: 'nhwc' } })).toMatch(
      /takes image \[n, 3, 16, 16\], which is not 'nhwc' of three channels/,
    );
    expect(await complaint(features, IMAGENET + 'size: 32')).toMatch(
      /takes image \[n, 3, 16, 16\], and its YAML says size 32/,
    );
  });

  test('the size of a model that takes any', async () => {
    expect(await complaint(features, IMAGENET, { free: ['n', undefined, 'h', 'w'] })).toMatch(
      /which fixes no size. Give 'size' in its YAML, as in size: 224/,
    );
  });

  test('an output that would take all memory, before the model is run', async () => {
    const huge = expand(mean(maps(image), [2, 3], true), [2 ** 26, 6, 1, 1]);
    expect(await complaint({ huge }, IMAGENET, { free: [] })).toMatch(
      /the output 'huge' has the shape \[67108864, 6, 1, 1\], which is no vector an image/,
    );
  });

  test('outputs', async () => {
    expect(await complaint({ maps: maps(image) }, IMAGENET)).toMatch(
      /the output has the shape \[1, 6, 8, 8\], not one vector an image. .+ set 'pooling' to mean or first/,
    );
    expect(await complaint({ maps: maps(image), ...features }, IMAGENET)).toMatch(
      /several outputs. Name one of maps, features/,
    );
    expect(await complaint(features, IMAGENET + 'output: logits')).toMatch(
      /there is no output 'logits'. Name one of features/,
    );
  });

  test('the model', async () => {
    await expect(openEncoder(join(folder, 'nothing.onnx'))).rejects.toThrow(
      /nothing.onnx: there is no such encoder. Give an ONNX file; docs\/encoders.md tells/,
    );
    writeFileSync(join(folder, 'text.onnx'), 'no model');
    writeFileSync(join(folder, 'text.yaml'), IMAGENET);
    await expect(openEncoder(join(folder, 'text.onnx'))).rejects.toThrow(
      /text.onnx: ONNX Runtime cannot open it on cpu/,
    );
    const vector = input('image', [1, 48]);
    expect(await complaint({ y: relu(vector) }, IMAGENET, { free: [] })).toMatch(/this model takes image \[1, 48\]/);
  });
});
