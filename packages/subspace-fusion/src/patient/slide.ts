import { basename } from 'node:path';
import { bagRows, fixBag, readBag, readBagHeader, tokenRows, type BagFile } from '../cohort/index.js';
import { InputError } from '../files/errors.js';
import type { BagShape } from '../inference/bag-reader.js';
import { GROUPS } from '../model/parts.js';

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

/** Where the patches of a slide that the network sees lie. */
export interface PatchLayout {
  /** `slide`: the file's coordinates. `grid`: the file has none; patches stand in the order of the file on the bag's grid, which is no place on the slide. */
  readonly kind: 'slide' | 'grid';
  /** Left and upper edge of each patch. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Edge of a patch. */
  readonly edge: number;
}

/** One slide as the network sees it. */
export interface SlideBag {
  readonly slide: string;
  /** `[N, width]` */
  readonly features: Float32Array;
  /** Patches of the file, and the rows of those that are in the bag. */
  readonly patches: number;
  readonly rows: Uint32Array;
  /** The patch of each token, as a place in `rows`. */
  readonly patchOf: Uint32Array; // [N]
  readonly layout: PatchLayout;
}

/** Reads a slide for a model, and keeps which token shows which patch. @throws InputError where the features are of another width. */
export async function readSlide(slide: BagFile, { tokens, size, layout }: BagShape): Promise<SlideBag> {
  const { patches } = await readBagHeader(slide.path);
  const bag = await readBag(slide, tokens);
  if (bag.width !== size.patchWidth) {
    throw new InputError(
      `${slide.path}: features are ${bag.width} wide, the model's are ${size.patchWidth}. Extract them with the model's encoder.`,
    );
  }
  const side = Math.sqrt(tokens);
  return {
    slide: basename(slide.path),
    features: fixBag(bag, tokens, layout).features,
    patches,
    rows: bagRows(patches, bag.patches),
    patchOf: tokenRows(bag, tokens, layout),
    layout: bag.coordinates ? onSlide(bag.coordinates, bag.patchSizeLevel0) : onGrid(bag.patches, side),
  };
}

function onSlide(coordinates: ArrayLike<number>, edge: number | undefined): PatchLayout {
  const n = coordinates.length / 2;
  const x = Array.from({ length: n }, (_, i) => coordinates[2 * i]);
  const y = Array.from({ length: n }, (_, i) => coordinates[2 * i + 1]);
  return { kind: 'slide', x, y, edge: edge ?? smallestStep(x, y) };
}

function onGrid(patches: number, side: number): PatchLayout {
  const places = Array.from({ length: patches }, (_, i) => i);
  return { kind: 'grid', x: places.map((i) => i % side), y: places.map((i) => Math.floor(i / side)), edge: 1 };
}

/** Smallest distance of two columns or rows of patches; 1 where there is a single patch. */
function smallestStep(...axes: readonly (readonly number[])[]): number {
  const steps = axes.flatMap((axis) => {
    const places = [...new Set(axis)].sort((a, b) => a - b);
    return places.slice(1).map((place, i) => place - places[i]);
  });
  return steps.length === 0 ? 1 : Math.min(...steps);
}
