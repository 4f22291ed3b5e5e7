import { badInput, type InputError } from '../../files/errors.js';
import {
  datasetIn,
  isFloatDataset,
  readFloatRows,
  requireKnownFilters,
  typeName,
  withHdf5,
  type Dataset,
  type File,
  type Library,
} from '../../files/hdf5.js';
import type { Source } from '../../files/source.js';
import { printable } from '../../files/text.js';
import type { Attributes } from '../../files/torch.js';
import { bagShape, COORDINATES, FEATURES, requirePairs, type BagReader, type OpenBag } from './open-bag.js';
import { ATTRIBUTES, otherThanPatches, provenanceOf } from './provenance.js';

type Wrong = (message: string, remedy: string) => InputError;

/** Reads HDF5: CLAM, TRIDENT (`features`), STAMP (`feats`), and the method's published code (`Res_feature`). */
export const withHdf5Bag: BagReader = (source, use) =>
  withHdf5(source, (hdf5, library) => use(openBag(hdf5, source, library)));

function openBag(hdf5: File, { name: file, size }: Source, library: Library): OpenBag {
  const wrong = (message: string, remedy: string) => badInput({ file, message, remedy });
  const [name, features] = featuresOf(hdf5, wrong);
  const [patches, width] = bagShape(features.shape ?? [], wrong);
  if (!isFloatDataset(features)) {
    throw wrong(
      `the features are of type ${typeName(features)}`,
      'Store them as little-endian float16, float32 or float64',
    );
  }
  requireHonestSize(features, size, wrong);
  requireKnownFilters(features, file);
  const coordinates = datasetIn(hdf5, COORDINATES);
  const attributes = {
    ...attributesOf(hdf5),
    ...(coordinates && attributesOf(coordinates)),
    ...attributesOf(features),
  };
  const other = otherThanPatches(attributes);
  if (other !== undefined)
    throw wrong(`these are features of a ${other}, not of patches`, 'Take the features of the tiles');
  return {
    header: { patches, width, ...provenanceOf(attributes, name === 'features' && coordinates !== undefined) },
    rows: (from, to) => readFloatRows(features, from, to, library),
    coordinates() {
      if (!coordinates) return undefined;
      requirePairs(coordinates.shape ?? [], patches, wrong);
      requireHonestSize(coordinates, size, wrong);
      requireKnownFilters(coordinates, file);
      const { value } = coordinates;
      if (!ArrayBuffer.isView(value))
        throw wrong(`'${COORDINATES}' is of type ${typeName(coordinates)}`, 'Store numbers, or leave coords out');
      return value;
    },
  };
}

function featuresOf(hdf5: File, wrong: Wrong): [name: string, Dataset] {
  for (const name of FEATURES) {
    const features = datasetIn(hdf5, name);
    if (features) return [name, features];
  }
  const there = hdf5.keys();
  const remedy =
    there.includes(COORDINATES) && there.length === 1
      ? 'These are the coordinates only; the features are files of their own (TRIDENT: features_ENCODER, CLAM: h5_files)'
      : 'Store the patch features as [n, width] under that name';
  throw wrong(`there is no dataset 'features' (the file has: ${printable(there.join(', ')) || 'nothing'})`, remedy);
}

/** Values of the attributes that say where features come from; no other is even read. */
function attributesOf({ attrs }: File | Dataset): Attributes {
  const names = ATTRIBUTES.filter((name) => name in attrs);
  // An attribute that is a table of its own is none of ours.
  return Object.fromEntries(names.flatMap((name) => (isSmall(attrs[name].shape) ? [[name, attrs[name].value]] : [])));
}

const isSmall = (shape: readonly number[] | null) =>
  shape !== null && shape.reduce((product, n) => product * n, 1) <= 4;

/** More memory than the features may take whatever the size of their file, and how often its size beyond that. */
const FREE = 64 << 20;
const RATIO = 100;

/**
 * HDF5 stores what was never written, and what compresses well, in next to nothing. Features are not like that: a file that
 * claims far more than it holds is damaged, or made to fill the memory.
 */
function requireHonestSize({ metadata }: Dataset, fileSize: number, wrong: Wrong): void {
  const bytes = (shape: readonly (number | bigint)[] | null) =>
    (shape ?? []).reduce((product: number, n) => product * Number(n), metadata.size);
  const claimed = Math.max(bytes(metadata.shape), bytes(metadata.chunks));
  if (claimed <= Math.max(FREE, RATIO * fileSize)) return;
  throw wrong(`the file of ${fileSize} bytes claims to hold ${claimed} bytes of numbers`, 'Copy or extract it again');
}
