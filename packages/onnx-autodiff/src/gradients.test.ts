import { expect, test } from 'vitest';
import { compile, constant, conv2d, gradients, input, mul, sum, layerNorm, gatherElements, integers, hostOperation, relu, matmul, softmax, concat, slice } from './index.js';
import type { Value } from './index.js';

const noise = (n: number, k = 1) => Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) * k + k) );
async function check(shapes: number[][], f: (...x: Value[]) => Value) {
  const xs = shapes.map((s, i) => input(`x${i}`, s));
  const y = f(...xs);
  const c = noise(y.shape.reduce((a, b) => a * b, 1), 7);
  const loss = sum(mul(y, constant(c, y.shape)));
  const g = gradients(loss, xs);
  const program = await compile({ y, ...Object.fromEntries(g.map((v, i) => [`g${i}`, v])) });
  const feeds = Object.fromEntries(shapes.map((s, i) => [`x${i}`, noise(s.reduce((a, b) => a * b, 1), i + 2)]));
  const value = async () => { const { y } = await program.run(feeds); return y.reduce((t, v, i) => t + v * c[i]!, 0); };
  const out = await program.run(feeds);
  const got = xs.map((_, i) => Float32Array.from((out as Record<string, Float32Array>)[`g${i}`]!));
  for (let i = 0; i < xs.length; i++) {
    const x = feeds[`x${i}`]!;
    const scale = Math.max(...got[i]!.map(Math.abs));
    for (let j = 0; j < x.length; j += Math.ceil(x.length / 20)) {
      const old = x[j]!;
      x[j] = old + 1e-2; const up = await value();
      x[j] = old - 1e-2; const down = await value();
      x[j] = old;
      expect(Math.abs((up - down) / 2e-2 - got[i]![j]!), `input ${i} element ${j}`).toBeLessThan(3e-3 * scale + 1e-4);
    }
  }
}
test('conv', () => check([[2, 6, 10, 10], [6, 1, 6, 6], [6]], (x, w, b) => conv2d(x, w, b, { stride: 4, padding: 1, groups: 6 })));
test('conv2', () => check([[2, 4, 7, 9], [6, 2, 3, 2], [6]], (x, w, b) => conv2d(x, w, b, { stride: 2, padding: 1, groups: 2 })));
test('ln', () => check([[3, 4, 8], [8], [8]], (x, w, b) => layerNorm(x, w, b)));
test('gather', () => check([[3, 4]], (x) => gatherElements(x, integers([0, 1, 2, 2, 0, 0, 1, 1], [2, 4]), 0)));
test('matmul', () => check([[2, 3, 4], [4, 5]], (x, w) => softmax(matmul(x, w))));
test('concat', () => check([[2, 3], [2, 1]], (x, w) => mul(slice(concat([x, w], 1), 1, 1, 4), 2)));
test('host', () => check([[2, 3]], (x) => {
  const double = (v: Value): Value => hostOperation({ name: 'double', inputs: [v], outputs: [v.shape], run: ([a], [b]) => { a!.forEach((e, i) => { b![i] = 2 * Number(e); }); }, gradient: ([g]) => [double(g!)] })[0]!;
  return mul(x, double(relu(mul(x, x))));
}));
