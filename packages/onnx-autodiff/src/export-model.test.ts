import { onnx } from 'onnx-proto';
import { describe, expect, test } from 'vitest';
import {
  add,
  cast,
  compile,
  div,
  exportModel,
  gather,
  hostOperation,
  input,
  integers,
  lengthOf,
  linear,
  mul,
  openModel,
  sub,
  sum,
} from './index.js';
import { defined } from './testing/defined.js';

const x = input('x', [2, 3]);
const weight = input('weight', [1, 3]);
const y = linear(x, weight); // [2, 1]
const parameters = { weight: Float32Array.of(1, 10, 100), other: Float32Array.of(5) };

describe('an exported model', () => {
  test('holds the parameters under their names, and is fed the other inputs', async () => {
    const bytes = exportModel({ y }, parameters);
    const { graph } = onnx.ModelProto.decode(bytes);
    expect(defined(defined(graph).initializer).map(({ name, dims }) => [name, defined(dims).map(Number)])).toEqual([
      ['weight', [1, 3]],
    ]);
    const model = await openModel(bytes);
    expect(model.inputs.map(({ name }) => name)).toEqual(['x']);
    const result = await model.run({ x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } }, ['y']);
    expect([...result['y'].data]).toEqual([321, 654]);
    await model.dispose();
  });

  test('computes what the compiled graph computes', async () => {
    const data = Float32Array.from({ length: 6 }, (_, i) => Math.sin(i));
    const program = await compile({ y });
    const model = await openModel(exportModel({ y }, parameters));
    const [there, here] = [
      await model.run({ x: { data, shape: [2, 3] } }, ['y']),
      await program.run({ x: data, weight: parameters.weight }),
    ];
    expect([...there['y'].data]).toEqual([...here.y]);
    await Promise.all([model.dispose(), program.dispose()]);
  });

  test('says what it is', () => {
    const description = {
      doc: 'A weighted sum.',
      producer: { name: 'somebody', version: '1.2' },
      metadata: { task: 'sums' },
      docs: { x: 'rows', y: 'sums' },
      freeAxes: { x: ['rows'] },
    };
    const model = onnx.ModelProto.decode(exportModel({ y }, parameters, description));
    expect(model).toMatchObject({ docString: 'A weighted sum.', producerName: 'somebody', producerVersion: '1.2' });
    expect(model.metadataProps).toMatchObject([{ key: 'task', value: 'sums' }]);
    const [rows] = defined(defined(model.graph).input);
    expect(rows.docString).toBe('rows');
    expect(
      defined(defined(defined(defined(rows.type).tensorType).shape).dim).map((d) => d.dimParam || Number(d.dimValue)),
    ).toEqual(['rows', 3]);
    expect(defined(defined(model.graph).output)[0].docString).toBe('sums');
  });

  test('may leave the length of an axis to the caller', async () => {
    const n = lengthOf(x, 0);
    const last = gather(x, sub(n, integers([1]))); // [1, 3]
    const bytes = exportModel({ mean: div(sum(x, [0]), cast(n, 'float32')), last }, {}, { freeAxes: { x: ['rows'] } });
    const model = await openModel(bytes);
    expect(model.inputs[0].shape).toEqual(['rows', 3]);
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const { mean, last: lastRow } = await model.run({ x: { data, shape: [4, 3] } }, ['mean', 'last']);
    expect([[...mean.data], [...lastRow.data]]).toEqual([
      [4.5, 5.5, 6.5],
      [9, 10, 11],
    ]);
    await model.dispose();
  });

  test('is refused where no other program could run it, or the parameters do not fit', () => {
    const [host] = hostOperation({ name: 'mine', inputs: [x], outputs: [[2]], run: () => undefined });
    expect(() => exportModel({ host: mul(host, 2) }, {})).toThrow('mine is a host operation');
    expect(() => exportModel({ y }, { weight: new Float32Array(2) })).toThrow(
      'weight has shape [1, 3], its value has 2 elements',
    );
    expect(() => exportModel({ sum: add(x, input('x', [1])) }, {})).toThrow('two inputs are named x');
  });
});
