import { describe, expect, test } from 'vitest';
import { openBackend } from '../inference/backend.js';
import type { BatchLabels } from '../inference/batch.js';
import { createPredictor } from '../inference/predictor.js';
import { choiceParameters, reads } from '../model/choice.js';
import { initialise, type NetworkSize } from '../model/layers.js';
import { PEERS, type PeerName } from '../model/peers/index.js';
import { randomBatch, SMALL, someLabels, totalLoss } from '../testing/random-batch.js';
import { createPeerStep, type PeerStepOptions } from './step.js';

const SIZE: NetworkSize = { ...SMALL, covariates: 2 };
const names = Object.keys(PEERS) as PeerName[];

/** A peer's step on a random batch; `use` gets the gradients at given parameters. */
async function withStep<T>(
  peer: PeerName,
  given: Partial<PeerStepOptions>,
  use: (step: ReturnType<typeof createPeerStep>) => Promise<T>,
): Promise<T> {
  const backend = await openBackend({ threads: 2 });
  const step = createPeerStep({ size: SIZE, tokens: 36, task: 'survival', dropout: 0, backend, peer, ...given });
  try {
    return await use(step);
  } finally {
    await step.dispose();
    await backend.close();
  }
}

describe.each(names)('%s', (peer) => {
  const choice = { name: peer };
  const parameters = () => initialise(choiceParameters(choice, SIZE), 1);
  const batch = randomBatch(SIZE, 36, 4);
  const draw = { seed: 1, step: 0 };

  test.each(['survival', 'classes'] as const)(
    '%s: micro-batches give the gradients of the whole batch, dropout masks included',
    async (task) => {
      const labels: BatchLabels = someLabels(task, 4);
      const of = (microBatch: number) =>
        withStep(peer, { task, microBatch, dropout: 0.1 }, (step) => step.gradients(parameters(), batch, labels, draw));
      const [whole, parts] = [await of(4), await of(2)];
      expect(parts.task).toBeCloseTo(whole.task, 5);
      expect(parts.auxiliary).toBeCloseTo(whole.auxiliary, 5);
      for (const [name, g] of Object.entries(whole.gradients)) {
        const largest = g.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
        const off = g.reduce((top, x, i) => Math.max(top, Math.abs(x - parts.gradients[name][i])), 0);
        expect(off, name).toBeLessThanOrEqual(1e-4 * largest + 1e-7);
      }
    },
  );

  test('predicts what the step sees where nothing is dropped, and reads what it says that it reads', async () => {
    const p = parameters();
    const seen = await withStep(peer, { task: 'classes' }, (step) =>
      step.gradients(p, batch, someLabels('classes', 4), draw),
    );
    expect(Number.isFinite(totalLoss(seen))).toBe(true);
    const backend = await openBackend({ threads: 2 });
    const model = {
      network: choice,
      size: SIZE,
      tokens: 36,
      outcome: { kind: 'classes', classes: ['a', 'b', 'c', 'd'], weights: [1, 1, 1, 1] },
    } as const;
    const predictor = await createPredictor(model, p, backend);
    const softmax = (x: Float32Array) => {
      const e = x.map(Math.exp);
      const t = e.reduce((a, b) => a + b);
      return Array.from(e, (y) => y / t);
    };
    const first = Array.from(await predictor.run(batch[0]));
    softmax(seen.logits.subarray(0, 4)).forEach((x, i) => expect(first[i]).toBeCloseTo(x, 4));
    const blind = Array.from(await predictor.run({ ...batch[0], bag: undefined }));
    const geneless = Array.from(await predictor.run({ ...batch[0], genes: undefined }));
    expect({ bag: blind.some((x, i) => x !== first[i]), genes: geneless.some((x, i) => x !== first[i]) }).toEqual(
      reads(choice),
    );
    await predictor.dispose();
    await backend.close();
  });
});
