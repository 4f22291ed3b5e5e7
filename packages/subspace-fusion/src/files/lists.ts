/**
 * Lists of any length. `list.push(...more)` and `Math.max(...values)` pass every item as an argument, and past some hundred thousand of them the
 * program ends; the linter refuses both.
 */

/** Appends all of `more` to `list`. */
export function append<T>(list: T[], more: Iterable<T>): void {
  for (const item of more) list.push(item);
}

/** The largest of the values; −∞ of none, NaN where one is NaN. */
export function maxOf(values: Iterable<number>): number {
  let most = -Infinity;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The smallest of the values; ∞ of none, NaN where one is NaN. */
export function minOf(values: Iterable<number>): number {
  let least = Infinity;
  for (const value of values) least = Math.min(least, value);
  return least;
}
