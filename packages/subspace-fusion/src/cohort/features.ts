import { Dataset, type File } from 'h5wasm/node';
import { bagRows } from './bag.js';
import { isFloatDataset, readFloatRows, withHdf5 } from './hdf5.js';
import { badInput } from './problems.js';
import type { Bag, BagFile } from './types.js';

/** Patch features of one slide, as far as the file's header tells. */
export interface BagHeader {
  readonly patches: number;
  readonly width: number;
  readonly encoder: string | undefined;
}

/** Rows that are in memory at a time while a file is read. */
const BLOCK = 4096;

function dataset(hdf5: File, name: string): Dataset | undefined {
  const entity = hdf5.keys().includes(name) ? hdf5.get(name) : undefined;
  return entity instanceof Dataset ? entity : undefined;
}

/** The dataset `features` (CLAM, TRIDENT) or `feats`: floats of shape [n, width] or [1, n, width]. */
function featuresOf(hdf5: File, file: string): Dataset {
  const features = dataset(hdf5, 'features') ?? dataset(hdf5, 'feats');
  if (!features) {
    const there = hdf5.keys().join(', ') || 'nothing';
    throw badInput({
      file,
      message: `there is no dataset 'features' (the file has: ${there})`,
      remedy: 'Store the patch features as [n, width] under that name',
    });
  }
  const shape = features.shape ?? [];
  const matrix = shape.length === 2 || (shape.length === 3 && shape[0] === 1);
  if (!matrix || shape.includes(0)) {
    throw badInput({
      file,
      message: `the features have the shape [${shape.join(', ')}]`,
      remedy: 'One row a patch is needed: [n, width], n at least 1',
    });
  }
  if (!isFloatDataset(features)) {
    throw badInput({
      file,
      message: `the features are of type ${String(features.dtype)}`,
      remedy: 'Store them as little-endian float16, float32 or float64',
    });
  }
  return features;
}

/** Attribute `encoder` of the features or of the file. */
function encoderOf(hdf5: File, features: Dataset): string | undefined {
  const value = (features.attrs['encoder'] ?? hdf5.attrs['encoder'])?.value;
  return typeof value === 'string' ? value : undefined;
}

/** Reads the patches' corners, [n, 2] or [1, n, 2] of any integer or float type. */
function coordinatesOf(hdf5: File, file: string, patches: number): Int32Array | undefined {
  const coordinates = dataset(hdf5, 'coords');
  if (!coordinates) return undefined;
  if (coordinates.metadata.total_size !== patches * 2) {
    throw badInput({
      file,
      message: `'coords' has the shape [${coordinates.shape?.join(', ')}] beside ${patches} patches`,
      remedy: 'Store x and y of each patch, [n, 2], or leave coords out',
    });
  }
  return Int32Array.from(coordinates.value as ArrayLike<number>, Number);
}

function headerOf(hdf5: File, file: string): BagHeader & { readonly features: Dataset } {
  const features = featuresOf(hdf5, file);
  const [patches, width] = features.shape!.slice(-2) as [number, number];
  return { patches, width, encoder: encoderOf(hdf5, features), features };
}

/** Reads a bag's header and none of its features. Throws {@link UserError} for a file that is no bag. */
export async function readBagHeader(file: string): Promise<BagHeader> {
  return withHdf5(file, (hdf5) => {
    const { patches, width, encoder } = headerOf(hdf5, file);
    return { patches, width, encoder };
  });
}

/** Calls `use` with each block of rows in turn: the rows' features and the place of the first one. */
function forBlocks(features: Dataset, patches: number, use: (block: Float32Array, from: number) => void): void {
  for (let from = 0; from < patches; from += BLOCK) use(readFloatRows(features, from, Math.min(from + BLOCK, patches)), from);
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

/**
 * Reads one slide's bag; the file is open only meanwhile. Of a slide with more than `atMost` patches, only the rows that
 * {@link fixBag} keeps for a bag of that size are kept, so memory does not grow with the slide.
 * @throws {UserError} for a file that is no bag, or a feature that is NaN or infinite.
 */
export async function readBag({ path }: BagFile, atMost = Infinity): Promise<Bag> {
  return withHdf5(path, (hdf5) => {
    const { features, patches, width, encoder } = headerOf(hdf5, path);
    const rows = bagRows(patches, Math.min(patches, atMost));
    const kept = new Float32Array(rows.length * width);
    let next = 0;
    forBlocks(features, patches, (block, from) => {
      requireFinite(block, from, width, path);
      for (; next < rows.length && rows[next]! * width < from * width + block.length; next++) {
        const at = (rows[next]! - from) * width;
        kept.set(block.subarray(at, at + width), next * width);
      }
    });
    const all = coordinatesOf(hdf5, path, patches);
    const coordinates = all && Int32Array.from({ length: rows.length * 2 }, (_, i) => all[rows[i >> 1]! * 2 + (i & 1)]!);
    return { patches: rows.length, width, features: kept, coordinates, encoder };
  });
}

/** Reads a bag from end to end and keeps nothing. Throws as {@link readBag} does. */
export async function checkBag(path: string): Promise<void> {
  await withHdf5(path, (hdf5) => {
    const { features, patches, width } = headerOf(hdf5, path);
    forBlocks(features, patches, (block, from) => requireFinite(block, from, width, path));
  });
}
