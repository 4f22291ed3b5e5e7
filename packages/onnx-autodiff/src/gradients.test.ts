import { describe, expect, test } from 'vitest';
import {
  add,
  compile,
  exp,
  gather,
  gradients,
  hostOperation,
  input,
  integers,
  log,
  matmul,
  mul,
  relu,
  ShapeError,
  sum,
  tanh,
  topologicalOrder,
  type Value,
} from './index.js';
import { expectGradients } from './testing/central-differences.js';
import { defined } from './testing/defined.js';
import { mixed } from './testing/samples.js';
import { onnxNode } from './value.js';

/** The values, computed at these feeds. */
async function compute(
  values: Record<string, Value>,
  feeds: Record<string, Float32Array> = {},
): Promise<Record<string, number[]>> {
  const program = await compile(values);
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries(results).map(([name, data]) => [name, [...data]]));
}

/** x · factor outside ONNX Runtime, with its gradient. */
function scale(x: Value, factor: number): Value {
  const [y] = hostOperation({
    name: 'scale',
    inputs: [x],
    outputs: [x.shape],
    run([from], [to]) {
      for (let i = 0; i < from.length; i++) to[i] = factor * Number(from[i]);
    },
    gradient: ([g]) => [scale(defined(g), factor)],
  });
  return y;
}

describe('gradients through whole graphs', () => {
  test('paths that part and meet again', () =>
    expectGradients([mixed(3, 3), mixed(3)], (x, b) => {
      const h = tanh(add(matmul(x, x), b));
      return add(mul(h, relu(h)), mul(h, x));
    }));

  test('host operations first, in the middle and last', async () => {
    await expectGradients([mixed(2, 3)], (x) => exp(scale(x, 2)));
    await expectGradients([mixed(2, 3)], (x) => mul(x, scale(tanh(x), 2)));
    await expectGradients([mixed(2, 3)], (x) => scale(tanh(x), 2));
    await expectGradients([mixed(2, 3)], (x) => scale(scale(x, 2), 3));
    await expectGradients([mixed(2, 3), mixed(3)], (x, y) => add(scale(mul(x, scale(y, 2)), 3), scale(add(x, y), 5)));
  });

  test('a host operation with two outputs, of which the loss needs one', async () => {
    const x = input('x', [2]);
    const [double, triple] = hostOperation({
      name: 'double and triple',
      inputs: [x],
      outputs: [[2], [2]],
      run([from], [two, three]) {
        for (let i = 0; i < 2; i++) [two[i], three[i]] = [2 * Number(from[i]), 3 * Number(from[i])];
      },
      gradient: ([g2, g3]) => {
        const parts = [g2 && mul(g2, 2), g3 && mul(g3, 3)].filter((g) => g !== undefined);
        return [parts.reduce(add)];
      },
    });
    const one = gradients(sum(triple), [x])[0];
    const both = gradients(sum(add(double, triple)), [x])[0];
    expect(await compute({ one, both })).toEqual({ one: [3, 3], both: [5, 5] });
  });

  test('with respect to values inside the graph', async () => {
    const x = input('x', [2]);
    const h = mul(x, 3);
    const y = mul(h, h);
    const [dx, dh, dy] = gradients(sum(y), [x, h, y]) as [Value, Value, Value];
    expect(await compute({ dx, dh, dy }, { x: Float32Array.of(1, 2) })).toEqual({
      dx: [18, 36],
      dh: [6, 12],
      dy: [1, 1],
    });
  });

  test('of the loss itself, and of what it does not depend on', async () => {
    const x = input('x', []);
    const unrelated = input('unrelated', [2, 3]);
    const [itself, zeros] = gradients(x, [x, unrelated]) as [Value, Value];
    expect(zeros.shape).toEqual([2, 3]);
    expect(await compute({ itself, zeros })).toEqual({ itself: [1], zeros: [0, 0, 0, 0, 0, 0] });
  });

  test('a value named twice gets its gradient twice', async () => {
    const x = input('x', [1]);
    const [a, b] = gradients(sum(mul(x, x)), [x, x]) as [Value, Value];
    expect(await compute({ a, b }, { x: Float32Array.of(4) })).toEqual({ a: [8], b: [8] });
  });

  test('nothing is computed for values that need no gradient', () => {
    const x = input('x', [2]);
    const fixed = exp(input('fixed', [2]));
    const order = topologicalOrder(gradients(sum(mul(x, log(fixed))), [x]));
    expect(order.map((n) => n.op)).not.toContain('Div'); // the derivative of the logarithm
  });

  test('the gradient of a gradient, where the rules are made of differentiable operations', () =>
    expectGradients([mixed(2, 2)], (x) => gradients(sum(mul(tanh(x), exp(x))), [x])[0]));
});

test('central differences expose a wrong rule', async () => {
  const wrong = (x: Value) => onnxNode('Cos', [x], { shape: x.shape }, (g) => [mul(g, onnxNode('Sin', [x], x))]); // the sign is missing
  await expect(expectGradients([mixed(3)], wrong)).rejects.toThrow('argument 0, element 0');
});

test('ten thousand operations deep', () => {
  const x = input('x', [3]);
  let y: Value = x;
  for (let i = 0; i < 10_000; i++) y = tanh(y);
  const [g] = gradients(sum(y), [x]);
  expect(topologicalOrder([g]).length).toBeGreaterThan(20_000);
});

describe('errors', () => {
  test('the loss is not a scalar', () => {
    expect(() => gradients(input('x', [1, 2]), [])).toThrow(ShapeError);
    expect(() => gradients(input('x', [1, 2]), [])).toThrow('gradients: the loss must be a scalar (shapes [1, 2])');
  });
  test('an operation without a gradient rule is named, if the gradient must pass it', () => {
    const x = input('x', [2]);
    const opaque = onnxNode('Cos', [x], { shape: [2] });
    expect(() => gradients(sum(opaque), [x])).toThrow('gradients: Cos has no gradient rule');
    const beside = input('z', [2]);
    expect(gradients(sum(add(opaque, beside)), [beside])).toHaveLength(1);
  });
  test('indices and conditions take no gradient', async () => {
    const x = input('x', [2]);
    const [dx] = gradients(sum(gather(x, integers([1, 1]))), [x]) as [Value];
    expect(await compute({ dx })).toEqual({ dx: [0, 2] });
  });
});
