/** Checks and orderings of plain number arrays that several metrics share. */

/** Deaths observed (1, true) or follow-up ended before (0, false), one per patient. */
export type Events = ArrayLike<number | boolean>;

/** Throws a RangeError unless all arrays have `n` elements and none of those is NaN. */
export function requireNumbers(n: number, arrays: Readonly<Record<string, ArrayLike<number | boolean>>>): void {
  for (const [name, values] of Object.entries(arrays)) {
    if (values.length !== n) throw new RangeError(`${name} has ${values.length} elements, expected ${n}`);
    for (let i = 0; i < n; i++) if (Number.isNaN(values[i])) throw new RangeError(`${name}[${i}] is NaN`);
  }
}

/** Throws a RangeError unless every label is one of 0…classes−1. */
export function requireClasses(labels: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < labels.length; i++) {
    if (Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] < classes) continue;
    throw new RangeError(`class ${labels[i]} of patient ${i} is not one of 0 to ${classes - 1}`);
  }
}

/** The indices of `values` from the smallest to the largest value; equal values in index order. */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i);
  return order.sort((a, b) => (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b));
}

/** How many of the values come before the first for which `holds` is false, by bisection: it has to hold for none after that one. */
export function countLeading(values: ArrayLike<number>, holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function countEvents(event: Events): number {
  let events = 0;
  for (let i = 0; i < event.length; i++) if (event[i]) events++;
  return events;
}

/**
 * The q-quantile, 0 ≤ q ≤ 1, of values in any order, none of them NaN: interpolated linearly between the order statistics around
 * (n−1)·q (type 7 of Hyndman & Fan 1996, R's and NumPy's default). Throws a RangeError on an empty list.
 */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (values.length === 0) throw new RangeError('no quantile of an empty list');
  const sorted = Float64Array.from(values).sort();
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const weight = position - below;
  return weight === 0 ? sorted[below] : sorted[below] + weight * (sorted[above] - sorted[below]);
}
