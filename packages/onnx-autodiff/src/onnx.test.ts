import { onnx } from 'onnx-proto';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  constant,
  conv2d,
  elu,
  encodeModel,
  gather,
  input,
  integers,
  mul,
  topologicalOrder,
  type ModelDescription,
  type Value,
} from './index.js';
import { defined } from './testing/defined.js';

function model(y: Value, inputs: readonly Value[], description?: ModelDescription): Uint8Array {
  const named = new Map(inputs.map((x) => [x, x.node.op]));
  return encodeModel({ nodes: topologicalOrder([y]), inputs: named, outputs: new Map([[y, 'y']]) }, description);
}

describe('an encoded model', () => {
  test('is run by ONNX Runtime as it stands', async () => {
    const x = input('x', [3]);
    const session = await InferenceSession.create(model(mul(gather(x, integers([2, 0])), constant([10, 100])), [x]));
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y']);
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 2, 3), [3]) });
    expect([...(y.data as Float32Array)]).toEqual([30, 100]);
    await session.release();
  });

  test('holds inputs, outputs and constants with their types and shapes, and its metadata', () => {
    const x = input('x', [4, 2]);
    const indices = input('indices', [3], 'int64');
    const condition = constant(Uint8Array.of(1, 0), [2]);
    const decoded = onnx.ModelProto.decode(
      model(mul(gather(x, indices), constant([5, 6])), [x, indices], { metadata: { licence: 'MIT' } }),
    );
    const shapeOf = (v: onnx.IValueInfoProto) =>
      defined(defined(defined(defined(v.type).tensorType).shape).dim).map((d) => Number(d.dimValue));
    expect(
      defined(defined(decoded.graph).input).map((v) => [
        v.name,
        defined(defined(v.type).tensorType).elemType,
        shapeOf(v),
      ]),
    ).toEqual([
      ['x', onnx.TensorProto.DataType.FLOAT, [4, 2]],
      ['indices', onnx.TensorProto.DataType.INT64, [3]],
    ]);
    expect(defined(defined(decoded.graph).output).map((v) => [v.name, shapeOf(v)])).toEqual([['y', [3, 2]]]);
    expect(defined(decoded.graph).initializer).toHaveLength(1);
    expect(decoded.metadataProps).toMatchObject([{ key: 'licence', value: 'MIT' }]);
    expect(condition.type).toBe('bool');
  });

  test('keeps names apart', () => {
    const [v0, v1] = [input('v0', [1]), input('v1', [1])];
    const y = mul(mul(v0, v1), 2);
    const { node, initializer } = defined(onnx.ModelProto.decode(model(y, [v0, v1])).graph);
    const names = [
      ...defined(node).flatMap((n) => defined(n.output)),
      ...defined(initializer).map((t) => defined(t.name)),
      'v0',
      'v1',
    ];
    expect(new Set(names).size).toBe(names.length);
  });

  test('writes attributes of every kind', () => {
    const x = input('x', [1, 1, 4, 4]);
    const y = elu(conv2d(x, constant(new Float32Array(9), [1, 1, 3, 3]), undefined, { padding: 1 }));
    const { node } = defined(onnx.ModelProto.decode(model(y, [x])).graph);
    const attributes = Object.fromEntries(defined(node).flatMap((n) => defined(n.attribute).map((a) => [a.name, a])));
    expect(defined(defined(attributes['pads']).ints).map(Number)).toEqual([1, 1, 1, 1]);
    expect(Number(defined(attributes['group']).i)).toBe(1);
    expect(defined(attributes['alpha']).f).toBe(1);
  });

  test('a constant that is a view of a larger array is written alone', () => {
    const whole = Float32Array.of(1, 2, 3, 4);
    const x = input('x', [2]);
    const decoded = onnx.ModelProto.decode(model(mul(x, constant(whole.subarray(1, 3))), [x]));
    expect(defined(defined(decoded.graph).initializer)[0].rawData).toHaveLength(8);
  });
});
