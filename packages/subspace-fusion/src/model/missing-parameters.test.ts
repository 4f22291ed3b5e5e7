import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend, type Backend } from '../inference/backend.js';
import { createPredictor } from '../inference/predictor.js';
import { randomBatch, SMALL, someLabels } from '../testing/random-batch.js';
import { createPeerStep, createStep } from '../training/step.js';
import { choiceParameters, METHOD, type NetworkChoice } from './choice.js';
import { initialise, type Parameters } from './layers.js';
import { PEERS, type PeerName } from './peers/index.js';

const peers = Object.keys(PEERS) as PeerName[];
const networks: NetworkChoice[] = [METHOD, ...peers.map((name) => ({ name }))];
const outcome = { kind: 'survival', cuts: [1, 2, 3], timeUnit: 'years' } as const;
const size = { ...SMALL, covariates: 2 };
const [sample] = randomBatch(size, 36, 1);

const without = (parameters: Parameters, missing: string): Parameters =>
  Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== missing));

describe.each(networks)('without one of its biases, $name', (network) => {
  const parameters = initialise(choiceParameters(network, size), 1);
  const biases = Object.keys(parameters).filter((name) => /\.(bias|shift)$/.test(name));
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend({ threads: 1 });
  });
  afterAll(() => backend.close());

  test('predicts nothing, and names it', async () => {
    const predictor = await createPredictor({ network, size, tokens: 36, outcome }, parameters, backend);
    expect(biases.length).toBeGreaterThan(4);
    for (const missing of biases) {
      predictor.use(without(parameters, missing));
      await expect(predictor.run(sample), missing).rejects.toThrow(`input ${missing} [`);
    }
    predictor.use(parameters);
    expect(await predictor.run(sample)).toHaveLength(4);
    await predictor.dispose();
  });

  test('learns nothing, and names it', async () => {
    const options = { size, tokens: 36, task: 'survival', dropout: 0.1, backend } as const;
    const step =
      network.name === 'subspace'
        ? createStep({ ...options, parts: network.parts, consistency: 'corrected' })
        : createPeerStep({ ...options, peer: network.name });
    for (const missing of biases) {
      const learnt = step.gradients(without(parameters, missing), [sample], someLabels('survival', 1), {
        seed: 1,
        step: 0,
      });
      await expect(learnt, missing).rejects.toThrow(`input ${missing} [`);
    }
    await step.dispose();
  });
});
