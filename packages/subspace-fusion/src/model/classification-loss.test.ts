import { input } from 'onnx-autodiff';
import { expect, test } from 'vitest';
import { evaluateGraph, gradientTwice, normals } from '../testing/graph.js';
import { classLossOf, crossEntropy, crossEntropyTarget } from './losses.js';

const logits = Float32Array.of(1, 2, 0, 0, 0, 0, -1, 3, 1);
const weights = [1, 2, 4];

async function lossOf(values: Float32Array, labels: readonly number[], w: readonly number[]): Promise<number> {
  const { loss, target } = crossEntropy(input('logits', [labels.length, w.length]));
  const out = await evaluateGraph({ loss }, { logits: values, [target.node.op]: crossEntropyTarget(labels, w) });
  return out.loss[0];
}

test('the weighted mean of −log softmax, divided by the weights of the labels', async () => {
  const log = (row: number[], y: number) => Math.log(row.reduce((t, x) => t + Math.exp(x), 0)) - row[y];
  const byHand = (2 * log([1, 2, 0], 1) + 1 * Math.log(3) + 4 * log([-1, 3, 1], 2)) / (2 + 1 + 4);
  expect(await lossOf(logits, [1, 0, 2], weights)).toBeCloseTo(byHand, 6);
  // log(1 + e⁻¹ + e⁻²) = 0.4076, log 3 = 1.0986, 2 + log(1 + e⁻² + e⁻⁴) = 2.1429
  expect(byHand).toBeCloseTo((2 * 0.407606 + 1.098612 + 4 * 2.142932) / 7, 5);
});

test('a class that is absent from the batch takes no part', async () => {
  const two = logits.slice(0, 6);
  const log = (row: number[], y: number) => Math.log(row.reduce((t, x) => t + Math.exp(x), 0)) - row[y];
  expect(await lossOf(two, [1, 1], [1, 2, 4])).toBeCloseTo((log([1, 2, 0], 1) + Math.log(3)) / 2, 6);
  expect(await lossOf(two, [1, 1], [1, 7, 100])).toBeCloseTo((log([1, 2, 0], 1) + Math.log(3)) / 2, 6);
});

test('large logits stay finite', async () => {
  expect(await lossOf(Float32Array.of(500, -500, 0), [1], [1, 1, 1])).toBeCloseTo(1000, 3);
});

test('the target of a micro-batch is its rows of the whole target', () => {
  const whole = crossEntropyTarget([1, 0, 2], weights);
  expect(Array.from(whole, (x) => Math.round(x * 7000) / 1000)).toEqual([0, 2, 0, 1, 0, 0, 0, 0, 4]);
});

test('the gradient agrees with central differences', async () => {
  const { graph, differences } = await gradientTwice(
    (x) => crossEntropy(x).loss,
    { shape: [4, 3], data: normals('logits', 12) },
    { target: crossEntropyTarget([0, 2, 2, 1], weights) },
    1e-2,
  );
  graph.forEach((g, i) => expect(g).toBeCloseTo(differences[i], 3));
});

test('the loss of probabilities is that of the graph', async () => {
  const probabilities = [0, 1, 2].flatMap((b) => {
    const e = Array.from(logits.subarray(3 * b, 3 * b + 3), Math.exp);
    return e.map((x) => x / e.reduce((s, y) => s + y, 0));
  });
  expect(classLossOf(probabilities, [1, 0, 2], weights)).toBeCloseTo(await lossOf(logits, [1, 0, 2], weights), 6);
});
