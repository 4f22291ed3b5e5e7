import { GROUPS } from '../model/widths.js';

/** A place where one head of a branch reads the bag. Positions are in cells of the bag's grid: 0 is the middle of the first column or row. */
export interface SampledPoint {
  readonly head: number;
  /** Column and row. */
  readonly x: number;
  readonly y: number;
  /** Where it would be without its offset. */
  readonly fromX: number;
  readonly fromY: number;
  /** Attention that it receives, the mean over the queries; sums to 1 over the points of a head. */
  readonly attention: number;
}

/** Cell of the bag's grid of side s at column (or row) c of the grid of keys of side k: u = 2c/max(k−1, 1) − 1, then ((u + 1)·s − 1)/2. */
function cellOf(c: number, k: number, s: number): number {
  return (c * s) / Math.max(k - 1, 1) - 0.5;
}

/**
 * The points that deformable attention reads.
 * @param vgrid Key positions of one sample, `[8, 2, k, k]`, column then row in units of key cells
 * @param received Attention that each key receives, `[8, k²]`
 * @param s Side of the bag's grid
 */
export function sampledPoints(vgrid: ArrayLike<number>, received: ArrayLike<number>, s: number): SampledPoint[] {
  const M = received.length / GROUPS;
  const k = Math.sqrt(M);
  return Array.from({ length: received.length }, (_, i): SampledPoint => {
    const [head, j] = [Math.floor(i / M), i % M];
    return {
      head,
      x: cellOf(vgrid[2 * head * M + j], k, s),
      y: cellOf(vgrid[(2 * head + 1) * M + j], k, s),
      fromX: cellOf(j % k, k, s),
      fromY: cellOf(Math.floor(j / k), k, s),
      attention: received[i],
    };
  });
}

/** The cells inside a grid of side s that a point reads, with bilinear weights: at most 4, which sum to less than 1 at the border and to 0 outside. */
export function cellsRead(
  { x, y }: Pick<SampledPoint, 'x' | 'y'>,
  s: number,
): { readonly cell: number; readonly weight: number }[] {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  return [0, 1].flatMap((dx) =>
    [0, 1].flatMap((dy) => {
      const [column, row] = [left + dx, top + dy];
      if (column < 0 || row < 0 || column >= s || row >= s) return [];
      return [{ cell: row * s + column, weight: (1 - Math.abs(x - column)) * (1 - Math.abs(y - row)) }];
    }),
  );
}

/** Attention that each token receives from each head: `[8][N]`. What points read beyond the border, which is zeros, goes to no token. */
export function tokenAttention(points: readonly SampledPoint[], s: number): Float64Array[] {
  const heads = Array.from({ length: GROUPS }, () => new Float64Array(s * s));
  for (const point of points)
    for (const { cell, weight } of cellsRead(point, s)) heads[point.head][cell] += point.attention * weight;
  return heads;
}

/** Sums what the tokens of a bag have over the patches that they show: `[N] → [patches]`. `patchOf [N]` is the patch of each token. */
export function onPatches(tokens: ArrayLike<number>, patchOf: Uint32Array, patches: number): Float64Array {
  const sums = new Float64Array(patches);
  patchOf.forEach((patch, token) => (sums[patch] += tokens[token]));
  return sums;
}
