import { normal } from '../random/counter.js';

/**
 * A Gaussian random field on a torus of side × side cells: white noise smoothed by three box filters of
 * half-width `radius` (close to a Gaussian kernel), then standardised. Row-major `[side · side]`.
 */
export function randomField(stream: number, side: number, radius: number): Float64Array {
  let field = Float64Array.from({ length: side * side }, (_, cell) => normal(stream, cell));
  for (let pass = 0; radius > 0 && pass < 3; pass++) {
    field = boxFilter(field, side, radius, 1, side);
    field = boxFilter(field, side, radius, side, 1);
  }
  return standardise(field);
}

/** Mean over 2·radius + 1 cells along one axis; `step` leads to the next cell of a line, `stride` to the next line. */
function boxFilter(
  field: Float64Array,
  side: number,
  radius: number,
  step: number,
  stride: number,
): Float64Array<ArrayBuffer> {
  const smoothed = new Float64Array(field.length);
  for (let line = 0; line < side; line++) {
    for (let i = 0; i < side; i++) {
      let sum = 0;
      for (let d = -radius; d <= radius; d++)
        sum += field[line * stride + ((i + d + side * (radius + 1)) % side) * step];
      smoothed[line * stride + i * step] = sum / (2 * radius + 1);
    }
  }
  return smoothed;
}

/** Shifted and scaled to mean 0 and variance 1; a constant stays at 0. */
export function standardise(values: Float64Array): Float64Array {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / values.length) || 1;
  return values.map((value) => (value - mean) / deviation);
}
