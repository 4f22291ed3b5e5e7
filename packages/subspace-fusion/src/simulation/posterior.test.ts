import { describe, expect, it } from 'vitest';
import { key } from '../random/counter.js';
import { slideKey } from './bags.js';
import { drawCounts, geneModel } from './genes.js';
import { drawLatents, PROGRAMMES } from './latents.js';
import { inverse } from './linear-algebra.js';
import { givenGenes, givenProportions, H, priorOfLatents } from './posterior.js';
import { AVERAGE_LOG_PROPORTIONS, logProportions } from './slide.js';

const genes = geneModel(1, 1);
const proportionsOf = (i: number) => logProportions(slideKey(1, i), drawLatents(1, i)).map((log, kind) => log - AVERAGE_LOG_PROPORTIONS[kind]);

/*
 * A correct posterior is calibrated: over patients, the truth less the posterior's mean has mean 0, and its square has the
 * posterior's variance as its mean. The generator itself is the witness here.
 */
describe('the posterior of the latents', () => {
  it('given proportions is calibrated, and narrower than the prior where the slide shows a factor', () => {
    const patients = 3000;
    const covariance = inverse(givenProportions(priorOfLatents(), proportionsOf(0)).precision);
    const squares = new Float64Array(PROGRAMMES + 1);
    for (let i = 0; i < patients; i++) {
      const { programmes, h } = drawLatents(1, i);
      const { mean } = givenProportions(priorOfLatents(), proportionsOf(i));
      [...programmes, h].forEach((truth, j) => (squares[j] += (truth - mean[j]) ** 2 / patients));
    }
    squares.forEach((square, j) => expect(square / covariance[j][j]).toBeCloseTo(1, 0.8));
    expect(covariance[H][H]).toBeLessThan(0.4); // h shows in two kinds
    expect(covariance[1][1]).toBeGreaterThan(0.7); // t₂ hardly shows
  });

  it('given proportions does not depend on a constant added to the logarithms', () => {
    const shifted = givenProportions(priorOfLatents(), proportionsOf(3).map((log) => log + 5));
    shifted.mean.forEach((value, j) => expect(value).toBeCloseTo(givenProportions(priorOfLatents(), proportionsOf(3)).mean[j], 9));
  });

  it.each([
    ['genes', false],
    ['genes and proportions', true],
  ])('given %s is calibrated', (_, withSlide) => {
    const patients = 400;
    const [bias, squares, variances] = [0, 1, 2].map(() => new Float64Array(PROGRAMMES + 1));
    for (let i = 0; i < patients; i++) {
      const latents = drawLatents(1, i);
      const prior = withSlide ? givenProportions(priorOfLatents(), proportionsOf(i)) : priorOfLatents();
      const { draws, weights } = givenGenes(prior, genes, drawCounts(genes, 1, i, latents), latents.site, key(1, 'test', i));
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
      [...latents.programmes, latents.h].forEach((truth, j) => {
        const mean = draws.reduce((sum, x, d) => sum + weights[d] * x[j], 0);
        bias[j] += (truth - mean) / patients;
        squares[j] += (truth - mean) ** 2 / patients;
        variances[j] += draws.reduce((sum, x, d) => sum + weights[d] * (x[j] - mean) ** 2, 0) / patients;
      });
    }
    for (let j = 0; j <= PROGRAMMES; j++) {
      expect(Math.abs(bias[j])).toBeLessThan(4 * Math.sqrt(variances[j] / patients));
      expect(squares[j] / variances[j]).toBeGreaterThan(0.75);
      expect(squares[j] / variances[j]).toBeLessThan(1.3);
    }
    for (let j = 0; j < PROGRAMMES; j++) expect(variances[j]).toBeLessThan(0.25); // genes show the programmes
    if (!withSlide) expect(variances[H]).toBeGreaterThan(0.85); // and nothing of h
  });
});
