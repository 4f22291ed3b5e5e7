import { describe, expect, test } from 'vitest';
import { ofSubspaces } from '../model/parts.js';
import { defined } from '../testing/defined.js';
import { gradientsOf, type Setting } from '../testing/random-batch.js';
import type { BatchGradients } from './step.js';

const bits = ({ gradients }: BatchGradients) =>
  Buffer.concat(Object.values(gradients).map((g) => Buffer.from(g.buffer, g.byteOffset, g.byteLength)));

/** Largest difference of any gradient, relative to the largest of that parameter (or 1e-3, where all are tiny). */
function difference(a: BatchGradients, b: BatchGradients): number {
  const largest = (x: Float32Array) => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return Math.max(
    ...Object.entries(a.gradients).map(
      ([name, g]) => largest(g.map((x, i) => x - b.gradients[name][i])) / Math.max(largest(g), 1e-3),
    ),
  );
}

describe('exact micro-batches', () => {
  test.each(['survival', 'classes'] as const)(
    '%s: gradients of 5 samples by 1, 2, 3 and all at once agree to float rounding',
    async (task) => {
      const batch: Setting = { task, samples: 5, tokens: 49, dropout: 0.1, draw: { seed: 3, step: 7 } };
      const whole = await gradientsOf({ ...batch, microBatch: 5 });
      for (const microBatch of [1, 2, 3, 8]) {
        const parts = await gradientsOf({ ...batch, microBatch });
        expect(difference(whole, parts), `micro-batches of ${microBatch}`).toBeLessThan(2e-5);
        expect(parts.task).toBeCloseTo(whole.task, 5);
        expect(parts.consistency.tumour).toBeCloseTo(ofSubspaces(whole.consistency).tumour, 5);
        parts.logits.forEach((x, i) => expect(x).toBeCloseTo(whole.logits[i], 4));
        const vgrid = ofSubspaces(whole.vgrid).microenvironment;
        ofSubspaces(parts.vgrid).microenvironment.forEach((x, i) => expect(x).toBeCloseTo(vgrid[i], 4));
      }
    },
  );

  test('at the published form of the consistency too, which mixes samples and groups', async () => {
    const batch: Setting = { samples: 4, consistency: 'reference' };
    const whole = await gradientsOf({ ...batch, microBatch: 4 });
    expect(difference(whole, await gradientsOf({ ...batch, microBatch: 3 }))).toBeLessThan(2e-5);
    expect(whole.consistency.tumour).not.toBeCloseTo(
      ofSubspaces((await gradientsOf({ samples: 4 })).consistency).tumour,
      3,
    );
  });

  test('what the task predicts for a sample does not depend on the others', async () => {
    const three = await gradientsOf({ samples: 3, consistency: 'none' });
    const one = await gradientsOf({ samples: 1, consistency: 'none' });
    one.logits.forEach((x, i) => expect(x).toBeCloseTo(three.logits[i], 5));
  });
});

describe('the consistency term', () => {
  test('is left out of a batch of one, which has no partner', async () => {
    const one = await gradientsOf({ samples: 1 });
    expect(one.consistency).toEqual({ tumour: 0, microenvironment: 0 });
    expect(difference(one, await gradientsOf({ samples: 1, consistency: 'none' }))).toBeLessThan(1e-6);
  });

  test('reaches the gene encoder and the offsets; without it the task alone does', async () => {
    const both = await gradientsOf({ tokens: 100, microBatch: 3 });
    const none = await gradientsOf({ tokens: 100, microBatch: 3, consistency: 'none' });
    expect(none.consistency).toEqual({ tumour: 0, microenvironment: 0 });
    expect(none.task).toBeCloseTo(both.task, 6);
    for (const name of [
      'tumour.genes.0.weight',
      'microenvironment.offsets.pointwise.weight',
      'tumour.patches.weight',
    ]) {
      expect(
        both.gradients[name].some((g, i) => Math.abs(g - none.gradients[name][i]) > 1e-5),
        name,
      ).toBe(true);
    }
    // Behind the attention there is only the task.
    none.gradients['head.weight'].forEach((g, i) => expect(g).toBeCloseTo(both.gradients['head.weight'][i], 5));
  });

  test('a sample whose gene code is all zeros gives no NaN', async () => {
    // Biases of the gene encoder start at 0: no expression, no code.
    const result = await gradientsOf({ samples: 3 }, (_, batch) => {
      defined(batch[1].genes).tumour.fill(0);
      defined(batch[1].genes).microenvironment.fill(0);
    });
    expect(ofSubspaces(result.v).tumour.subarray(128, 256)).toEqual(new Float32Array(128));
    expect(Number.isFinite(result.consistency.tumour)).toBe(true);
    for (const [name, g] of Object.entries(result.gradients)) expect(g.every(Number.isFinite), name).toBe(true);
  });
});

describe('random numbers of a step', () => {
  const dropped = (draw?: Setting['draw']) => gradientsOf({ dropout: 0.1, ...(draw ? { draw } : {}) });

  test('the same seed, step and samples give the same bits at every run', async () => {
    expect(bits(await dropped()).equals(bits(await dropped()))).toBe(true);
  });

  test('another seed or another step drops others', async () => {
    const { logits } = await dropped();
    expect((await dropped({ seed: 2, step: 0 })).logits).not.toEqual(logits);
    expect((await dropped({ seed: 1, step: 1 })).logits).not.toEqual(logits);
  });

  test('without dropout they do not matter', async () => {
    const a = await gradientsOf({ draw: { seed: 1, step: 0 } });
    expect(bits(await gradientsOf({ draw: { seed: 9, step: 5 } })).equals(bits(a))).toBe(true);
    expect((await dropped()).logits).not.toEqual(a.logits);
  });

  test('the number of threads changes nothing beyond rounding', async () => {
    expect(
      difference(await gradientsOf({ tokens: 100, threads: 1 }), await gradientsOf({ tokens: 100, threads: 2 })),
    ).toBeLessThan(2e-5);
  });
});
