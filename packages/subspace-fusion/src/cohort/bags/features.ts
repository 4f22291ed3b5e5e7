import type { Config } from '../../config/config.js';
import { badInput, counted, type Problem } from '../../files/errors.js';
import { quantile } from '../quantile.js';
import type { Bag, BagFile, BagHeader } from '../types.js';
import { bagRows } from './bag.js';
import type { OpenBag } from './open-bag.js';
import { withBag } from './open.js';

/** Features that are in memory at a time while a file is read: 4096 patches of width 1024. */
const BLOCK = 4096 * 1024;
const MAX_INT32 = 2 ** 31 - 1;

/** Reads a bag's header and none of its features. Throws {@link InputError} for a file that is no bag. */
export async function readBagHeader(file: string): Promise<BagHeader> {
  return withBag(file, ({ header }) => header);
}

/** Calls `use` with each block of rows in turn: the rows' features and the place of the first one. */
function forBlocks(
  { header: { patches, width }, rows }: OpenBag,
  use: (block: Float32Array, from: number) => void,
): void {
  const step = Math.max(1, Math.floor(BLOCK / width));
  for (let from = 0; from < patches; from += step) use(rows(from, Math.min(from + step, patches)), from);
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
function coordinatesOf(bag: OpenBag, rows: Uint32Array, file: string): Bag['coordinates'] {
  const all = bag.coordinates();
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
 * Reads one slide's bag, whatever its format; the file is open only meanwhile. Of a slide with more than `atMost` patches, only
 * the rows that {@link fixBag} keeps for a bag of that size are kept, so memory does not grow with the slide.
 * @throws {InputError} for a file that is no bag, or a feature that is NaN or infinite.
 */
export async function readBag({ path }: BagFile, atMost = Infinity): Promise<Bag> {
  return withBag(path, (bag) => {
    const { patches, width } = bag.header;
    const rows = bagRows(patches, Math.min(patches, atMost));
    const features = new Float32Array(rows.length * width);
    let next = 0;
    forBlocks(bag, (block, from) => {
      requireFinite(block, from, width, path);
      for (; next < rows.length && rows[next] * width < from * width + block.length; next++) {
        const at = (rows[next] - from) * width;
        features.set(block.subarray(at, at + width), next * width);
      }
    });
    return { ...bag.header, patches: rows.length, features, coordinates: coordinatesOf(bag, rows, path) };
  });
}

/** Reads a bag from end to end and keeps nothing. Throws as {@link readBag} does. */
export async function checkBag(path: string): Promise<void> {
  await withBag(path, (bag) => {
    forBlocks(bag, (block, from) => requireFinite(block, from, bag.header.width, path));
    coordinatesOf(bag, bagRows(bag.header.patches, bag.header.patches), path);
  });
}

/** Up to so many tokens the network's keys are a single one, and attention chooses nothing (docs/method.md, 2.4: 6 × 6 and 7 × 7). */
const SINGLE_KEY = 49;
/** The smallest bag that the method was tried with. */
const SMALL = 400;
/** A bag that repeats the typical slide so often costs time and memory and adds nothing. */
const REPEATS = 4;

/** Whether the bag has a size that suits the network and the slides. */
export function bagSizeProblems(
  { features, model: { bag } }: Config,
  headers: ReadonlyMap<string, BagHeader>,
): Problem[] {
  const warning = (message: string, remedy: string): Problem[] => [
    { severity: 'warning', file: features.folder, message, remedy },
  ];
  if (bag <= SINGLE_KEY)
    return warning(
      `a bag of ${bag} tokens (model.bag) leaves the attention a single key`,
      `Take ${SMALL} or more, but for a quick trial`,
    );
  if (headers.size === 0) return [];
  const patches = Float64Array.from(headers.values(), (header) => header.patches).sort();
  const median = Math.ceil(quantile(patches, 0.5));
  const enough = Math.max(SMALL, Math.ceil(Math.sqrt(median)) ** 2);
  if (bag < REPEATS * median || enough >= bag) return [];
  const message = `a bag has ${bag} tokens (model.bag), and half of the slides have ${counted(median, 'patch', 'patches')} or fewer, each repeated ${Math.floor(bag / median)} times or more`;
  return warning(message, `${enough} tokens hold as much and take less time`);
}
