import { input } from 'onnx-autodiff';
import { describe, expect, test } from 'vitest';
import { evaluateGraph, gradientTwice } from '../testing/graph.js';
import {
  hazards,
  riskOf,
  survivalFunction,
  survivalLikelihood,
  survivalLossOf,
  survivalTargets,
  type SurvivalLabel,
} from './losses.js';

const C = 4;
const lambda = Float32Array.of(0.1, 0.2, 0.3, 0.4);

async function lossOf(values: Float32Array, labels: readonly SurvivalLabel[], alpha = 0): Promise<number> {
  const loss = survivalLikelihood(input('lambda', [labels.length, C]));
  const out = await evaluateGraph({ loss }, { lambda: values, ...survivalTargets(labels, C, alpha) });
  return out.loss[0];
}

const died = (bin: number): SurvivalLabel => ({ bin, censored: false });
const censored = (bin: number): SurvivalLabel => ({ bin, censored: true });

describe('survival likelihood', () => {
  test('S_j is the product of 1 − λ, with S_{−1} = 1 in front', async () => {
    const { S } = await evaluateGraph({ S: survivalFunction(input('lambda', [1, C])) }, { lambda });
    [1, 0.9, 0.72, 0.504, 0.3024].forEach((s, j) => expect(S[j]).toBeCloseTo(s, 6));
  });

  test.each([
    ['a death in the first bin: −log λ_0, since S_{−1} = 1', died(0), -Math.log(0.1)],
    ['a death in bin 2: −log(S_1·λ_2)', died(2), -Math.log(0.72 * 0.3)],
    ['a death in the last bin', died(3), -Math.log(0.504 * 0.4)],
    ['censored in the first bin: −log S_0', censored(0), -Math.log(0.9)],
    ['censored in the last bin: −log S_3', censored(3), -Math.log(0.3024)],
  ])('%s', async (_what, label, expected) => {
    expect(await lossOf(lambda, [label])).toBeCloseTo(expected, 5);
  });

  test('a batch is the mean, and α takes its share from the censored', async () => {
    const two = Float32Array.of(...lambda, ...lambda);
    const event = -Math.log(0.72 * 0.3);
    const open = -Math.log(0.72);
    expect(await lossOf(two, [died(2), censored(1)])).toBeCloseTo((event + open) / 2, 5);
    expect(await lossOf(two, [died(2), censored(1)], 0.4)).toBeCloseTo((event + 0.6 * open) / 2, 5);
    expect(await lossOf(two, [died(2), censored(1)], 1)).toBeCloseTo(event / 2, 5);
  });

  test('probabilities below 1e-7 count as 1e-7', async () => {
    const sure = Float32Array.of(1, 0, 0.5, 0.5);
    expect(await lossOf(sure, [died(1)])).toBeCloseTo(-2 * Math.log(1e-7), 3); // S_0 = 0 and λ_1 = 0
    expect(await lossOf(sure, [censored(3)])).toBeCloseTo(-Math.log(1e-7), 3);
    expect(await lossOf(sure, [died(0)])).toBeCloseTo(0, 6);
  });

  test('the gradient agrees with central differences, through the sigmoid too', async () => {
    const labels = [died(0), died(3), censored(1), censored(3), died(1)];
    const data = Float32Array.from({ length: 5 * C }, (_, i) => Math.sin(i) - 0.5);
    const { graph, differences } = await gradientTwice(
      (x) => survivalLikelihood(hazards(x)),
      { shape: [5, C], data },
      survivalTargets(labels, C, 0.3),
      1e-2,
    );
    graph.forEach((g, i) => expect(g).toBeCloseTo(differences[i], 3));
    expect(graph.subarray(1, 4)).toEqual(new Float32Array(3)); // who died in bin 0 says nothing about later bins
  });

  test('the loss of hazards that are there already is that of the graph', async () => {
    const two = Float32Array.of(...lambda, 0.5, 0.6, 0.7, 0.9);
    const labels = [died(2), censored(3)];
    expect(survivalLossOf(two, labels, C)).toBeCloseTo(await lossOf(two, labels), 5);
  });
});

test('risk is −Σ S_j, and higher hazards are a higher risk', () => {
  const [low, high] = riskOf([...lambda, 0.2, 0.2, 0.3, 0.4], C) as unknown as [number, number];
  expect(low).toBeCloseTo(-(0.9 + 0.72 + 0.504 + 0.3024), 6);
  expect(high).toBeGreaterThan(low);
});
