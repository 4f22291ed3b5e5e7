import { input } from 'onnx-autodiff';
import { describe, expect, test } from 'vitest';
import { linear, linearLayer, named, normLayer, parameterInputs, weightOnly, type ParameterSpec } from './layers.js';

describe('a tree of layers', () => {
  const layers = {
    encoder: [linearLayer(3, 2), linearLayer(2, 2)],
    'fusion.0': linearLayer(4, 2),
    absent: undefined,
    norm: normLayer(2),
    queries: weightOnly([4, 2], 2),
    token: { shape: [2], start: 'zeros' } satisfies ParameterSpec,
  };

  test('names each parameter by the path to it, in its own order', () => {
    expect(named<ParameterSpec>(layers).map(([name, { shape }]) => [name, shape])).toEqual([
      ['encoder.0.weight', [2, 3]],
      ['encoder.0.bias', [2]],
      ['encoder.1.weight', [2, 2]],
      ['encoder.1.bias', [2]],
      ['fusion.0.weight', [2, 4]],
      ['fusion.0.bias', [2]],
      ['norm.scale', [2]],
      ['norm.shift', [2]],
      ['queries.weight', [4, 2]],
      ['token', [2]],
    ]);
  });

  test('becomes inputs of a graph under the same names and shapes', () => {
    const p = parameterInputs(layers);
    expect(p.encoder[1].bias.node.op).toBe('encoder.1.bias');
    expect(p['fusion.0'].weight.shape).toEqual([2, 4]);
    expect(p.absent).toBeUndefined();
    expect(linear(input('x', [5, 3]), p.encoder[0]).shape).toEqual([5, 2]);
  });

  test('a layer without the bias that it needs does not compile', () => {
    const p = parameterInputs(layers);
    // @ts-expect-error queries have no bias
    const build = () => linear(input('x', [5, 2]), p.queries);
    expect(build).toBeTypeOf('function');
  });
});
