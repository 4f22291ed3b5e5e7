import { describe, expect, it } from 'vitest';
import { slideKey } from './bags.js';
import { drawCounts, geneModel } from './genes.js';
import { drawLatents, PROGRAMMES } from './latents.js';
import { givenGenes, givenProportions, H, priorOfLatents, type Mixture } from './posterior.js';
import { AVERAGE_LOG_PROPORTIONS, logProportions } from './slide.js';

const genes = geneModel(1, 1);
const proportionsOf = (i: number) =>
  logProportions(slideKey(1, i), drawLatents(1, i)).map((log, kind) => log - AVERAGE_LOG_PROPORTIONS[kind]);
const genesOf = (i: number, prior = priorOfLatents()) =>
  givenGenes(prior, genes, drawCounts(genes, 1, i, drawLatents(1, i)), drawLatents(1, i).site);

const PATIENTS = 500;
const OBSERVERS: Readonly<Record<string, (i: number) => Mixture>> = {
  proportions: (i) => [{ weight: 1, given: givenProportions(proportionsOf(i)) }],
  genes: (i) => genesOf(i),
  'genes and proportions': (i) => genesOf(i, givenProportions(proportionsOf(i))),
};

/** Mean and variance of each latent, truth less mean squared, all averaged over patients. */
function calibration(observe: (i: number) => Mixture) {
  const [bias, squares, variance] = [0, 1, 2].map(() => new Float64Array(PROGRAMMES + 1));
  for (let i = 0; i < PATIENTS; i++) {
    const { programmes, h } = drawLatents(1, i);
    const mixture = observe(i);
    [...programmes, h].forEach((truth, j) => {
      const mean = mixture.reduce((sum, { weight, given }) => sum + weight * given.mean[j], 0);
      const second = mixture.reduce(
        (sum, { weight, given }) => sum + weight * (given.covariance[j][j] + given.mean[j] ** 2),
        0,
      );
      bias[j] += (truth - mean) / PATIENTS;
      squares[j] += (truth - mean) ** 2 / PATIENTS;
      variance[j] += (second - mean ** 2) / PATIENTS;
    });
  }
  return { bias, squares, variance };
}

/*
 * The generator is the witness: over patients, the truth less the posterior's mean has mean 0, and its square has the
 * posterior's variance as its mean.
 */
describe.each(Object.keys(OBSERVERS))('the posterior given %s', (observer) => {
  const { bias, squares, variance } = calibration(OBSERVERS[observer]);

  it('is calibrated', () => {
    for (let j = 0; j <= PROGRAMMES; j++) {
      expect(Math.abs(bias[j])).toBeLessThan(4 * Math.sqrt(variance[j] / PATIENTS));
      expect(Math.abs(squares[j] / variance[j] - 1)).toBeLessThan(4 * Math.sqrt(2 / PATIENTS));
    }
  });

  it('knows what the observer can see, and no more', () => {
    const seesGenes = observer.includes('genes');
    for (let j = 0; j < PROGRAMMES; j++) {
      if (seesGenes) expect(variance[j]).toBeLessThan(0.2);
      else expect(variance[j]).toBeGreaterThan(0.3);
    }
    if (observer === 'genes') expect(variance[H]).toBeCloseTo(1, 9);
    else expect(variance[H]).toBeLessThan(0.4);
  });
});

describe('the posterior given proportions', () => {
  it('does not depend on a constant added to the logarithms', () => {
    const { mean } = givenProportions(proportionsOf(3));
    givenProportions(proportionsOf(3).map((log) => log + 5)).mean.forEach((value, j) =>
      expect(value).toBeCloseTo(mean[j], 9),
    );
  });
});
