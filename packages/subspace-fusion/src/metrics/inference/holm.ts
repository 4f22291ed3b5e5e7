import { ascendingOrder, requireNumbers } from '../arrays.js';

/**
 * P-values of several comparisons adjusted by Holm's step-down procedure (Holm 1979): the j-th smallest of m is multiplied by m
 * − j + 1, capped at 1, and never below a smaller one's. Those at or below 0.05 hold together with an error of 5 % in all,
 * however the tests depend. In the order given. Throws a RangeError where one is NaN; refused comparisons are to be left out
 * before.
 */
export function holm(pValues: ArrayLike<number>): Float64Array {
  const m = pValues.length;
  requireNumbers(m, { pValues });
  const adjusted = new Float64Array(m);
  let largest = 0;
  ascendingOrder(pValues).forEach((i, place) => {
    largest = Math.max(largest, Math.min(1, (m - place) * pValues[i]));
    adjusted[i] = largest;
  });
  return adjusted;
}
