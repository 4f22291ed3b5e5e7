import { describe, expect, it } from 'vitest';
import { detectable, detectableOfFitted, power, testedMean } from './power.js';

/** Of R 4's `power.t.test(…, type = "one.sample", strict = TRUE)`, with a standard deviation of 1 where no other is said. */
describe('power of the t-test', () => {
  it.each([
    { n: 5, delta: 2, level: 0.05 / 24, expected: 0.2076039 },
    { n: 5, delta: 0.02 / 0.0126, level: 0.05 / 24, expected: 0.1122742 },
  ])('of $n values', ({ n, delta, level, expected }) => {
    expect(power(delta * Math.sqrt(n), n - 1, level)).toBeCloseTo(expected, 6);
  });

  it('without a difference is the level', () => {
    expect(power(0, 4, 0.05)).toBeCloseTo(0.05, 8);
    expect(power(0, 1, 0.05)).toBeCloseTo(0.05, 4);
  });
});

describe('the smallest detectable difference', () => {
  it.each([
    { level: 0.05 / 24, expected: 3.957077 },
    { level: 0.05, expected: 1.681998 },
  ])('of five values at the level $level', ({ level, expected }) => {
    expect(detectable({ standardError: 1 / Math.sqrt(5), df: 4 }, level)).toBeCloseTo(expected, 5);
  });

  it('of fitted models is 2.80 standard errors', () => {
    expect(detectableOfFitted({ value: 0, low: -1.959964, high: 1.959964 })).toBeCloseTo(2.801585, 5);
  });
});

describe('a tested mean', () => {
  const differences = [0.01, 0.03, 0.02, 0.05, 0.04];
  const deviation = Math.sqrt(0.00025);

  it('over cohorts has s/√n for its standard error', () => {
    const { value, standardError, low, df } = testedMean(differences);
    expect(value).toBeCloseTo(0.03, 12);
    expect(standardError).toBeCloseTo(deviation / Math.sqrt(5), 10);
    expect(low).toBeCloseTo(0.03 - (2.776445 * deviation) / Math.sqrt(5), 7);
    expect(df).toBe(4);
  });

  it('over folds allows for the training patients that they share', () => {
    const { standardError } = testedMean(differences, { training: 0.7, test: 0.2 });
    expect(standardError).toBeCloseTo(deviation * Math.sqrt(1 / 5 + 2 / 7), 10);
  });

  it('has no p-value where all differences are equal', () => {
    expect(testedMean([0.01, 0.01]).p).toBeUndefined();
  });
});
