import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  abs,
  add,
  and,
  cast,
  compile,
  concat,
  constant,
  conv2d,
  div,
  elu,
  equal,
  erf,
  exp,
  expand,
  floor,
  gather,
  gatherElements,
  gelu,
  gemm,
  greater,
  greaterOrEqual,
  hostOperation,
  input,
  integers,
  layerNorm,
  linear,
  log,
  logSoftmax,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pad,
  relu,
  reshape,
  scatterAdd,
  sigmoid,
  sign,
  slice,
  softmax,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from './index.js';
import { evaluate, type GraphFunction } from './testing/central-differences.js';
import { distinct, mixed, positive, type Sample } from './testing/samples.js';

// SwiftShader is a GPU in software; Debian's chromium brings it. The Vulkan loader reads this when the first session starts.
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(driver)) process.env['VK_ICD_FILENAMES'] ??= driver;

const cases: Record<string, [samples: Sample[], f: GraphFunction]> = {
  'arithmetic with broadcasting': [[mixed(2, 3, 4), positive(3, 1)], (x, y) => div(sub(mul(x, y), add(x, 2)), y)],
  'maximum and minimum': [[distinct(3, 4), mixed(4)], (x, y) => minimum(maximum(x, y), 1)],
  'exp, log, sqrt, square, abs, neg': [
    [positive(3, 4)],
    (x) => add(exp(neg(x)), add(mul(log(x), sqrt(x)), square(abs(sub(x, 1))))),
  ],
  'sign, floor and stopGradient': [[mixed(3, 4)], (x) => mul(stopGradient(x), add(mul(x, sign(x)), floor(mul(x, 3))))],
  'tanh, sigmoid, relu': [[mixed(3, 4)], (x) => add(tanh(x), mul(sigmoid(x), relu(x)))],
  elu: [[mixed(3, 4)], elu],
  'erf and gelu': [[mixed(3, 4)], (x) => add(erf(x), gelu(x))],
  'where and conditions': [
    [mixed(3, 4), mixed(4)],
    (x, y) => where(and(greater(x, y), greaterOrEqual(x, 0)), mul(x, 3), where(equal(x, y), 0, mul(y, 2))),
  ],
  cast: [[mixed(3, 4)], (x) => mul(x, cast(greater(x, 0), 'float32'))],
  'sum, mean': [[mixed(2, 3, 4)], (x) => add(add(sum(x, [1]), mean(x, [0, 1])), sum(x))],
  max: [[distinct(2, 3, 4)], (x) => add(max(x, [1]), max(x))],
  softmax: [[mixed(2, 3, 5)], (x) => softmax(x)],
  'softmax along a middle axis': [[mixed(2, 3, 5)], (x) => softmax(x, 1)],
  logSoftmax: [[mixed(2, 5)], (x) => logSoftmax(x)],
  'reshape, transpose, expand': [
    [mixed(2, 3, 4), mixed(6, 1)],
    (x, y) => add(reshape(transpose(x, [2, 0, 1]), [4, 6]), transpose(expand(y, [6, 4]), [1, 0])),
  ],
  'concat, slice, pad': [[mixed(2, 3, 4), mixed(2, 1, 4)], (x, y) => pad(slice(concat([x, y], 1), 1, 1, 4), 2, 1, 2)],
  matmul: [[mixed(2, 3, 4), mixed(4, 5)], matmul],
  'matmul of batches that broadcast': [[mixed(2, 1, 3, 4), mixed(3, 4, 2)], matmul],
  gemm: [[mixed(4, 3), mixed(5, 4)], (a, b) => gemm(a, b, { transA: true, transB: true })],
  linear: [[mixed(2, 5, 3), mixed(4, 3), mixed(4)], linear],
  conv2d: [[mixed(2, 3, 6, 5), mixed(4, 3, 3, 3), mixed(4)], (x, w, b) => conv2d(x, w, b, { padding: 1 })],
  'conv2d in groups': [[mixed(2, 4, 5, 5), mixed(6, 2, 1, 1)], (x, w) => conv2d(x, w, undefined, { groups: 2 })],
  'conv2d in groups with stride and padding': [
    [mixed(2, 4, 9, 7), mixed(6, 2, 3, 3), mixed(6)],
    (x, w, b) => conv2d(x, w, b, { groups: 2, stride: 2, padding: 1 }),
  ],
  'depthwise conv2d whose stride leaves rows over': [
    [mixed(2, 8, 12, 11), mixed(8, 1, 6, 6), mixed(8)],
    (x, w, b) => conv2d(x, w, b, { groups: 8, stride: 4, padding: 1 }),
  ],
  layerNorm: [[mixed(2, 3, 16), mixed(16), mixed(16)], (x, scale, shift) => layerNorm(x, scale, shift)],
  gather: [[mixed(3, 4)], (x) => gather(x, integers([2, 0, 2, 2]))],
  'gatherElements and scatterAdd': [
    [mixed(2, 5)],
    (x) => {
      const indices = integers([4, 4, 0, 4, 1, 2, 2, 2], [2, 4]);
      return mul(x, scatterAdd([2, 5], indices, mul(gatherElements(x, indices, 1), 2), 1));
    },
  ],
  'large matrices, softmax and reductions': [
    [mixed(2, 60, 200), mixed(200, 70)],
    (x, y) => {
      const p = softmax(matmul(x, y));
      return add(max(p, [1]), add(sum(mul(p, p), [1]), mean(p)));
    },
  ],
  'large convolutions in 8 groups, with layerNorm': [
    [mixed(2, 128, 10, 10), mixed(512, 16, 1, 1), mixed(64, 1, 6, 6), mixed(64), mixed(64)],
    (x, w, offsets, scale, shift) => {
      const groups = reshape(conv2d(x, w, undefined, { groups: 8 }), [16, 64, 10, 10]);
      const reduced = gelu(conv2d(groups, offsets, undefined, { groups: 64, stride: 4, padding: 1 })); // [16, 64, 2, 2]
      return layerNorm(transpose(reduced, [0, 2, 3, 1]), scale, shift);
    },
  ],
  'tensors of one element and scalars': [[mixed(1, 1), mixed()], (x, y) => add(softmax(mul(x, y)), sum(matmul(x, x)))],
};

describe.skipIf(!existsSync(driver))(`webgpu gives the numbers of cpu (needs SwiftShader: ${driver})`, () => {
  test.each(Object.entries(cases))('%s', async (_name, [samples, f]) => {
    const cpu = await evaluate(samples, f);
    const gpu = await evaluate(samples, f, { provider: 'webgpu' });
    close(gpu.y, cpu.y);
    gpu.gradients.forEach((g, i) => close(g, cpu.gradients[i]));
  });

  test('a host operation between two stages', async () => {
    const x = input('x', [3]);
    const [double] = hostOperation({
      name: 'double',
      inputs: [exp(x)],
      outputs: [[3]],
      run([from], [to]) {
        for (let i = 0; i < 3; i++) to[i] = 2 * Number(from[i]);
      },
    });
    const program = await compile({ y: add(double, constant([1, 2, 3])) }, { provider: 'webgpu' });
    const { y } = await program.run({ x: Float32Array.of(0, 0, 0) });
    close(y, Float32Array.of(3, 4, 5));
    await program.dispose();
  });
});

function close(found: Float32Array, expected: Float32Array): void {
  const scale = Math.max(1, ...expected.map(Math.abs));
  expect(found.length).toBe(expected.length);
  found.forEach((x, i) =>
    expect(Math.abs(x - expected[i]) / scale, `element ${i}: ${x}, not ${expected[i]}`).toBeLessThan(1e-4),
  );
}
