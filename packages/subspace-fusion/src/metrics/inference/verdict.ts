/** What a paired difference says about a change: `undetermined` where the data allow more than one of the others. */
export type Verdict = 'helps' | 'harms' | 'equivalent' | 'undetermined';

/**
 * Reads the interval [low, high] of a difference (higher is better) against a margin below which a difference does not matter:
 * equivalent where the whole interval lies within ±margin (two one-sided tests, Schuirmann 1987; with a 95 % interval each at
 * 2.5 %), else helps or harms where it lies on one side of 0, else undetermined. An interval within the margin and on one side
 * of 0 is equivalent: sure, and too small to matter.
 * @param adjustedP p-value of no difference after adjustment for many comparisons: above 0.05 nothing helps or harms
 */
export function verdict(low: number, high: number, margin: number, adjustedP = 0): Verdict {
  if (low >= -margin && high <= margin) return 'equivalent';
  if (adjustedP <= 0.05 && low > 0) return 'helps';
  if (adjustedP <= 0.05 && high < 0) return 'harms';
  return 'undetermined';
}
