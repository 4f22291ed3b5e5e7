import { describe, expect, test } from 'vitest';
import { openBackend } from '../inference/backend.js';
import type { Sample } from '../inference/batch.js';
import { defined } from '../testing/defined.js';
import { gradientsOf, randomBatch, SMALL, someLabels, totalLoss, type Setting } from '../testing/random-batch.js';
import { closestSlope } from '../testing/slopes.js';
import { createStep } from '../training/step.js';
import { choiceParameters } from './choice.js';
import { initialise, parameterCount } from './layers.js';
import { networkParameters } from './network.js';
import { ofSubspaces, WHOLE, type NetworkParts } from './parts.js';

const parts = (changed: Partial<NetworkParts>): NetworkParts => ({ ...WHOLE, ...changed });
const JOINT = parts({ subspaces: 'joint' });
const PLAIN = parts({ attention: 'plain' });
const NO_BIAS = parts({ positionBias: false });
const STAND_INS = parts({ standIns: true });

const withoutBag = (sample: Sample): Sample => ({ ...sample, bag: undefined });
const withoutGenes = (sample: Sample): Sample => ({ ...sample, genes: undefined });

describe('gradients of a network with a part changed, against central differences', () => {
  const cases: [string, Setting, string[], ((batch: Sample[]) => Sample[])?][] = [
    [
      'one joint branch',
      { parts: JOINT },
      ['joint.genes.0.weight', 'joint.fusion.weight', 'joint.offsets.depthwise.weight', 'head.weight'],
    ],
    [
      'plain attention',
      { parts: PLAIN },
      ['tumour.queries.weight', 'tumour.keys.weight', 'microenvironment.values.weight', 'tumour.patches.weight'],
    ],
    ['no position bias', { parts: NO_BIAS }, ['tumour.offsets.pointwise.weight', 'tumour.keys.weight']],
    ['covariates', { size: { ...SMALL, covariates: 3 } }, ['covariates.weight', 'head.weight']],
    [
      'consistency of offsets alone',
      { consistency: 'offsets' },
      ['tumour.offsets.depthwise.weight', 'tumour.genes.3.weight'],
    ],
    [
      'stand-ins for a bag and for genes',
      { parts: STAND_INS },
      [
        'tumour.standIn.patches',
        'tumour.standIn.genes',
        'microenvironment.standIn.patches',
        'tumour.patches.weight',
        'microenvironment.genes.0.weight',
      ],
      ([a, b, c, d]) => [a, withoutBag(b), withoutGenes(c), d],
    ],
  ];

  test.each(cases)('%s', async (_what, setting, names, change = (batch) => batch) => {
    const options = { size: SMALL, parts: WHOLE, consistency: 'corrected', ...setting } as const;
    const parameters = initialise(choiceParameters({ name: 'subspace', parts: options.parts }, options.size), 1);
    const batch = change(randomBatch(options.size, 100, 4));
    const backend = await openBackend({ threads: 2 });
    const step = createStep({ ...options, tokens: 100, task: 'survival', dropout: 0.1, microBatch: 2, backend });
    const run = () => step.gradients(parameters, batch, someLabels('survival', 4), { seed: 1, step: 0 });
    try {
      const { gradients } = await run();
      expect(Object.keys(gradients)).toEqual(Object.keys(parameters));
      for (const name of names) {
        const off = await closestSlope(name, parameters[name], gradients[name], async () => totalLoss(await run()));
        expect(Math.abs(off), name).toBeLessThan(0.02);
      }
    } finally {
      await step.dispose();
      await backend.close();
    }
  });
});

describe('what a part is', () => {
  test("plain attention and no position bias have fewer parameters; a joint branch has about half of the branches'", () => {
    const count = (p: NetworkParts) => parameterCount(networkParameters(SMALL, p));
    const bias = 2 * (32 * 3 + 32 * 33 + 33);
    expect(count(NO_BIAS)).toBe(count(WHOLE) - bias);
    expect(count(PLAIN)).toBe(count(WHOLE) - bias - 2 * (64 * 37 + 2 * 64));
    expect(count(JOINT)).toBe((count(WHOLE) - 4 * 257 - 12 * 64) / 2 + 12 * 64 + 4 * 129);
    expect(count(STAND_INS)).toBe(count(WHOLE) + 4 * 128);
  });

  test('without the position bias, all keys are weighed by what they hold alone', async () => {
    const zeroed = await gradientsOf({}, (parameters) => {
      for (const branch of ['tumour', 'microenvironment']) parameters[`${branch}.bias.2.weight`].fill(0);
    });
    const without = await gradientsOf({ parts: NO_BIAS });
    without.logits.forEach((x, i) => expect(x).toBeCloseTo(zeroed.logits[i], 5));
  });

  test('a sample without slides or genes has no consistency term, and does not change that of the others', async () => {
    const two = await gradientsOf({ parts: STAND_INS, samples: 2 });
    const four = await gradientsOf({ parts: STAND_INS, samples: 4 }, (_, batch) => {
      batch[2] = withoutBag(batch[2]);
      batch[3] = withoutGenes(batch[3]);
    });
    expect(two.consistency.tumour).toBeGreaterThan(0);
    expect(four.consistency.tumour).toBeCloseTo(ofSubspaces(two.consistency).tumour, 5);
    expect(four.consistency.microenvironment).toBeCloseTo(ofSubspaces(two.consistency).microenvironment, 5);
  });

  test('what a missing modality would have held has no influence', async () => {
    const run = (replace: (batch: Sample[]) => void) =>
      gradientsOf({ parts: STAND_INS, samples: 2 }, (_, batch) => {
        replace(batch);
        batch[0] = withoutGenes(batch[0]);
        batch[1] = withoutBag(batch[1]);
      });
    const before = await run(() => undefined);
    const after = await run(([first, second]) => {
      defined(first.genes).tumour.fill(3);
      defined(second.bag).fill(-2);
    });
    expect(after.logits).toEqual(before.logits);
    expect(Object.keys(after.gradients)).toContain('tumour.standIn.genes');
  });
});
