import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import { atThreshold, netBenefit, operatingPoint, survivalNetBenefit } from './decisions.js';

const read = (name: string) => JSON.parse(readFileSync(new URL(`./reference/${name}.json`, import.meta.url), 'utf8'));
const { operating, truth } = read('classes');
const { ties } = read('survival');

describe('operating point', () => {
  test.each([
    ['youden', operating.youden],
    [{ sensitivity: 0.9 }, operating.sensitivity90],
  ] as const)(
    '%j: threshold, sensitivity and specificity as from scikit-learn',
    (rule, [threshold, sensitivity, specificity]) => {
      expect(operatingPoint(operating.score, truth, 1, rule)).toMatchObject({
        name: 'threshold[1]',
        value: threshold,
        n: 60,
      });
      const point = atThreshold(operating.score, truth, 1, threshold);
      expect(point.sensitivity).toMatchObject({
        name: 'sensitivity[1]',
        value: expect.closeTo(sensitivity, 14),
        n: 22,
        low: expect.any(Number),
      });
      expect(point.specificity).toMatchObject({
        name: 'specificity[1]',
        value: expect.closeTo(specificity, 14),
        n: 38,
        high: expect.any(Number),
      });
    },
  );

  test('of equally good thresholds the highest; scores that separate nothing call everybody positive', () => {
    expect(operatingPoint([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], 1, 'youden').value).toBe(0.4);
    expect(operatingPoint([0.5, 0.5], [0, 1], 1, 'youden').value).toBe(0.5);
    // 2/3 + 1 at 0.5 and 1 + 2/3 at 0.3 are equal, but not in floating point
    expect(operatingPoint([0.6, 0.5, 0.4, 0.3, 0.2, 0.1], [1, 1, 0, 1, 0, 0], 1, 'youden').value).toBe(0.5);
    expect(operatingPoint([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], 1, { sensitivity: 1 }).value).toBe(0.2);
  });

  test('refused without the class or without the rest', () => {
    expect(operatingPoint([0.1, 0.2], [0, 0], 1, 'youden')).toMatchObject({
      value: null,
      reason: 'class 1 has no patient',
    });
    expect(operatingPoint([0.1, 0.2], [1, 1], 1, 'youden')).toMatchObject({
      value: null,
      reason: 'every patient is of class 1',
    });
    expect(operatingPoint([], [], 1, 'youden').value).toBeNull();
    const { sensitivity, specificity } = atThreshold([0.1, 0.2], [1, 1], 1, 0.15);
    expect(sensitivity).toMatchObject({ value: 0.5, n: 2 });
    expect(specificity).toMatchObject({ value: null, reason: 'every patient is of class 1' });
  });
});

describe('net benefit', () => {
  test('true positives less false ones at the odds of the threshold', () => {
    const probability = [0.9, 0.6, 0.3, 0.2, 0.1];
    const outcome = [1, 0, 1, 0, 0];
    expect(netBenefit(probability, outcome, 0.5)).toMatchObject({ value: expect.closeTo(1 / 5 - 1 / 5, 14), n: 5 });
    expect(netBenefit(probability, outcome, 0.3).value).toBeCloseTo(2 / 5 - (1 / 5) * (3 / 7), 14); // the one at 0.3 is treated
    expect(netBenefit(probability, outcome, 0).value).toBeCloseTo(2 / 5, 14);
    expect(netBenefit(probability, outcome, 0.95).value).toBe(0);
  });

  test('treating everybody is worth nothing where the threshold is the share of outcomes', () => {
    expect(netBenefit([1, 1, 1, 1], [1, 0, 0, 0], 0.25).value).toBeCloseTo(0, 14);
  });

  test('refusal and errors', () => {
    expect(netBenefit([], [], 0.5)).toMatchObject({ value: null, reason: 'there are no patients' });
    expect(() => netBenefit([0.5], [1], 1)).toThrow('the threshold 1 is not in [0, 1)');
    expect(() => netBenefit([NaN], [1], 0.5)).toThrow('probability[0] is NaN');
  });
});

describe('net benefit with censoring', () => {
  const { time, event, netBenefit: expected } = ties;
  const risk = ties.risk.map((x: number) => 1 - Math.exp((-12 / 20) * Math.exp(x)));

  test('of the model and of treating everybody, as worked out in R with survfit', () => {
    expected.thresholds.forEach((threshold: number, k: number) => {
      expect(survivalNetBenefit(time, event, risk, 12, threshold)).toMatchObject({
        value: expect.closeTo(expected.model[k], 10),
        n: 90,
      });
      expect(
        survivalNetBenefit(
          time,
          event,
          risk.map(() => 1),
          12,
          threshold,
        ).value,
      ).toBeCloseTo(expected.all[k], 10);
    });
  });

  test('without censoring it is the plain one', () => {
    const dead = time.map((t: number) => t <= 12);
    const all = time.map(() => 1);
    expect(survivalNetBenefit(time, all, risk, 12, 0.4).value).toBeCloseTo(
      defined(netBenefit(risk, dead, 0.4).value),
      12,
    );
  });

  test('nobody treated is worth 0; a follow-up that ends before the horizon and nobody at all are refused', () => {
    expect(survivalNetBenefit([5, 6], [1, 0], [0.1, 0.2], 4, 0.5).value).toBe(0);
    expect(survivalNetBenefit([5, 6], [0, 0], [0.1, 0.8], 9, 0.5)).toMatchObject({
      value: null,
      reason: 'of the 1 treated, the last follow-up ends at 6',
    });
    expect(survivalNetBenefit([], [], [], 9, 0.5)).toMatchObject({ value: null, reason: 'there are no patients' });
  });
});
