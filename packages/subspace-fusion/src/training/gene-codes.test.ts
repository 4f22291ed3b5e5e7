import { expect, it } from 'vitest';
import { openBackend } from '../inference/backend.js';
import type { Sample } from '../inference/batch.js';
import { choiceParameters, METHOD, type NetworkChoice } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { randomBatch, SMALL } from '../testing/random-batch.js';
import { geneCodeRanks } from './prepare.js';

const OUTCOME = { kind: 'classes', classes: ['a', 'b', 'c', 'd'], weights: [1, 1, 1, 1] } as const;
const batch = randomBatch(SMALL, 36, 5);

async function ranksOf(network: NetworkChoice, samples: readonly Sample[]) {
  const backend = await openBackend({ threads: 1 });
  const ranks = await geneCodeRanks({ network, size: SMALL, tokens: 36, outcome: OUTCOME }, samples, backend);
  try {
    return await ranks.of(initialise(choiceParameters(network, SMALL), 1));
  } finally {
    await ranks.dispose();
    await backend.close();
  }
}

it('patients of the same genes use one direction, others more, at most one each', async () => {
  const same = await ranksOf(
    METHOD,
    batch.map(() => batch[0]),
  );
  expect(same.tumour).toBeCloseTo(1, 2);
  expect(same.microenvironment).toBeCloseTo(1, 2);
  const different = await ranksOf(METHOD, batch);
  for (const rank of Object.values(different)) {
    expect(rank).toBeGreaterThan(1.2);
    expect(rank).toBeLessThanOrEqual(5);
  }
});

it('a joint network has one code, a peer none', async () => {
  if (METHOD.name !== 'subspace') throw new Error();
  expect(
    Object.keys(await ranksOf({ name: 'subspace', parts: { ...METHOD.parts, subspaces: 'joint' } }, batch)),
  ).toEqual(['joint']);
  expect(await ranksOf({ name: 'mcat' }, batch)).toEqual({});
});
