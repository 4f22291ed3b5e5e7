import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { conv2d, exportModel, input, mean, type Value } from 'onnx-autodiff';
import { afterAll, describe, expect, test } from 'vitest';
import { InputError } from '../files/errors.js';
import { bytesSource } from '../files/source.js';
import { sha256File } from '../cohort/cohort-files.js';
import { openEncoder } from './encoder.js';
import { externalWeights } from './external-weights.js';

const folder = mkdtempSync(join(tmpdir(), 'weights-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Protobuf: a field that holds bytes, a text or another message, and one that holds a number. */
const field = (number: number, content: Uint8Array | string): Buffer =>
  Buffer.concat([varint(8 * number + 2), varint(content.length), Buffer.from(content)]);
const numeral = (number: number, value: number): Buffer => Buffer.concat([varint(8 * number), varint(value)]);
const varint = (value: number): Buffer =>
  value < 128 ? Buffer.of(value) : Buffer.concat([Buffer.of((value % 128) | 128), varint(Math.floor(value / 128))]);
const message = (...fields: Uint8Array[]): Buffer => Buffer.concat(fields);

const FLOAT = 1;
const EXTERNAL = 1;
/** A TensorProto whose values are in another file. */
const elsewhere = (location: string, name = '', dims: readonly number[] = [1]): Buffer =>
  message(
    ...dims.map((length) => numeral(1, length)),
    numeral(2, FLOAT),
    field(8, name),
    field(13, message(field(1, 'location'), field(2, location))),
    field(13, message(field(1, 'offset'), field(2, '0'))),
    numeral(14, EXTERNAL),
  );
const graph = (...fields: Uint8Array[]) => field(7, message(...fields));
const initializer = (tensor: Uint8Array) => field(5, tensor);
const node = (attribute: Uint8Array) => field(1, field(5, attribute));

describe('files that a model names', () => {
  test('in initializers, in nodes and their graphs, in functions and in sparse tensors, each once', async () => {
    const model = message(
      numeral(1, 8),
      graph(
        initializer(elsewhere('b/layer0.bin')),
        initializer(message(numeral(1, 100_000), field(9, new Uint8Array(400_000)))), // stepped over
        initializer(elsewhere('b/layer0.bin')),
        initializer(elsewhere('a')),
        node(field(6, node(field(5, elsewhere('in a branch'))))),
        node(field(10, elsewhere('in a list'))),
        node(field(11, initializer(elsewhere('in graphs')))),
        field(15, message(field(1, elsewhere('sparse values')), field(2, elsewhere('sparse places')))),
      ),
      field(25, field(7, field(5, field(5, elsewhere('in a function'))))),
    );
    expect(await externalWeights(bytesSource(model))).toEqual([
      ...['a', 'b/layer0.bin', 'in a branch', 'in a function', 'in a list', 'in graphs'],
      ...['sparse places', 'sparse values'],
    ]);
    const within = graph(initializer(message(numeral(1, 1), field(9, new Uint8Array(4)))));
    expect(await externalWeights(bytesSource(within))).toEqual([]);
  });

  test('what is no model, or is cut short, or nested without end, is an error', async () => {
    const whole = message(numeral(1, 8), graph(initializer(elsewhere('a'))));
    await expect(externalWeights(bytesSource(Buffer.from('no model')))).rejects.toThrow(RangeError);
    for (let length = 3; length < whole.length; length++)
      await expect(externalWeights(bytesSource(whole.subarray(0, length)))).rejects.toThrow(RangeError);
    let nested: Buffer = initializer(elsewhere('a'));
    for (let i = 0; i < 40; i++) nested = node(field(6, nested));
    await expect(externalWeights(bytesSource(field(7, nested)))).rejects.toThrow(/messages within messages/);
  });
});

describe('an encoder whose weights are in other files', () => {
  /** Writes a model whose two kernels are in the files named, and opens it. */
  async function opened(location: string, values: readonly [number, number], second = location) {
    const file = join(folder, 'model', 'encoder.onnx');
    const image = input('image', [1, 3, 8, 8]);
    const kernels = ['first', 'second'].map((name) => input(name, [2, 3, 1, 1]));
    const [features, more] = kernels.map((kernel) => mean(conv2d(image, kernel), [2, 3])) as [Value, Value];
    const model = exportModel({ features, more }, {}, { freeAxes: { image: ['n'] } });
    const tensors = [location, second].map((name, k) => {
      const path = join(dirname(file), name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, new Uint8Array(Float32Array.from({ length: 6 }, (_, i) => values[k] + i).buffer));
      return initializer(elsewhere(name, k === 0 ? 'first' : 'second', [2, 3, 1, 1]));
    });
    // A message that is there twice is the two together.
    writeFileSync(file, message(model, graph(...tensors)));
    writeFileSync(join(folder, 'model', 'encoder.yaml'), 'mean: [0, 0, 0]\nstd: [1, 1, 1]\noutput: features\n');
    const encoder = await openEncoder(file);
    await encoder.dispose();
    return { file, sha256: encoder.sha256 };
  }

  test('has a hash of them all, whatever their names', async () => {
    const { file, sha256 } = await opened('weights/layer0.bin', [1, 1]);
    const weights = join(dirname(file), 'weights/layer0.bin');
    expect(sha256).toBe(`${await sha256File(file)}+${await sha256File(weights)}`);
    expect((await opened('weights/layer0.bin', [2, 2])).sha256).not.toBe(sha256);
    const two = await opened('weights/layer0.bin', [1, 1], 'weights/layer1.bin');
    expect(two.sha256).toMatch(/^[0-9a-f]{64}\+[0-9a-f]{64}$/);
    expect((await opened('weights/layer0.bin', [1, 1], 'weights/layer1.bin')).sha256).toBe(two.sha256);
    expect((await opened('weights/layer0.bin', [1, 2], 'weights/layer1.bin')).sha256).not.toBe(two.sha256);
    expect((await opened('weights/layer0.bin', [2, 1], 'weights/layer1.bin')).sha256).not.toBe(two.sha256);
  });

  test('a file beside it that it does not name is none of its weights', async () => {
    const { file, sha256 } = await opened('a.bin', [1, 1]);
    writeFileSync(`${file}.data`, 'of another model');
    expect((await opened('a.bin', [1, 1])).sha256).toBe(sha256);
  });

  test.each(['../outside.bin', 'a/../../outside.bin', '/etc/hostname', '..\\outside.bin'])(
    'from %s is refused',
    async (location) => {
      const error: unknown = await opened(location, [1, 1]).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toMatch(
        /encoder.onnx: the model takes weights from outside its own folder/,
      );
    },
  );

  test('that is not there is named', async () => {
    const { file } = await opened('weights/layer0.bin', [1, 1]);
    rmSync(join(dirname(file), 'weights'), { recursive: true });
    await expect(openEncoder(file)).rejects.toThrow(
      "encoder.onnx: the model has its weights in a file that is not there ('weights/layer0.bin'). Put it where it was",
    );
  });
});
