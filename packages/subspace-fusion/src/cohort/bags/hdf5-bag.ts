import { badInput, type InputError } from '../../files/errors.js';
import {
  datasetIn,
  isFloatDataset,
  requireKnownFilters,
  withHdf5,
  type Hdf5,
  type StoredData,
} from '../../files/hdf5.js';
import type { Source } from '../../files/source.js';
import { printable } from '../../files/text.js';
import { bagShape, COORDINATES, FEATURES, FIXED, requirePairs, type BagReader, type OpenBag } from './open-bag.js';
import { ATTRIBUTES, otherThanPatches, provenanceOf } from './provenance.js';

type Wrong = (message: string, remedy: string) => InputError;

/** Reads HDF5: CLAM, TRIDENT (`features`), STAMP (`feats`), and the method's published code (`Res_feature`). */
export const withHdf5Bag: BagReader = (source, use) =>
  withHdf5(source, async (hdf5) => use(await openBag(hdf5, source)), HEADER);

/** All that the header of a bag is made of. */
const HEADER = { names: [...FEATURES, COORDINATES], attributes: ATTRIBUTES };

async function openBag(hdf5: Hdf5, { name: file, size }: Source): Promise<OpenBag> {
  const wrong = (message: string, remedy: string) => badInput({ file, message, remedy });
  const { name, features } = await featuresOf(hdf5, wrong);
  const [patches, width] = bagShape(features.shape, wrong);
  if (!isFloatDataset(features)) {
    throw wrong(
      `the features are of type ${printable(features.typeName)}`,
      'Store them as little-endian float16, float32 or float64',
    );
  }
  requireHonestSize(features, size, wrong);
  requireKnownFilters(features, file);
  const coordinates = await datasetIn(hdf5, hdf5.root, COORDINATES);
  // Where several say something, the features have the last word; no attribute but these is even read.
  const said = [hdf5.root, coordinates, features].flatMap((entity) => entity ?? []);
  const attributes = Object.assign(
    {},
    ...(await Promise.all(said.map((entity) => hdf5.attributes(entity, ATTRIBUTES)))),
  ) as Readonly<Record<string, unknown>>;
  const other = otherThanPatches(attributes);
  if (other !== undefined)
    throw wrong(`these are features of a ${other}, not of patches`, 'Take the features of the tiles');
  return {
    header: { patches, width, ...provenanceOf(attributes, name === 'features' && coordinates !== undefined) },
    repeats: name === FIXED,
    rows: (from, to) => hdf5.floatRows(features, from, to),
    async coordinates() {
      if (!coordinates) return undefined;
      requirePairs(coordinates.shape, patches, wrong);
      requireHonestSize(coordinates, size, wrong);
      requireKnownFilters(coordinates, file);
      const numbers = await hdf5.read(coordinates, []);
      if (!ArrayBuffer.isView(numbers))
        throw wrong(
          `'${COORDINATES}' is of type ${printable(coordinates.typeName)}`,
          'Store numbers, or leave coords out',
        );
      return numbers as Float64Array;
    },
  };
}

async function featuresOf(hdf5: Hdf5, wrong: Wrong): Promise<{ name: string; features: StoredData }> {
  for (const name of FEATURES) {
    const features = await datasetIn(hdf5, hdf5.root, name);
    if (features) return { name, features };
  }
  const there = hdf5.root.keys;
  const remedy =
    there.includes(COORDINATES) && there.length === 1
      ? 'These are the coordinates only; the features are files of their own (TRIDENT: features_ENCODER, CLAM: h5_files)'
      : 'Store the patch features as [n, width] under that name';
  throw wrong(`there is no dataset 'features' (the file has: ${printable(there.join(', ')) || 'nothing'})`, remedy);
}

/** More memory than the features may take whatever the size of their file, and how often its size beyond that. */
const FREE = 64 << 20;
const RATIO = 100;

/**
 * HDF5 stores what was never written, and what compresses well, in next to nothing. Features are not like that: a file that
 * claims far more than it holds is damaged, or made to fill the memory.
 */
function requireHonestSize({ shape, chunks, size }: StoredData, fileSize: number, wrong: Wrong): void {
  const bytes = (counts: readonly number[]) => counts.reduce((product, n) => product * n, size);
  const claimed = Math.max(bytes(shape), bytes(chunks));
  if (claimed <= Math.max(FREE, RATIO * fileSize)) return;
  throw wrong(`the file of ${fileSize} bytes claims to hold ${claimed} bytes of numbers`, 'Copy or extract it again');
}
