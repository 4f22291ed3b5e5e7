/** The steps 1, 2 or 5 times a power of ten: the smallest that cuts `span` into at most six pieces. */
export function roundStep(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / 6));
  return power * [1, 2, 5, 10].find((factor) => span <= 6 * factor * power)!;
}

/** Multiples of a round step from 0 up to `end` > 0. */
export function roundTicks(end: number): number[] {
  const step = roundStep(end);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}
