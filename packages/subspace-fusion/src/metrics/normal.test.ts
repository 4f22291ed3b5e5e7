import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wilsonInterval } from './distributions.js';

const { wilson } = JSON.parse(readFileSync(new URL('./reference/inference.json', import.meta.url), 'utf8'));

test.each(wilson as number[][])(
  "Wilson's interval of %d in %d is that of R prop.test without continuity correction",
  (count, n, low, high) => {
    const interval = wilsonInterval(count, n);
    expect(interval[0]).toBeCloseTo(low, 12);
    expect(interval[1]).toBeCloseTo(high, 12);
  },
);
