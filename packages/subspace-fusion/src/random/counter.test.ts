import { describe, expect, test } from 'vitest';
import { bits, key, normal, permutation, uniform } from './counter.js';

const N = 200_000;
const draws = (f: (k: number, i: number) => number, k: number, n = N) =>
  Float64Array.from({ length: n }, (_, i) => f(k, i));
const mean = (x: Float64Array) => x.reduce((a, b) => a + b, 0) / x.length;
const moment = (x: Float64Array, p: number) => mean(x.map((v) => v ** p));

describe('counter-based random numbers', () => {
  test('bits are those of the published constants, computed by another program', () => {
    expect([0, 1, 2, 3].map((i) => bits(12345, i))).toEqual([2435775735, 2828093089, 2893054352, 3898731231]);
  });

  test('a draw depends on its key and counter alone', () => {
    const k = key(7, 'dropout', 3, 'x');
    expect(uniform(k, 41)).toBe(uniform(key(7, 'dropout', 3, 'x'), 41));
    const keys = [
      key(7),
      key(8),
      key(7, 'a'),
      key(7, 'b'),
      key(7, 1),
      key(7, 2),
      key(7, 1, 2),
      key(7, 2, 1),
      key(7, 'ab'),
      key(7, 'a', 'b'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('uniform draws fill [0, 1) evenly', () => {
    const x = draws(uniform, key(1, 'uniform'));
    expect(Math.min(...x.subarray(0, 1000))).toBeGreaterThanOrEqual(0);
    expect(x.every((v) => v >= 0 && v < 1)).toBe(true);
    const counts = new Float64Array(64);
    x.forEach((v) => counts[Math.floor(v * 64)]++);
    const expected = N / 64;
    const chiSquare = counts.reduce((t, n) => t + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeGreaterThan(63 - 4 * Math.sqrt(2 * 63)); // 63 degrees of freedom, 4 standard deviations
    expect(chiSquare).toBeLessThan(63 + 4 * Math.sqrt(2 * 63));
  });

  test('normal draws have the moments 0, 1, 0, 3', () => {
    const x = draws(normal, key(1, 'normal'));
    const error = 4 / Math.sqrt(N);
    expect(mean(x)).toBeCloseTo(0, 1);
    expect(Math.abs(mean(x))).toBeLessThan(error);
    expect(Math.abs(moment(x, 2) - 1)).toBeLessThan(error * Math.sqrt(2));
    expect(Math.abs(moment(x, 3))).toBeLessThan(error * Math.sqrt(15));
    expect(Math.abs(moment(x, 4) - 3)).toBeLessThan(error * Math.sqrt(96));
  });

  test('neighbouring streams and neighbouring draws are not correlated', () => {
    const centred = (k: number) => draws(uniform, k).map((v) => v - 0.5);
    const correlation = (a: Float64Array, b: Float64Array) => mean(a.map((v, i) => v * b[i])) * 12;
    const a = centred(key(1, 'step', 5));
    expect(Math.abs(correlation(a, centred(key(1, 'step', 6))))).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(correlation(a, centred(key(2, 'step', 5))))).toBeLessThan(4 / Math.sqrt(N));
    expect(Math.abs(correlation(a.subarray(1), a.subarray(0, -1)))).toBeLessThan(4 / Math.sqrt(N));
  });

  test('permutations hold every element once, and all orders are equally frequent', () => {
    expect([...permutation(key(3), 100)].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(permutation(key(3), 0)).toHaveLength(0);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(key(3, i), 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(4 * Math.sqrt(1000));
  });
});
