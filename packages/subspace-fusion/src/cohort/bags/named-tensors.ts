import type { UserError } from '../../files/user-error.js';
import { isFloat, type ElementType } from './element-type.js';
import { COORDINATES, FEATURES } from './open-bag.js';
import { printable } from './printable.js';

/** A tensor of a file that holds several, or one whose name nobody fixed. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly type: ElementType;
}

/**
 * The features among the tensors of a file: the one of that name, or else the only tensor, or the only matrix of floats. Coordinates only where they
 * are named so.
 * @throws {UserError} where there is no such tensor or the choice is not plain.
 */
export function chooseFeatures<T extends NamedTensor>(
  tensors: ReadonlyMap<string, T>,
  wrong: (message: string, remedy: string) => UserError,
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
  const features = tensors.get(name)!;
  if (!isFloat(features.type))
    throw wrong(`the features are of type ${features.type}`, 'Store them as float16, bfloat16, float32 or float64');
  return { name, features, coordinates: tensors.get(COORDINATES) };
}
