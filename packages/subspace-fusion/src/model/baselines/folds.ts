import { permutation } from '../../random/counter.js';

/**
 * Deals patients to folds at random so that every stratum (a class, deaths) is spread evenly: `[n]`, 0…folds−1.
 * @param strata stratum of each patient, a small non-negative integer, `[n]`
 * @param stream key of the random stream (`random/counter`)
 */
export function stratifiedFolds(strata: ArrayLike<number>, folds: number, stream: number): Uint8Array {
  const shuffled = Array.from(permutation(stream, strata.length)).sort((a, b) => strata[a] - strata[b]);
  const fold = new Uint8Array(strata.length);
  shuffled.forEach((patient, position) => (fold[patient] = position % folds));
  return fold;
}
