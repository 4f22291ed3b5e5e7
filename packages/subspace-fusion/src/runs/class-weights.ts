import { InputError } from '../files/errors.js';
import { maxOf } from '../files/lists.js';

/**
 * Weight of each class in the cross entropy: largest class count / class count over the training labels (0…classes−1). A class
 * that no training patient has counts as one patient.
 * @throws {InputError} where all labels are equal: there is nothing to learn.
 */
export function classWeights(labels: ArrayLike<number>, classes: number): Float32Array {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++;
  if (counts.filter((count) => count > 0).length < 2) {
    throw new InputError(
      `All ${labels.length} training patients have the same label: there is nothing to learn. Choose another task or more patients.`,
    );
  }
  const largest = maxOf(counts);
  return Float32Array.from(counts, (count) => largest / Math.max(count, 1));
}
