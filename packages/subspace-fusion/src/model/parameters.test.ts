import { describe, expect, test } from 'vitest';
import { initialise, parameterCount } from './layers.js';
import { networkParameters } from './network.js';

const paper = { patchWidth: 1024, genes: { tumour: 59, microenvironment: 361 }, classes: 4 };

describe('parameters', () => {
  test('are as many as counted by hand', () => {
    const genes = (n: number) => n * 64 + 64 + (64 * 48 + 48) + (48 * 32 + 32) + (32 * 128 + 128);
    const patchesAndFusion = (width: number) => width * 128 + 128 + (256 * 128 + 128);
    const attention =
      3 * 8 * 64 * 16 + (64 * 36 + 64) + 2 * 64 + (64 + 32) + (1024 + 32) + (32 + 1) + (512 * 128 + 128);
    const rest = 4 * 128 + 2 * (128 * 128 + 128); // two LayerNorms, pooler, projection
    const whole = genes(59) + genes(361) + 2 * (patchesAndFusion(1024) + attention + rest) + (4 * 256 + 4);
    expect(whole).toBe(628_966);
    expect(parameterCount(networkParameters(paper))).toBe(whole);
    const tiny = { patchWidth: 7, genes: { tumour: 1, microenvironment: 2000 }, classes: 2 };
    expect(parameterCount(networkParameters(tiny))).toBe(
      genes(1) + genes(2000) + 2 * (patchesAndFusion(7) + attention + rest) + (2 * 256 + 2),
    );
  });

  test('are named once and in a fixed order', () => {
    const names = Object.keys(networkParameters(paper));
    expect(names[0]).toBe('tumour.genes.0.weight');
    expect(names.at(-1)).toBe('head.bias');
    expect(names).toEqual(Object.keys(networkParameters({ ...paper, classes: 3 })));
  });
});

describe('starting values', () => {
  const start = initialise(networkParameters(paper), 1);
  const largest = (x: Float32Array) => x.reduce((a, b) => Math.max(a, b));
  const moments = (x: Float32Array) => {
    const mean = x.reduce((a, b) => a + b, 0) / x.length;
    return { mean, variance: x.reduce((t, v) => t + (v - mean) ** 2, 0) / x.length };
  };

  // fan_in of a grouped or depthwise convolution counts the channels of one group.
  test.each([
    ['tumour.patches.weight', 1024],
    ['tumour.patches.bias', 1024],
    ['tumour.fusion.weight', 256],
    ['microenvironment.queries.weight', 16],
    ['tumour.offsets.depthwise.weight', 36],
    ['tumour.offsets.depthwise.bias', 36],
    ['tumour.offsets.pointwise.weight', 64],
    ['tumour.bias.0.weight', 2],
    ['tumour.bias.1.weight', 32],
    ['tumour.bias.2.bias', 32],
    ['tumour.out.weight', 512],
    ['tumour.pooler.weight', 128],
    ['head.weight', 256],
    ['head.bias', 256],
  ])('%s is uniform within ±1/√%i, as in PyTorch', (name, fanIn) => {
    const x = start[name];
    const bound = 1 / Math.sqrt(fanIn);
    expect(x.every((v) => Math.abs(v) <= Math.fround(bound))).toBe(true);
    const { mean, variance } = moments(x);
    const n = x.length;
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(bound ** 2 / 3 / n));
    if (n >= 64) {
      expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(4 * Math.sqrt(0.8 / n)); // kurtosis 9/5
      expect(largest(x)).toBeGreaterThan(bound * (1 - 16 / n));
    }
  });

  test.each([
    ['tumour.genes.0.weight', 59],
    ['microenvironment.genes.0.weight', 361],
    ['tumour.genes.3.weight', 32],
  ])('%s is normal with variance 1/%i', (name, fanIn) => {
    const x = start[name];
    const { mean, variance } = moments(x);
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(1 / fanIn / x.length));
    expect(Math.abs(variance * fanIn - 1)).toBeLessThan(4 * Math.sqrt(2 / x.length));
    expect(largest(x)).toBeGreaterThan(2 / Math.sqrt(fanIn)); // beyond any uniform of this variance
  });

  test('biases of the gene encoder are 0, LayerNorms 1 and 0', () => {
    expect(start['tumour.genes.2.bias']).toEqual(new Float32Array(32));
    expect(start['tumour.norm.scale']).toEqual(new Float32Array(128).fill(1));
    expect(start['microenvironment.norm2.shift']).toEqual(new Float32Array(128));
  });

  test('a seed gives the same numbers, another seed others; every parameter has a stream of its own', () => {
    const specs = networkParameters(paper);
    for (const [name, x] of Object.entries(initialise(specs, 1)))
      expect(Buffer.from(x.buffer).equals(Buffer.from(start[name].buffer)), name).toBe(true);
    const other = initialise(specs, 2);
    expect(other['tumour.keys.weight']).not.toEqual(start['tumour.keys.weight']);
    expect(start['tumour.keys.weight']).not.toEqual(start['tumour.values.weight']);
    expect(start['tumour.keys.weight']).not.toEqual(start['microenvironment.keys.weight']);
  });
});
