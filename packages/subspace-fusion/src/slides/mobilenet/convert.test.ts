import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModel } from 'onnx-autodiff';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InputError } from '../../files/errors.js';
import { key, uniform } from '../../random/counter.js';
import { isPlainMessage, subspace } from '../../testing/cli.js';
import { defined } from '../../testing/defined.js';
import { convertMobilenet, type MobilenetFeatures } from './convert.js';
import { installedAssets, reading, tfliteOf } from './package.js';
import { readTflite, type TfliteModel } from './tflite.js';

const folder = mkdtempSync(join(tmpdir(), 'mobilenet-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const assets = defined(installedAssets());
const tflite = tfliteOf(readFileSync(assets), assets);

/** An image between −1 and 1, `[3, size, size]`, through the converted encoder. */
async function encode(features: MobilenetFeatures, image: Float32Array, size: number): Promise<Float32Array> {
  const file = join(folder, `${features}-${size}.onnx`);
  if (!existsSync(file)) writeFileSync(file, convertMobilenet(tflite, features, size));
  const model = await openModel(file);
  try {
    return (await model.run({ image: { data: image, shape: [1, 3, size, size] } }, ['features']))['features'].data;
  } finally {
    await model.dispose();
  }
}

/** A map `[rows, columns, channels]`. */
interface Maps {
  readonly edge: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/**
 * The model computed pixel by pixel in float64, as TFLite defines its operations: a second implementation, in its own order of axes.
 * Stops after the tensor whose name ends in `last`.
 */
function computed({ operations, tensors, inputs }: TfliteModel, image: Maps, last: string): Maps {
  const maps = new Map<number, Maps>([[inputs[0], image]]);
  const widened = new Map<number, number>();
  for (const operation of operations) {
    if (operation.kind === 'widening') widened.set(operation.output, operation.inputs[0]);
    if (operation.kind === 'other' || operation.kind === 'widening') continue;
    const { kind, inputs, output, activation } = operation;
    const x = defined(maps.get(inputs[0]));
    let y: Maps;
    if (kind === 'addition') {
      const other = defined(maps.get(inputs[1]));
      y = { ...x, data: x.data.map((value, i) => value + other.data[i]) };
    } else {
      const [kernel, bias] = inputs.slice(1).map((tensor) => tensors[widened.get(tensor) ?? tensor]);
      const [weights, offsets] = [kernel.values(), bias.values()];
      const [, size] = kernel.shape;
      const edge = Math.ceil(x.edge / operation.stride);
      const before = Math.floor(Math.max(0, (edge - 1) * operation.stride + size - x.edge) / 2);
      const channels = offsets.length;
      const data = new Float64Array(edge * edge * channels);
      for (let row = 0; row < edge; row++)
        for (let column = 0; column < edge; column++)
          for (let c = 0; c < channels; c++) {
            let sum = offsets[c];
            for (let i = 0; i < size; i++)
              for (let j = 0; j < size; j++) {
                const [r, q] = [row * operation.stride + i - before, column * operation.stride + j - before];
                if (r < 0 || q < 0 || r >= x.edge || q >= x.edge) continue;
                const at = (r * x.edge + q) * x.channels;
                if (kind === 'depthwise convolution') sum += x.data[at + c] * weights[(i * size + j) * channels + c];
                else
                  for (let k = 0; k < x.channels; k++)
                    sum += x.data[at + k] * weights[((c * size + i) * size + j) * x.channels + k];
              }
            data[(row * edge + column) * channels + c] = sum;
          }
      y = { edge, channels, data };
    }
    if (activation === 'relu6') y.data.forEach((value, i) => (y.data[i] = Math.min(6, Math.max(0, value))));
    maps.set(output, y);
    if (tensors[output].name.endsWith(last)) return y;
  }
  throw new Error(`no tensor ${last}`);
}

test.each<[MobilenetFeatures, string]>([
  ['map8', 'expanded_conv_6/expand/Conv2D'],
  ['map16', 'expanded_conv_13/expand/Conv2D'],
  ['pooled', 'MobilenetV2/Conv_1/Conv2D'],
])('%s is what the model gives, computed pixel by pixel in float64', async (features, layer) => {
  const size = 64;
  const stream = key(1, 'image');
  const image = Float32Array.from({ length: 3 * size * size }, (_, i) => 2 * uniform(stream, i) - 1);
  const turned = Float64Array.from(image, (_, i) => image[(i % 3) * size * size + Math.floor(i / 3)]);
  const maps = computed(readTflite(tflite), { edge: size, channels: 3, data: turned }, layer);
  const cells = maps.edge ** 2;
  const ours = await encode(features, image, size);
  const theirs = new Float64Array(ours.length);
  for (let i = 0; i < maps.data.length; i++) {
    const [cell, channel] = [Math.floor(i / maps.channels), i % maps.channels];
    if (features === 'pooled') theirs[channel] += maps.data[i] / cells;
    else theirs[channel * cells + cell] = maps.data[i];
  }
  const largest = Math.max(...theirs.subarray(0, 4000).map(Math.abs));
  expect(largest).toBeGreaterThan(0.5);
  const worst = ours.reduce((worst, value, i) => Math.max(worst, Math.abs(value - theirs[i])), 0);
  expect(worst).toBeLessThan(1e-4 * largest);
});

const REGIONS = '../shared/data/tcga-gbmlgg-rois';
const byChannel = z.record(z.string(), z.number());
const witness = z.object({
  images: z.record(
    z.string(),
    z.object({
      'map16 mean by channel (40 largest)': byChannel,
      'map16 at row 3, column 11': byChannel,
      'pooled mean and sd': z.tuple([z.number(), z.number()]),
    }),
  ),
});

test.skipIf(!existsSync(REGIONS))('on real regions, an independent conversion gave the same', async () => {
  const { images } = witness.parse(JSON.parse(readFileSync(join(REGIONS, 'mobilenetv2-witness.json'), 'utf8')));
  expect(Object.keys(images)).toHaveLength(4);
  const plane = 256 * 256;
  for (const [name, values] of Object.entries(images)) {
    const pixels = await sharp(join(REGIONS, 'images', name))
      .raw()
      .toBuffer();
    const image = Float32Array.from(
      { length: 3 * plane },
      (_, i) => pixels[3 * (i % plane) + Math.floor(i / plane)] / 127.5 - 1,
    );
    const map = await encode('map16', image, 256);
    for (const [channel, value] of Object.entries(values['map16 mean by channel (40 largest)'])) {
      const cells = map.subarray(256 * Number(channel), 256 * (Number(channel) + 1));
      expect(cells.reduce((sum, cell) => sum + cell, 0) / 256).toBeCloseTo(value, 4);
    }
    for (const [channel, value] of Object.entries(values['map16 at row 3, column 11']))
      expect(map[256 * Number(channel) + 3 * 16 + 11]).toBeCloseTo(value, 4);
    const pooled = await encode('pooled', image, 256);
    const mean = pooled.reduce((sum, value) => sum + value, 0) / pooled.length;
    const spread = Math.sqrt(pooled.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pooled.length);
    const [theirMean, theirSpread] = values['pooled mean and sd'];
    expect(Math.abs(mean - theirMean) / theirMean).toBeLessThan(1e-3);
    expect(Math.abs(spread - theirSpread) / theirSpread).toBeLessThan(1e-3);
  }
});

describe('damaged assets', () => {
  test('a model that is cut, or whose bytes are others, is refused in one sentence', () => {
    for (let i = 0; i < 60; i++) {
      const bytes = Uint8Array.from(tflite);
      const stream = key(i, 'damage');
      // Most of the file is weights; the tables stand at its end and beginning.
      const cut = i % 2 === 0 ? bytes.subarray(0, Math.floor(bytes.length * uniform(stream, 0))) : bytes;
      if (i % 2 === 1)
        for (let j = 0; j < 40; j++)
          bytes[bytes.length - 1 - Math.floor(80_000 * uniform(stream, 2 * j))] = 256 * uniform(stream, 2 * j + 1);
      try {
        reading('assets', () => convertMobilenet(cut, 'map8', 32));
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }
    expect(() => tfliteOf(Uint8Array.of(1, 2, 3), 'assets')).toThrow(/not the MobileNetV2 that is known/);
  });
});

describe('subspace encoder mobilenet', () => {
  test('writes the encoder and its description, and says what it is for', async () => {
    const out = join(folder, 'made', 'encoder.onnx');
    const { code, out: printed } = await subspace('encoder', 'mobilenet', '--out', out, '--size', '64');
    expect(code).toBe(0);
    expect(printed).toContain('trained on photographs and is for trying out');
    expect(printed).toContain('images of 64 × 64 pixels to 1280');
    expect(readFileSync(out).equals(convertMobilenet(tflite, 'pooled', 64))).toBe(true);
    expect(readFileSync(out.replace('.onnx', '.yaml'), 'utf8')).toMatch(
      /for trying out.*\n.*\nname: MobileNetV2 of photographs/,
    );
  });

  test('sizes and names that it cannot have', async () => {
    for (const wrong of [
      ['--size', '100'],
      ['--out', 'encoder.h5'],
    ]) {
      const { code, err } = await subspace('encoder', 'mobilenet', '--out', join(folder, 'a.onnx'), ...wrong);
      expect(code).toBe(2);
      expect(isPlainMessage(err)).toBe(true);
    }
  });
});
