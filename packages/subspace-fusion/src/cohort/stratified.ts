import { key, permutation, uniform } from '../random/counter.js';

/** Patients to divide, by id, each with the stratum whose proportion every part should keep. */
export type Strata = ReadonlyMap<string, string>;

/** Patients in the order of their strata, shuffled within each; independent of the order they come in. */
export function shuffledByStratum(strata: Strata, stream: number): string[] {
  const ids = [...strata.keys()].sort();
  return [...new Set(strata.values())].sort().flatMap((stratum) => {
    const own = ids.filter((id) => strata.get(id) === stratum);
    return Array.from(permutation(key(stream, stratum), own.length), (i) => own[i]);
  });
}

/** A stratified random sample of `size` patients: every (n/size)-th of the list by strata, from a random start. */
export function sample(strata: Strata, size: number, stream: number): Set<string> {
  const ordered = shuffledByStratum(strata, stream);
  const start = uniform(key(stream, 'start'), 0);
  const upTo = (i: number) => Math.floor((i * size) / ordered.length + start);
  return new Set(ordered.filter((_, i) => upTo(i + 1) > upTo(i)));
}

/** Takes a stratified `size` of the patients away from the others: [taken, rest]. */
export function carve(strata: Strata, size: number, stream: number): [string[], Strata] {
  const taken = sample(strata, size, stream);
  const rest = [...strata].filter(([id]) => !taken.has(id));
  return [[...taken], new Map(rest)];
}
