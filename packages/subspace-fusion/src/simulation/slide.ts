import { key, normal, uniform } from '../random/counter.js';
import type { Latents } from './latents.js';

/**
 * A Gaussian random field on a torus of side × side cells: white noise smoothed by three box filters of
 * half-width `radius` (close to a Gaussian kernel), then standardised. Row-major `[side · side]`.
 */
function randomField(stream: number, side: number, radius: number): Float64Array {
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

export const KINDS = [
  'cellular tumour',
  'infiltrating edge',
  'pseudopalisading',
  'necrosis',
  'vessels',
  'lymphocyte-rich',
  'macrophage-rich',
  'normal',
] as const;

const [CELLULAR, EDGE, PSEUDOPALISADING, NECROSIS, VESSELS, LYMPHOCYTES, MACROPHAGES, NORMAL] = [
  0, 1, 2, 3, 4, 5, 6, 7,
] as const;
/** A patch of cellular tumour that carries the marker: a ninth appearance, no ninth kind. */
export const MARKER = 8;
export const APPEARANCES = KINDS.length + 1;

const BASE_PROPORTIONS = [0.34, 0.14, 0.07, 0.08, 0.07, 0.08, 0.09, 0.13];
export const AVERAGE_LOG_PROPORTIONS = Float64Array.from(BASE_PROPORTIONS, Math.log);
/** Log proportion of each kind, up to a constant, moves by these with t₁, t₂, t₃, m₁, m₂, m₃, h. */
export const PROPORTION_LOADINGS: readonly (readonly number[])[] = [
  [0.2, 0, 0, 0, 0, 0, 0],
  [0, 0, 0.3, 0, 0, 0, 0],
  [0, 0.15, 0, 0, 0, 0, 0.5],
  [0.25, 0, 0, 0, 0, 0, 0.5],
  [0, 0, 0, 0, 0.4, 0, 0],
  [0, 0, 0, 0.4, 0, 0, 0],
  [0, 0, 0, 0, 0, 0.4, 0],
  [-0.3, 0, 0, 0, 0, 0, 0],
];
/** Standard deviation of a patient's own deviation from those log proportions. */
export const PROPORTION_NOISE = 0.35;

/** Share of the immune patches that lie within the tumour, from φ (uniform with variance 1): 0.1 to 0.9. */
const contactShare = (phi: number) => 0.5 + (0.4 * phi) / Math.sqrt(3);
/** Share of rim or core patches that carry the marker, from the standardised density: 0.09 to 0.61. */
const markerDensity = (score: number) => 0.35 + 0.15 * score;

/** Log proportions of the eight kinds up to a constant, the patient's own deviation included. */
export function logProportions(stream: number, latents: Pick<Latents, 'programmes' | 'h'>): Float64Array {
  const factors = [...latents.programmes, latents.h];
  return Float64Array.from(PROPORTION_LOADINGS, (loadings, kind) =>
    loadings.reduce(
      (sum, loading, j) => sum + loading * factors[j],
      AVERAGE_LOG_PROPORTIONS[kind] + PROPORTION_NOISE * normal(key(stream, 'proportions'), kind),
    ),
  );
}

/** Whole numbers that sum to `total`, as near to the proportions as can be (largest remainders). */
export function apportion(logs: Float64Array, total: number): number[] {
  const weights = Array.from(logs, Math.exp);
  const sum = weights.reduce((a, b) => a + b);
  const exact = weights.map((weight) => (total * weight) / sum);
  const counts = exact.map(Math.floor);
  const missing = total - counts.reduce((a, b) => a + b);
  const byRemainder = exact.map((_, i) => i).sort((i, j) => exact[j] - counts[j] - (exact[i] - counts[i]));
  for (const i of byRemainder.slice(0, missing)) counts[i]++;
  return counts;
}

/**
 * One slide: the appearance (kind or MARKER) of each of side × side patches, row-major. `stream` is a key of the slide.
 *
 * From the inside out lie necrosis, pseudopalisading and cellular tumour, then infiltrating edge and normal tissue, along a
 * depth that is a blob bent by a Gaussian random field. Immune patches and vessels are where further fields are highest; φ sets which
 * share of the immune patches lies within the tumour, and every kind keeps its number, so that shuffled patches know nothing of φ.
 */
export function drawSlide(
  stream: number,
  side: number,
  latents: Pick<Latents, 'programmes' | 'h' | 'phi' | 'rim' | 'core'>,
): Uint8Array {
  const counts = apportion(logProportions(stream, latents), side * side);
  const within = counts.map((count, kind) =>
    kind === LYMPHOCYTES || kind === MACROPHAGES
      ? Math.round(contactShare(latents.phi) * count)
      : kind === VESSELS
        ? count >> 1
        : 0,
  );
  const slide = new Uint8Array(side * side).fill(NORMAL);
  const paint = (cells: readonly number[], appearance: number) => cells.forEach((cell) => (slide[cell] = appearance));
  /** Paints the `count` cells where a field of its own is highest; returns the others, in their order. */
  const scatter = (cells: readonly number[], appearance: number, count: number, place: string, radius: number) => {
    const [highest, others] = takeHighest(cells, randomField(key(stream, place, appearance), side, radius), count);
    paint(highest, appearance);
    return others;
  };

  let remaining = cellsByDepth(key(stream, 'depth'), side);
  const takeDeepest = (count: number) => {
    const taken = remaining.slice(0, count);
    remaining = remaining.slice(count);
    return taken;
  };
  const scattered = [VESSELS, LYMPHOCYTES, MACROPHAGES];

  paint(takeDeepest(counts[NECROSIS]), NECROSIS);
  paint(takeDeepest(counts[PSEUDOPALISADING]), PSEUDOPALISADING);
  let tumour = takeDeepest(scattered.reduce((sum, kind) => sum + within[kind], counts[CELLULAR]));
  tumour = scatter(tumour, VESSELS, within[VESSELS], 'within', 1);
  // Single patches within the tumour touch it; clusters would touch only themselves.
  for (const kind of [LYMPHOCYTES, MACROPHAGES]) tumour = scatter(tumour, kind, within[kind], 'within', 0);
  paint(tumour, CELLULAR);
  const core = tumour.slice(0, tumour.length >> 1);
  const rim = tumour.slice(tumour.length >> 1);
  scatter(core, MARKER, Math.round(markerDensity(latents.core) * core.length), 'core', 0);
  scatter(rim, MARKER, Math.round(markerDensity(latents.rim) * rim.length), 'rim', 0);

  paint(takeDeepest(counts[EDGE]), EDGE);
  for (const kind of [LYMPHOCYTES, MACROPHAGES]) {
    const count = counts[kind] - within[kind];
    const apart = remaining.filter(
      (cell) => !neighbours(cell, side).some((other) => slide[other] === CELLULAR || slide[other] === MARKER),
    );
    scatter(apart.length < count ? remaining : apart, kind, count, 'outside', 1);
    remaining = remaining.filter((cell) => slide[cell] !== kind);
  }
  scatter(remaining, VESSELS, counts[VESSELS] - within[VESSELS], 'outside', 1);
  return slide;
}

/** Cells from the innermost of the tumour to the outermost of the slide. */
function cellsByDepth(stream: number, side: number): number[] {
  const field = randomField(key(stream, 'field'), side, Math.max(1, Math.round(side / 10)));
  const centre = [0, 1].map((axis) => side * (0.4 + 0.2 * uniform(key(stream, 'centre'), axis)) - 0.5);
  const depth = field.map((value, cell) => {
    const distance = Math.hypot(Math.floor(cell / side) - centre[0], (cell % side) - centre[1]);
    return 0.5 * value - (4 * distance) / side;
  });
  return Array.from(depth, (_, cell) => cell).sort((p, q) => depth[q] - depth[p]);
}

/** The cells beside, above and below. */
export function neighbours(cell: number, side: number): number[] {
  const [row, column] = [Math.floor(cell / side), cell % side];
  return [
    ...(row > 0 ? [cell - side] : []),
    ...(row < side - 1 ? [cell + side] : []),
    ...(column > 0 ? [cell - 1] : []),
    ...(column < side - 1 ? [cell + 1] : []),
  ];
}

/** The `count` cells with the highest field, and the others in their order. */
function takeHighest(cells: readonly number[], field: Float64Array, count: number): [number[], number[]] {
  const highest = new Set([...cells].sort((p, q) => field[q] - field[p]).slice(0, count));
  return [cells.filter((cell) => highest.has(cell)), cells.filter((cell) => !highest.has(cell))];
}
