import { badInput } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import type { Bag, BagHeader } from '../types.js';
import { bagRows } from './bag.js';
import { contentObserver, type BagContent } from './content.js';
import type { OpenBag } from './open-bag.js';
import { withBag } from './open.js';

/** Features that are in memory at a time while a file is read: 4096 patches of width 1024. */
const BLOCK = 4096 * 1024;
const MAX_INT32 = 2 ** 31 - 1;

/** Reads a bag's header and none of its features. Throws {@link InputError} for a file that is no bag. */
export const parseBagHeader = (source: Source): Promise<BagHeader> =>
  withBag(source, ({ header }) => Promise.resolve(header));

/** Calls `use` with each block of rows in turn: the rows' features and the place of the first one. */
async function forBlocks(
  { header: { patches, width }, rows }: OpenBag,
  use: (block: Float32Array, from: number) => void,
): Promise<void> {
  const step = Math.max(1, Math.floor(BLOCK / width));
  for (let from = 0; from < patches; from += step) use(await rows(from, Math.min(from + step, patches)), from);
}

function requireFinite(block: Float32Array, from: number, width: number, file: string): void {
  const bad = block.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw badInput({
    file,
    message: `feature ${bad % width} of patch ${from + Math.floor(bad / width)} (from 0) is ${block[bad]}`,
    remedy: 'Extract the features of this slide again, or delete the patch',
  });
}

/** Coordinates of the chosen rows: whole numbers where they are pixels, as they stand in the file otherwise. */
async function coordinatesOf(bag: OpenBag, rows: Uint32Array, file: string): Promise<Bag['coordinates']> {
  const all = await bag.coordinates();
  if (!all) return undefined;
  const chosen = Float64Array.from({ length: rows.length * 2 }, (_, i) => Number(all[rows[i >> 1] * 2 + (i & 1)]));
  const bad = chosen.findIndex((x) => !(Math.abs(x) <= MAX_INT32));
  if (bad >= 0) {
    const message = `a coordinate of patch ${rows[bad >> 1]} (from 0) is ${chosen[bad]}`;
    throw badInput({ file, message, remedy: 'Extract the features of this slide again' });
  }
  return bag.header.unit === 'pixels' ? Int32Array.from(chosen, Math.round) : Float32Array.from(chosen);
}

/**
 * Reads one slide's bag, whatever its format. Of a slide with more than `atMost` patches, only
 * the rows that {@link fixBag} keeps for a bag of that size are kept, so memory does not grow with the slide.
 * @throws {InputError} for a file that is no bag, or a feature that is NaN or infinite.
 */
export function parseBag(source: Source, atMost = Infinity): Promise<Bag> {
  return withBag(source, async (bag) => {
    const { patches, width } = bag.header;
    const rows = bagRows(patches, Math.min(patches, atMost));
    const features = new Float32Array(rows.length * width);
    let next = 0;
    await forBlocks(bag, (block, from) => {
      requireFinite(block, from, width, source.name);
      for (; next < rows.length && rows[next] * width < from * width + block.length; next++) {
        const at = (rows[next] - from) * width;
        features.set(block.subarray(at, at + width), next * width);
      }
    });
    const coordinates = await coordinatesOf(bag, rows, source.name);
    return { ...bag.header, patches: rows.length, features, coordinates };
  });
}

/** Reads a bag from end to end and keeps nothing but what is doubtful in it. Throws as {@link parseBag} does. */
export function checkBagSource(source: Source): Promise<BagContent> {
  return withBag(source, async (bag) => {
    const { patches, width } = bag.header;
    const observer = contentObserver(width);
    await forBlocks(bag, (block, from) => {
      requireFinite(block, from, width, source.name);
      observer.observe(block);
    });
    const coordinates = await coordinatesOf(bag, bagRows(patches, patches), source.name);
    return observer.finish(coordinates, bag.repeats ?? false);
  });
}
