import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { normalShare, wilsonInterval } from './distributions.js';

const { wilson } = JSON.parse(readFileSync(new URL('./reference/inference.json', import.meta.url), 'utf8'));

test.each(wilson as number[][])(
  "Wilson's interval of %d in %d is that of R prop.test without continuity correction",
  (count, n, low, high) => {
    const interval = wilsonInterval(count, n);
    expect(interval[0]).toBeCloseTo(low, 12);
    expect(interval[1]).toBeCloseTo(high, 12);
  },
);

test('the share of a standard normal below z, from its table', () => {
  expect([-3, -1.959963984540054, 0, 1, 1.959963984540054].map(normalShare)).toEqual(
    [0.0013498980316301, 0.025, 0.5, 0.8413447460685429, 0.975].map((share) => expect.closeTo(share, 12) as number),
  );
});
