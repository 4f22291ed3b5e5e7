import { describe, expect, test } from 'vitest';
import { outputsOf } from './predictor.js';

describe('what logits say', () => {
  const classes = { kind: 'classes', classes: ['a', 'b', 'c'] } as const;
  const p = [0.7, 0.2, 0.1];

  test('the weights of training are taken off: logits log(w·p) are the probabilities p', () => {
    const weights = [1, 3.5, 7];
    const logits = Float32Array.from(p, (x, c) => Math.log(weights[c] * x) + 4);
    outputsOf(logits, { ...classes, weights }).forEach((x, c) => expect(x).toBeCloseTo(p[c], 6));
  });

  test('without weights, a softmax; large logits do not overflow', () => {
    outputsOf(Float32Array.of(1000, 1000 + Math.log(3)), {
      kind: 'classes',
      classes: ['a', 'b'],
      weights: [2, 2],
    }).forEach((x, c) => expect(x).toBeCloseTo([0.25, 0.75][c], 4));
  });

  test('survival: hazards', () => {
    const hazards = outputsOf(Float32Array.of(0, Math.log(3)), { kind: 'survival', cuts: [12], timeUnit: 'months' });
    expect([...hazards].map((x) => x.toFixed(6))).toEqual(['0.500000', '0.750000']);
  });
});
