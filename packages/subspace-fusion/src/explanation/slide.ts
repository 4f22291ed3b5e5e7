import { basename } from 'node:path';
import { bagRows, fixBag, readBag, readBagHeader, tokenRows, type BagFile } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import type { BagShape } from '../training/samples.js';

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

/** Reads a slide for a model, and keeps which token shows which patch. @throws UserError where the features are of another width. */
export async function readSlide(slide: BagFile, { tokens, size, layout }: BagShape): Promise<SlideBag> {
  const { patches } = await readBagHeader(slide.path);
  const bag = await readBag(slide, tokens);
  if (bag.width !== size.patchWidth) {
    throw new UserError(
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
