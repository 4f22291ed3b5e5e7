import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { constant, conv2d, exportModel, greater, input, mean, mul, openModel, relu } from './index.js';

/** Two feature maps of 2 × 2 kernels over a grey image, averaged over the image: any number of 4 × 4 images. */
function encoder(): Uint8Array {
  const image = input('image', [1, 1, 4, 4]);
  const maps = relu(conv2d(image, constant([1, 0, 0, 0, 1, 1, 1, 1], [2, 1, 2, 2]))); // [1, 2, 3, 3]
  return exportModel({ maps, features: mean(maps, [2, 3], true) }, {}, { freeAxes: { image: ['batch'] } });
}

const images = (batch: number) => ({
  data: Float32Array.from({ length: 16 * batch }, (_, i) => i),
  shape: [batch, 1, 4, 4],
});

describe('an opened model', () => {
  test('says what it takes and gives', async () => {
    const model = await openModel(encoder());
    expect(model.inputs).toEqual([{ name: 'image', type: 'float32', shape: ['batch', 1, 4, 4] }]);
    expect(model.outputs.map(({ name, type }) => [name, type])).toEqual([
      ['maps', 'float32'],
      ['features', 'float32'],
    ]);
    await model.dispose();
  });

  test('takes batches of any size, one after another, and results stay as they are', async () => {
    const model = await openModel(encoder());
    const run = async (batch: number) => (await model.run({ image: images(batch) }, ['features']))['features'];
    // Mean of the upper left pixels of the 3 × 3 places, and of the sums of four pixels: 5 and 4·7.5 in the first image, 16 more in the next.
    const one = await run(1);
    const three = await run(3);
    expect(one.shape).toEqual([1, 2, 1, 1]);
    expect([...one.data]).toEqual([5, 30]);
    expect(three.shape).toEqual([3, 2, 1, 1]);
    expect([...three.data]).toEqual([5, 30, 21, 94, 37, 158]);
    await model.dispose();
  });

  test('computes the outputs that are asked for', async () => {
    const model = await openModel(encoder());
    expect(Object.keys(await model.run({ image: images(1) }, ['maps']))).toEqual(['maps']);
    await expect(model.run({ image: images(1) }, ['nothing'])).rejects.toThrow(/nothing/);
    await model.dispose();
  });

  test('refuses other types, shapes and names', async () => {
    const model = await openModel(encoder(), { threads: 1 });
    await expect(
      model.run({ image: { data: new BigInt64Array(16), shape: [1, 1, 4, 4] } }, ['features']),
    ).rejects.toThrow('an input is float32, and was fed int64');
    await expect(
      model.run({ image: { data: new Float32Array(25), shape: [1, 1, 5, 5] } }, ['features']),
    ).rejects.toThrow(/dimensions|shape/i);
    await expect(model.run({ picture: images(1) }, ['features'])).rejects.toThrow(/image/);
    await model.dispose();
  });

  test('an output that is not float32 is refused when it is asked for', async () => {
    const x = input('x', [2]);
    const model = await openModel(exportModel({ y: mul(x, 2), positive: greater(x, 0) }, {}));
    const feeds = { x: { data: Float32Array.of(-1, 1), shape: [2] } };
    expect([...(await model.run(feeds, ['y']))['y'].data]).toEqual([-2, 2]);
    await expect(model.run(feeds, ['positive'])).rejects.toThrow('run: output positive is bool, not float32');
    await model.dispose();
  });

  test('is opened by its path too; what is no model is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'open-model-'));
    const path = join(folder, 'encoder.onnx');
    writeFileSync(path, encoder());
    const model = await openModel(path);
    expect([...(await model.run({ image: images(1) }, ['features']))['features'].data]).toEqual([5, 30]);
    await model.dispose();
    await expect(openModel(new Uint8Array(100))).rejects.toThrow();
    await expect(openModel(join(folder, 'missing.onnx'))).rejects.toThrow(/missing.onnx/);
    rmSync(folder, { recursive: true });
  });
});
