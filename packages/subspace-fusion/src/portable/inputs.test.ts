import { exportModel, input, openModel } from 'onnx-autodiff';
import { describe, expect, test } from 'vitest';
import { bagRows } from '../cohort/bags/bag.js';
import { applyGeneScaling, type GeneScaling } from '../runs/scaling.js';
import { evaluateGraph, normals } from '../testing/graph.js';
import { fixedBag, scaledGenes } from './graph.js';

describe('the bag of a fixed size', () => {
  test.each([36, 100])(
    'of %i tokens holds the rows that training takes, whatever the number of patches',
    async (tokens) => {
      const graph = { bag: fixedBag(input('features', [tokens, 1]), tokens) };
      const model = await openModel(exportModel(graph, {}, { freeAxes: { features: ['patches'] } }));
      for (const patches of [
        1,
        2,
        7,
        tokens - 1,
        tokens,
        tokens + 1,
        54,
        90,
        2 * tokens,
        2.5 * tokens,
        12_345,
        1_000_003,
      ]) {
        const data = Float32Array.from({ length: patches }, (_, i) => i);
        const { bag } = await model.run({ features: { data, shape: [patches, 1] } }, ['bag']);
        expect(bag.shape).toEqual([1, tokens, 1]);
        expect([...bag.data], `${patches} patches`).toEqual([...bagRows(patches, tokens)]);
      }
      await model.dispose();
    },
  );
});

describe('scaled genes', () => {
  const genes = ['A', 'B', 'C', 'D', 'E'];
  const scaling = (transform: GeneScaling['transform'], more: Partial<GeneScaling> = {}): GeneScaling => ({
    transform,
    genes,
    mean: { none: [0.5, -2, 1000, 3, 0], log2p1: [2, 11, 0.1, 16, 5], rank: [0.2, 0.5, 0.9, 0.4, 0.5] }[transform],
    deviation: { none: [1, 0.3, 120, 0, 2], log2p1: [1.5, 0.8, 0.05, 2, 0], rank: [0.1, 0.3, 0.05, 0.2, 0] }[transform],
    ...more,
  });

  /** Raw values that some patient may have. */
  const patients: Record<string, { transform: GeneScaling['transform']; values: number[] }> = {
    'z-scores': { transform: 'none', values: [0.9, -2.2, 1150, 7, -3] },
    'values far out': { transform: 'none', values: [3515, -80, 5000, 0, 9] },
    counts: { transform: 'log2p1', values: [4.25, 2500, 0, 71_234, 33] },
    'large counts': { transform: 'log2p1', values: [0, 1_400, 0.07, 12_000_000, 1] },
    'ranks, with ties': { transform: 'rank', values: [3, 0, 0, 7, 3] },
    ranks: { transform: 'rank', values: [5, 4, 3, 2, 1] },
  };

  test.each(Object.entries(patients))('are those of training: %s', async (_name, { transform, values }) => {
    const raw = Float32Array.from(values);
    for (const s of [scaling(transform), scaling(transform, { clip: null }), scaling(transform, { clip: 1 })]) {
      const { z } = await evaluateGraph({ z: scaledGenes(input('x', [5]), s) }, { x: raw });
      const expected = applyGeneScaling(s, { patients: ['p'], genes, values: raw }, ['p']);
      // Float32's rounding of 1 + x, in units of the gene's deviation.
      const allowed = (g: number) => 1e-6 * Math.abs(expected[g]) + 2e-7 / (s.deviation[g] || 1);
      z.forEach((value, g) =>
        expect(Math.abs(value - expected[g]), `${genes[g]}: ${value}`).toBeLessThanOrEqual(allowed(g)),
      );
    }
  });

  test('keep their digits where a logarithm would lose them: a large mean and a small deviation', async () => {
    const n = 200;
    const names = Array.from({ length: n }, (_, g) => `G${g}`);
    const s: GeneScaling = {
      transform: 'log2p1',
      genes: names,
      mean: names.map(() => 15.3),
      deviation: names.map(() => 0.02),
    };
    const raw = normals('raw', n).map((x) => 2 ** (15.3 + 0.02 * x) - 1);
    const { z } = await evaluateGraph({ z: scaledGenes(input('x', [n]), s) }, { x: raw });
    const expected = applyGeneScaling(s, { patients: ['p'], genes: names, values: raw }, ['p']);
    expect(Math.max(...z.map((value, g) => Math.abs(value - expected[g])))).toBeLessThan(2e-5);
  });
});
