import { isFloat } from '../../files/bytes.js';
import { required, type InputError } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { printable } from '../../files/text.js';
import type { NamedTensor } from '../../files/torch.js';
import type { BagHeader } from '../types.js';

type Coordinates = ArrayLike<number | bigint> | undefined;

/** A feature file that is open, whatever its format. */
export interface OpenBag {
  readonly header: BagHeader;
  /** Whether the file repeats patches on purpose: the published code wants the same number of rows for every slide. */
  readonly repeats?: boolean;
  /** Features of the patches from…to − 1, [to − from, width]; only these are read from the disk. */
  readonly rows: (from: number, to: number) => Float32Array | Promise<Float32Array>;
  /** Two numbers a patch as they stand in the file, [patches · 2]; undefined where it has none. */
  readonly coordinates: () => Coordinates | Promise<Coordinates>;
}

/** Hands a feature file of one format to `use`, and is done with it after that. Throws {@link InputError} for a file that is no bag. */
export type BagReader = <T>(source: Source, use: (bag: OpenBag) => Promise<T>) => Promise<T>;

/** Names of the features: CLAM's and TRIDENT's, STAMP's, those of the method's published code. */
export const FIXED = 'Res_feature';
export const FEATURES = ['features', 'feats', FIXED] as const;
export const COORDINATES = 'coords';

const words = (shape: readonly number[]) => `[${printable(shape.join(', '))}]`;

/**
 * Patches and width of features of this shape, [n, width] or with the leading batch axis that some files have, [1, n, width].
 * @throws {InputError} for any other shape.
 */
export function bagShape(
  shape: readonly number[],
  wrong: (message: string, remedy: string) => InputError,
): [patches: number, width: number] {
  const matrix = shape.length === 2 || (shape.length === 3 && shape[0] === 1);
  if (matrix && !shape.includes(0)) return shape.slice(-2) as [number, number];
  const remedy =
    shape.length === 1
      ? 'One vector for the whole slide is no bag: take the features of its patches'
      : 'One row a patch is needed: [n, width], n at least 1';
  throw wrong(`the features have the shape ${words(shape)}`, remedy);
}

/** Checks that there are as many pairs of coordinates as patches. Throws {@link InputError} where there are not. */
export function requirePairs(
  shape: readonly number[],
  patches: number,
  wrong: (message: string, remedy: string) => InputError,
): void {
  const isPairs =
    shape.at(-1) === 2 && shape.at(-2) === patches && (shape.length === 2 || (shape.length === 3 && shape[0] === 1));
  if (isPairs) return;
  throw wrong(
    `'${COORDINATES}' has the shape ${words(shape)} beside ${patches} patches`,
    'Store x and y of each patch, [n, 2], or leave coords out',
  );
}

/**
 * The features among the tensors of a file: the one of that name, or else the only tensor, or the only matrix of floats. Coordinates only where they
 * are named so.
 * @throws {InputError} where there is no such tensor or the choice is not plain.
 */
export function chooseFeatures<T extends NamedTensor>(
  tensors: ReadonlyMap<string, T>,
  wrong: (message: string, remedy: string) => InputError,
): { name: string; features: T; coordinates: T | undefined } {
  const named = FEATURES.find((name) => tensors.has(name));
  const matrices = [...tensors].filter(
    ([name, { shape, type }]) => name !== COORDINATES && isFloat(type) && shape.length >= 2 && shape.length <= 3,
  );
  const candidates = tensors.size === 1 ? [...tensors] : matrices;
  const name = named ?? (candidates.length === 1 ? candidates[0][0] : undefined);
  if (name === undefined) {
    const remedy = "Name the patch features 'features', or save them alone";
    if (tensors.size === 0) throw wrong('the file holds no tensor of numbers that are read', remedy);
    const there = printable([...tensors.keys()].join(', '));
    throw wrong(`${candidates.length} of the file's tensors could be the features (it has: ${there})`, remedy);
  }
  const features = required(tensors, name);
  if (!isFloat(features.type))
    throw wrong(`the features are of type ${features.type}`, 'Store them as float16, bfloat16, float32 or float64');
  return { name, features, coordinates: tensors.get(COORDINATES) };
}
