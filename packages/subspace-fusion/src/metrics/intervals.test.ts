import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { key, normal, uniform } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { refuse, takeRows, type Estimate, type Evaluate, type Metric } from './bootstrap.js';
import { classAuc, classificationMetrics, decisionMetrics } from './classification.js';
import { concordanceIndex } from './concordance.js';
import { normalQuantile } from './distributions.js';
import { areaInterval, bcaInterval, sharesInterval, withIntervals } from './intervals.js';
import { jackknife } from './jackknife.js';

const reference = JSON.parse(readFileSync(new URL('./reference/intervals.json', import.meta.url), 'utf8'));

const mean = (values: ArrayLike<number>): Metric => ({
  name: 'mean',
  value: Array.from(values).reduce((sum, v) => sum + v, 0) / values.length,
  estimator: 'mean',
  ties: 'none',
  n: values.length,
});

function expectInterval([low, high]: readonly [number, number], expected: readonly number[], digits = 10) {
  expect(low).toBeCloseTo(expected[0], digits);
  expect(high).toBeCloseTo(expected[1], digits);
}

/** How many of the intervals hold the truth, lie above it and below it. */
function count(truth: number, intervals: readonly Metric[]) {
  const known = intervals.map((metric) => metric as Estimate & { low: number; high: number });
  const above = known.filter(({ low }) => low > truth).length;
  const below = known.filter(({ high }) => high < truth).length;
  return { held: known.length - above - below, above, below };
}

describe('shares', () => {
  test("one by Wilson's score: 12 of 12 is not [1, 1]", () => {
    const certain = Array.from({ length: 12 }, () => [1, 0]).flat();
    const truth = Array<number>(12).fill(0);
    const [accuracy] = withIntervals(
      (rows) => decisionMetrics(takeRows(certain, rows, 2), takeRows(truth, rows), 2),
      truth,
      1,
    ) as Estimate[];
    expect(accuracy).toMatchObject({ value: 1, low: expect.closeTo(0.7575, 4), high: 1, interval: "Wilson's score" });
  });

  test('their mean by the recovered variances of each, as worked out in R', () => {
    const { right, of, interval } = reference.mover;
    const shares = right.map((own: number, k: number) => ({ right: own, of: of[k] }));
    const value =
      shares.reduce((sum: number, share: { right: number; of: number }) => sum + share.right / share.of, 0) / 3;
    expectInterval(sharesInterval(value, shares), interval);
    expect(sharesInterval(value, [...shares, { right: 0, of: 0 }])).toEqual(sharesInterval(value, shares));
  });
});

describe('areas and concordance indices', () => {
  const { time, event, risk, value, standardError, acceleration, interval } = reference.concordance;
  const concordanceOf: Evaluate = (rows) => [
    concordanceIndex(takeRows(time, rows), takeRows(event, rows), takeRows(risk, rows)),
  ];

  test('jackknife and interval of a concordance index, as from R', () => {
    const [spread] = jackknife(concordanceOf, time.length);
    expect(defined(spread).standardError).toBeCloseTo(standardError, 12);
    expect(defined(spread).acceleration).toBeCloseTo(acceleration, 12);
    const [metric] = withIntervals(concordanceOf, time.length, 1) as Estimate[];
    expect(metric.value).toBeCloseTo(value, 14);
    expectInterval([defined(metric.low), defined(metric.high)], interval);
    expect(metric).not.toHaveProperty('resamples');
  });

  test('at 1 end at 1, and begin far below it where few patients show it', () => {
    const [low, high] = areaInterval(1, 0, { cases: 8, others: 32, borrowed: 4 });
    expect(low).toBeCloseTo(reference.area.perfect[0], 10);
    expect(high).toBe(1);
    expectInterval(areaInterval(0.95, 0.03, { cases: 8, others: 32, borrowed: 4 }), reference.area.high);
    expect(areaInterval(0, 0, { cases: 8, others: 32, borrowed: 4 })[1]).toBeCloseTo(1 - low, 10);
  });

  test.each([0.95, 0.99])('hold an area of %d with 8 of 40 patients in the class 93 times of 100 and more', (area) => {
    const shift = Math.SQRT2 * normalQuantile(area);
    const truth = Array.from({ length: 40 }, (_, i) => Number(i < 8));
    const found = Array.from({ length: 400 }, (_, r) => {
      const score = truth.map((label, i) => normal(key(r, 'area'), i) + shift * label);
      return withIntervals((rows) => [classAuc(takeRows(score, rows), takeRows(truth, rows), 1)], truth, r)[0];
    });
    expect(count(area, found).held).toBeGreaterThanOrEqual(0.93 * 400);
  });

  test('hold a concordance index of 0.84 at n 30, and miss it on either side about as often', () => {
    const found = Array.from({ length: 400 }, (_, r) => {
      const eta = Array.from({ length: 30 }, (_, i) => normal(key(r, 'eta'), i));
      const died = eta.map((x, i) => -Math.log(1 - uniform(key(r, 'death'), i)) * Math.exp(-2 * x));
      const end = eta.map((_, i) => 3 * uniform(key(r, 'end'), i));
      const seen = died.map((t, i) => Math.min(t, end[i]));
      const dies = died.map((t, i) => t <= end[i]);
      return withIntervals(
        (rows) => [concordanceIndex(takeRows(seen, rows), takeRows(dies, rows), takeRows(eta, rows))],
        30,
        r,
      )[0];
    });
    const { held, above } = count(0.8423, found); // its value in 40 samples of 20,000 patients
    expect(held / 400).toBeGreaterThanOrEqual(0.93);
    expect(above / 400).toBeLessThanOrEqual(0.04);
  });

  test('without one of the patients there may be none', () => {
    const oneDeath: Evaluate = (rows) => [
      concordanceIndex(takeRows([1, 2, 3], rows), takeRows([1, 0, 0], rows), takeRows([3, 2, 1], rows)),
    ];
    expect(withIntervals(oneDeath, 3, 1)[0]).toMatchObject({
      value: 1,
      noInterval: 'without one of the patients it cannot be computed',
    });
  });
});

describe('BCa intervals', () => {
  test('are the quantiles that R gives for the same draws', () => {
    const { value, draws, acceleration, interval } = reference.bca;
    expectInterval(bcaInterval(value, Float64Array.from(draws).sort(), acceleration), interval, 8);
  });

  const values = Float64Array.from({ length: 400 }, (_, i) => normal(key(3), i));
  const interval = (seed: number) =>
    withIntervals((patients) => [mean(takeRows(values, patients))], 400, seed)[0] as Estimate;

  test('of a mean are those of the normal approximation', () => {
    const { value, low, high, resamples, refusedResamples } = interval(1);
    const variance = mean(values.map((v) => (v - value) ** 2)).value ?? NaN;
    const halfWidth = 1.96 * Math.sqrt(variance / 400);
    expect(value).toBe(mean(values).value);
    expect((defined(low) - (value - halfWidth)) / halfWidth).toBeCloseTo(0, 0.5);
    expect((defined(high) - (value + halfWidth)) / halfWidth).toBeCloseTo(0, 0.5);
    expect([resamples, refusedResamples]).toEqual([2000, 0]);
  });

  test('depend on the seed and on nothing else', () => {
    expect(interval(1)).toEqual(interval(1));
    expect(interval(1).low).not.toBe(interval(2).low);
  });

  test('cover the true mean in about 95 of 100 samples', () => {
    const found = Array.from({ length: 200 }, (_, sample) => {
      const drawn = Float64Array.from({ length: 50 }, (_, i) => normal(key(9, sample), i));
      return withIntervals((patients) => [mean(takeRows(drawn, patients))], 50, sample, 300)[0];
    });
    const { held } = count(0, found);
    expect(held).toBeGreaterThanOrEqual(180);
    expect(held).toBeLessThanOrEqual(199);
  });

  test('a few resamples that cannot compute the metric are counted and left out', () => {
    const positive = [1, 2, 3, 0, 0, 0, 0, 0]; // none of the three in (5/8)⁸ = 2.3 % of the resamples
    const meanOfPositive: Evaluate = (rows) => {
      const known = takeRows(positive, rows).filter((x) => x > 0);
      return [known.length === 0 ? refuse('mean', 'nobody') : { ...mean(known), n: 8 }];
    };
    const [metric] = withIntervals(meanOfPositive, 8, 11) as Estimate[];
    expect(defined(metric.refusedResamples) / 2000).toBeCloseTo(0.023, 1.5);
    expect(metric.refusedResamples).toBeGreaterThan(0);
    expect(metric.low).toBeLessThanOrEqual(metric.value);
    expect(metric.high).toBeGreaterThanOrEqual(metric.value);
  });

  test('too many leave no interval, with the reason; the value stays', () => {
    const positive = [0, 0, 0, 1]; // missing from (3/4)⁴ = 32 % of the resamples
    const meanOfPositive: Evaluate = (rows) => {
      const known = takeRows(positive, rows).filter((x) => x > 0);
      return [known.length === 0 ? refuse('mean', 'nobody') : { ...mean(known), n: 4 }];
    };
    const [metric] = withIntervals(meanOfPositive, 4, 0) as Estimate[];
    expect(metric.value).toBe(1);
    expect(metric).not.toHaveProperty('low');
    expect(defined(metric.refusedResamples) / 2000).toBeCloseTo(0.316, 1);
    expect(metric.noInterval).toBe(`${metric.refusedResamples} of 2000 resamples cannot compute it`);
  });

  test('resamples that all give the same value are no interval', () => {
    expect(withIntervals((rows) => [mean(takeRows([4, 4, 4], rows))], 3, 1)[0]).toMatchObject({
      value: 4,
      noInterval: 'all resamples give the same value, which says nothing of its spread',
    });
  });

  test('a refused metric stays refused, and one patient has no interval', () => {
    expect(withIntervals(() => [refuse('m', 'why')], 3, 1, 10)).toEqual([{ name: 'm', value: null, reason: 'why' }]);
    expect(withIntervals((patients) => [mean(takeRows([4], patients))], 1, 1, 10)[0]).toMatchObject({
      value: 4,
      noInterval: 'one patient has no spread',
    });
  });
});

describe('a class that a resample would lack', () => {
  // 90 patients of three classes, one of them with 3 patients; one error.
  const truth = Array.from({ length: 90 }, (_, i) => (i < 3 ? 2 : i % 2));
  const said = truth.map((label, i) => (i === 10 ? 1 - label : label));
  const probabilities = said.flatMap((label) => [0, 1, 2].map((c) => (c === label ? 0.9 : 0.05)));
  const metrics = withIntervals(
    (rows) => classificationMetrics(takeRows(probabilities, rows, 3), takeRows(truth, rows), 3),
    truth,
    3,
  ) as Estimate[];
  const of = (name: string) => defined(metrics.find((metric) => metric.name === name));

  test('is in every one: patients are drawn within classes', () => {
    expect(of('macroF1')).toMatchObject({ refusedResamples: 0, interval: 'BCa bootstrap' });
  });

  test('the mean sensitivity is printed once, with one interval that knows how few patients a class has', () => {
    expect(metrics.map(({ name }) => name)).toEqual([
      'accuracy',
      'balancedAccuracy',
      'macroF1',
      'macroAuc',
      'specificity',
      'precision',
    ]);
    const { low, high, shares } = of('balancedAccuracy');
    expect(shares?.[2]).toEqual({ right: 3, of: 3 });
    expect(low).toBeLessThan(0.83); // 3 of 3 alone may be as little as 0.44
    expect(high).toBeLessThanOrEqual(1);
  });

  test('with a single patient there is no interval that needs draws, nor one that needs the class', () => {
    const lone = truth.map((label, i) => (label === 2 && i > 0 ? 0 : label));
    const [accuracy, , f1, auc] = withIntervals(
      (rows) => classificationMetrics(takeRows(probabilities, rows, 3), takeRows(lone, rows), 3),
      lone,
      3,
    ) as Estimate[];
    expect(accuracy.interval).toBe("Wilson's score");
    expect(f1.noInterval).toMatch(/has a single patient, in whose place no other can be drawn$/);
    expect(auc.noInterval).toBe('without one of the patients it cannot be computed');
  });
});
