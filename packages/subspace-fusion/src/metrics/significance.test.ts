import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import type { Estimate } from './bootstrap.js';
import { studentQuantile, studentTail } from './distributions.js';
import { holm, repeatedSplits, verdict } from './significance.js';

const reference = JSON.parse(readFileSync(new URL('./reference/inference.json', import.meta.url), 'utf8'));

describe('Holm', () => {
  test('as R p.adjust', () => {
    const { p, adjusted } = reference.holm;
    holm(p).forEach((value, i) => expect(value).toBeCloseTo(adjusted[i], 14));
  });

  test('of one or no comparison changes nothing; NaN is an error', () => {
    expect([...holm([0.03])]).toEqual([0.03]);
    expect([...holm([])]).toEqual([]);
    expect(() => holm([NaN])).toThrow('pValues[0] is NaN');
  });
});

test.each(reference.student as number[][])("Student's t of R: |T| > %d with %d df", (t, df, tail, quantile) => {
  expect(studentTail(t, df) / tail).toBeCloseTo(1, 9);
  expect(studentTail(-t, df)).toBe(studentTail(t, df));
  expect(studentQuantile(0.05, df)).toBeCloseTo(quantile, 9);
});

describe('mean over repeated splits (Nadeau & Bengio)', () => {
  const {
    values,
    train,
    test: tested,
    mean,
    halfWidth,
    p,
  } = reference.corrected as Readonly<Record<'train' | 'test' | 'mean' | 'halfWidth' | 'p', number>> & {
    values: number[];
  };

  test('interval and p-value as worked out in R', () => {
    const result = repeatedSplits('difference', values, train, tested);
    expect(result.mean).toMatchObject({
      name: 'difference',
      value: expect.closeTo(mean, 14),
      low: expect.closeTo(mean - halfWidth, 12),
      high: expect.closeTo(mean + halfWidth, 12),
      n: 569,
    });
    expect(result.pValue).toMatchObject({ name: 'differenceP', value: expect.closeTo(p, 12) });
  });

  test('more splits of the same patients do not narrow it below the share of test patients', () => {
    const many = Array.from({ length: 100 }, () => values).flat();
    const { low, value } = repeatedSplits('d', many, train, tested).mean as Estimate;
    const variance = many.reduce((sum: number, v: number) => sum + (v - value) ** 2, 0) / (many.length - 1);
    expect(value - defined(low)).toBeGreaterThan(1.96 * Math.sqrt((variance * tested) / train));
  });

  test('refusals', () => {
    expect(repeatedSplits('d', [0.1], 9, 1)).toEqual({
      mean: { name: 'd', value: null, reason: '1 split, two are needed' },
      pValue: { name: 'dP', value: null, reason: '1 split, two are needed' },
    });
    const same = repeatedSplits('d', [0.1, 0.1], 9, 1);
    expect(same.mean).toMatchObject({ value: 0.1, low: 0.1, high: 0.1 });
    expect(same.pValue).toMatchObject({ value: null, reason: 'all 2 splits give the same value' });
  });
});

test('the four verdicts', () => {
  expect(verdict(0.004, 0.05, 0.01)).toBe('helps');
  expect(verdict(-0.05, -0.001, 0.01)).toBe('harms');
  expect(verdict(-0.01, 0.01, 0.01)).toBe('equivalent');
  expect(verdict(0.002, 0.008, 0.01)).toBe('equivalent');
  expect(verdict(-0.002, 0.03, 0.01)).toBe('undetermined');
  expect(verdict(0.004, 0.05, 0.01, 0.06)).toBe('undetermined');
  expect(verdict(-0.05, -0.001, 0.01, 0.06)).toBe('undetermined');
  expect(verdict(-0.01, 0.01, 0.01, 1)).toBe('equivalent');
});
