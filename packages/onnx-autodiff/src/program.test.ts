import { describe, expect, test } from 'vitest';
import {
  add,
  compile,
  constant,
  conv2d,
  gather,
  gradients,
  greater,
  hostOperation,
  input,
  integers,
  layerNorm,
  matmul,
  mean,
  mul,
  relu,
  reshape,
  scatterAdd,
  softmax,
  sum,
  type HostFunction,
  type TensorData,
  type Value,
} from './index.js';
import { noise } from './testing/samples.js';

/** A host operation whose result has the shape of its first input. */
const host = (name: string, inputs: readonly Value[], run: HostFunction): Value =>
  hostOperation({ name, inputs, outputs: [inputs[0].shape], run })[0];

/** Adds 1 outside ONNX Runtime. */
const increment = (x: Value) =>
  host('increment', [x], ([from], [to]) => {
    for (let i = 0; i < from.length; i++) to[i] = Number(from[i]) + 1;
  });

async function runOnce<Name extends string>(outputs: Record<Name, Value>, feeds: Record<string, TensorData> = {}) {
  const program = await compile(outputs);
  const results = await program.run(feeds);
  await program.dispose();
  return Object.fromEntries(Object.entries<Float32Array>(results).map(([name, data]) => [name, [...data]])) as Record<
    Name,
    number[]
  >;
}

describe('outputs', () => {
  const x = input('x', [2]);
  const feeds = { x: Float32Array.of(1, 2) };

  test('one value under two names, an input, a constant, a scalar', async () => {
    const double = mul(x, 2);
    const outputs = { double, again: double, x, alsoX: x, fixed: constant([7]), total: sum(x) };
    expect(await runOnce(outputs, feeds)).toEqual({
      double: [2, 4],
      again: [2, 4],
      x: [1, 2],
      alsoX: [1, 2],
      fixed: [7],
      total: [3],
    });
  });

  test('nothing at all, and tensors without elements', async () => {
    expect(await runOnce({})).toEqual({});
    expect(await runOnce({ y: mul(input('none', [0, 3]), 2) }, { none: new Float32Array(0) })).toEqual({ y: [] });
  });

  test('a value and what is computed from it', async () => {
    const a = mul(x, 2);
    const b = add(a, 1);
    expect(await runOnce({ b, a }, feeds)).toEqual({ a: [2, 4], b: [3, 5] });
  });

  test('the arrays belong to the program: the next run writes them again', async () => {
    const program = await compile({ y: mul(x, 2) });
    const { y } = await program.run(feeds);
    const kept = y.slice();
    const second = await program.run({ x: Float32Array.of(5, 6) });
    expect(second.y).toBe(y);
    expect([...y]).toEqual([10, 12]);
    expect([...kept]).toEqual([2, 4]);
    await program.dispose();
  });

  test('must be float32', async () => {
    await expect(compile({ y: greater(x, 0) })).rejects.toThrow('compile: output y is bool; cast it to float32');
  });
});

describe('host operations', () => {
  const x = input('x', [2]);
  const feeds = { x: Float32Array.of(1, 2) };

  test('first, last, alone and one after another', async () => {
    const outputs = {
      first: mul(increment(x), 3),
      last: increment(mul(x, 3)),
      alone: increment(x),
      chain: increment(increment(x)),
      mixed: add(increment(mul(increment(x), 2)), x),
    };
    expect(await runOnce(outputs, feeds)).toEqual({
      first: [6, 9],
      last: [4, 7],
      alone: [2, 3],
      chain: [3, 4],
      mixed: [6, 9],
    });
  });

  test('of constants and of nothing that is fed', async () => {
    expect(await runOnce({ y: mul(increment(constant([1, 2])), 2) })).toEqual({ y: [4, 6] });
  });

  test('read conditions and indices, and may be asynchronous', async () => {
    const condition = greater(x, 1);
    const indices = input('indices', [2], 'int64');
    const y = host(
      'choose',
      [x, condition, gather(integers([10, 20]), indices)],
      async ([from, chosen, number], [to]) => {
        await Promise.resolve();
        for (let i = 0; i < 2; i++) to[i] = chosen[i] ? Number(number[i]) : Number(from[i]);
      },
    );
    expect(await runOnce({ y }, { ...feeds, indices: BigInt64Array.of(0n, 1n) })).toEqual({ y: [1, 20] });
  });

  test('an error in one rejects the run, and the next run works', async () => {
    let broken = true;
    const y = host('fragile', [mul(x, 2)], ([from], [to]) => {
      if (broken) throw new Error('broken pipe');
      (to as Float32Array).set(from as Float32Array);
    });
    const program = await compile({ y: add(y, 1) });
    await expect(program.run(feeds)).rejects.toThrow('broken pipe');
    broken = false;
    expect([...(await program.run(feeds)).y]).toEqual([3, 5]);
    await program.dispose();
  });
});

describe('inputs', () => {
  const x = input('x', [2, 1]);
  const y = input('y', [1, 3]);

  test('are listed with their shapes; those that no output needs are not', async () => {
    const program = await compile({ product: matmul(x, y) });
    expect(program.inputs).toEqual({ x: [2, 1], y: [1, 3] });
    await program.dispose();
    const one = await compile({ only: mul(x, 2) });
    expect(one.inputs).toEqual({ x: [2, 1] });
    await one.dispose();
  });

  test('missing, unknown, of another size or type', async () => {
    const program = await compile({ product: matmul(x, y) });
    const feeds = { x: new Float32Array(2), y: new Float32Array(3) };
    await expect(program.run({ x: feeds.x })).rejects.toThrow('run: input y [1, 3] was not fed');
    await expect(program.run({ ...feeds, z: feeds.x })).rejects.toThrow('run: there is no input z; inputs are x, y');
    await expect(program.run({ ...feeds, x: feeds.y })).rejects.toThrow(
      'run: input x has shape [2, 1], 2 elements; it was fed 3',
    );
    const whole = { ...feeds, x: new BigInt64Array(2) };
    await expect(program.run(whole)).rejects.toThrow('run: input x wants a Float32Array, not a BigInt64Array');
    expect([...(await program.run(feeds)).product]).toEqual([0, 0, 0, 0, 0, 0]);
    await program.dispose();
  });

  test('two of one name', async () => {
    await expect(compile({ sum: add(x, input('x', [2, 1])) })).rejects.toThrow('compile: two inputs are named x');
  });

  test('named like the arrays inside a program', async () => {
    const v0 = input('v0', [1]);
    const out0 = input('out0', [1]);
    const in0 = input('in0', [1]);
    const feeds = { v0: Float32Array.of(1), out0: Float32Array.of(10), in0: Float32Array.of(100) };
    expect(await runOnce({ y: add(increment(add(v0, out0)), add(increment(in0), mul(v0, 2))) }, feeds)).toEqual({
      y: [115],
    });
  });

  test('a shape is of whole numbers', () => {
    expect(() => input('x', [2.5])).toThrow('input x: [2.5] is not a shape');
    expect(() => input('x', [-1])).toThrow('input x: [-1] is not a shape');
    expect(() => constant([1, 2, 3], [2])).toThrow('constant: 3 elements do not fill shape [2]');
  });
});

describe('life of a program', () => {
  test('one run at a time', async () => {
    const x = input('x', [2]);
    const program = await compile({ y: increment(mul(x, 2)) });
    const first = program.run({ x: Float32Array.of(1, 2) });
    await expect(program.run({ x: Float32Array.of(3, 4) })).rejects.toThrow('the previous run has not ended');
    expect([...(await first).y]).toEqual([3, 5]);
    expect([...(await program.run({ x: Float32Array.of(3, 4) })).y]).toEqual([7, 9]);
    await program.dispose();
  });

  test('no run after dispose', async () => {
    const program = await compile({ y: mul(input('x', [1]), 2) });
    await program.dispose();
    await expect(program.run({ x: Float32Array.of(1) })).rejects.toThrow('disposed');
  });

  test('a graph hundreds of operations deep', async () => {
    let y: Value = input('x', [2]);
    for (let i = 0; i < 500; i++) y = i % 2 === 0 ? add(y, 1) : relu(y);
    expect(await runOnce({ y }, { x: Float32Array.of(1, 2) })).toEqual({ y: [251, 252] });
  });
});

test('the same bits in 20 runs at two threads and at one: matmul, convolution, reductions, scattering with repeated indices', async () => {
  const image = input('image', [2, 16, 50, 50]);
  const kernel = input('kernel', [32, 8, 3, 3]);
  const weight = input('weight', [32, 96]);
  const scale = input('scale', [96]);
  const shift = input('shift', [96]);
  const maps = relu(conv2d(image, kernel, undefined, { padding: 1, groups: 2 })); // [2, 32, 50, 50]
  const tokens = layerNorm(matmul(reshape(maps, [5000, 32]), weight), scale, shift); // [5000, 96]
  const places = Array.from({ length: 5000 * 96 }, (_, i) => (i * 7919) % 3);
  const scattered = scatterAdd([3, 96], integers(places, [5000, 96]), softmax(tokens), 0);
  const loss = add(
    mean(mul(scattered, scattered)),
    add(sum(mean(tokens, [0])), mean(gather(tokens, integers(places.slice(0, 4000))))),
  );
  const parameters = [image, kernel, weight, scale, shift];
  const derivatives = gradients(loss, parameters);
  const outputs: Record<string, Value> = {
    loss,
    scattered,
    ...Object.fromEntries(derivatives.map((g, i) => [`g${i}`, g])),
  };
  const feeds = Object.fromEntries(
    parameters.map(({ shape, node }, i) => [
      node.op,
      noise(
        shape.reduce((n, d) => n * d, 1),
        i + 1,
      ),
    ]),
  );

  const bitsOf = (results: Readonly<Record<string, Float32Array>>) =>
    Buffer.concat(Object.values(results).map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength)));
  const single = await compile(outputs, { threads: 1 });
  const expected = bitsOf(await single.run(feeds));
  await single.dispose();
  const double = await compile(outputs, { threads: 2 });
  for (let run = 0; run < 20; run++) expect(bitsOf(await double.run(feeds)).equals(expected), `run ${run}`).toBe(true);
  await double.dispose();
});
