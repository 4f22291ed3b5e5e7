import { describe, expect, test } from 'vitest';
import {
  exponent,
  insertReport,
  memoryFigure,
  scaleReport,
  SERIES,
  slope,
  timeFigure,
  type Scale,
  type ScalePoint,
} from './scale.js';

/** What a machine would measure whose step takes N²·B/threads and whose memory is 1 GB and 10 MB a sample. */
const ideal = Object.fromEntries(
  Object.entries(SERIES).map(([name, sizes]) => [
    name,
    sizes.map((size): ScalePoint => ({
      ...size,
      secondsPerStep: (1e-6 * size.bag ** 2 * size.batch) / size.threads,
      peakMemoryBytes: 1e9 + 1e7 * size.batch,
    })),
  ]),
) as unknown as Scale;

describe('fits', () => {
  test('exponent of a power law', () => {
    const x = [1, 2, 5, 10];
    expect(
      exponent(
        x,
        x.map((v) => 3 * v ** 1.7),
      ),
    ).toBeCloseTo(1.7, 10);
  });

  test('slope of a line', () => {
    expect(slope([1, 2, 4], [5, 7, 11])).toBeCloseTo(2, 10);
  });
});

describe('the report', () => {
  test('states the exponents, the memory of a sample and the gain of threads', () => {
    const report = scaleReport(ideal);
    expect(report).toContain('Time against the bag: exponent 2.00');
    expect(report).toContain('Time against the batch: exponent 1.00 at 400 tokens, 1.00 at 2,500');
    expect(report).toContain('10 MB a sample at 400 tokens');
    expect(report).toContain('two are 2.00 times as fast as one at 400 tokens');
    expect(report).toContain('| 400 | 2 | 2 | 0.16 | 0.080 | 1.02 |');
  });

  test('replaces its section and leaves the rest of the file', () => {
    const once = insertReport('# Benchmarks\n', 'first\n');
    expect(once).toContain('first');
    const twice = insertReport(`${once}\nThe end.\n`, 'second\n');
    expect(twice).toContain('second');
    expect(twice).not.toContain('first');
    expect(twice.startsWith('# Benchmarks\n')).toBe(true);
    expect(twice.endsWith('The end.\n')).toBe(true);
  });

  test('figures are drawings of their own, with a title', () => {
    for (const svg of [timeFigure(ideal), memoryFigure(ideal)]) {
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      expect(svg).toContain('aria-label=');
    }
  });
});
