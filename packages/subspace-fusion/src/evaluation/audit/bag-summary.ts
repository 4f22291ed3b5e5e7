import { withBag } from '../../cohort/bags/open.js';
import type { OpenBag } from '../../cohort/bags/open-bag.js';

/** What an audit compares of a slide's patch features; independent of the order of the patches. */
export interface BagSummary {
  /** Mean patch feature, [width]. */
  readonly mean: Float64Array;
  /**
   * The smallest hashes of its patches, in order, at most {@link SKETCH} (a bottom-k sketch; Cohen and Kaplan, PODC 2007): two slides that share patches share
   * hashes, whichever rows those stand in. Patches whose features are all equal, blank ones, are left out.
   */
  readonly hashes: Float64Array;
}

/** Hashes that are kept of a slide. */
export const SKETCH = 256;
/** Features that are in memory at a time: 4096 patches of width 1024. */
const BLOCK = 4096 * 1024;

/** Summarises a feature file, which is read in blocks. @throws UserError for a file that is no bag */
export function summariseBag(path: string): Promise<BagSummary> {
  return withBag(path, (bag) => summarise(bag));
}

function summarise({ header: { patches, width }, rows }: OpenBag): BagSummary {
  const mean = new Float64Array(width);
  const hashes = new Set<number>();
  const step = Math.max(1, Math.floor(BLOCK / width));
  for (let from = 0; from < patches; from += step) {
    const block = rows(from, Math.min(from + step, patches));
    const words = new Uint32Array(block.buffer, block.byteOffset, block.length);
    for (let at = 0; at < block.length; at += width) {
      let isBlank = true;
      for (let f = 0; f < width; f++) {
        mean[f] += block[at + f] / patches;
        if (block[at + f] !== block[at]) isBlank = false;
      }
      if (!isBlank) hashes.add(hashOf(words, at, at + width));
    }
  }
  return { mean, hashes: Float64Array.from(hashes).sort().subarray(0, SKETCH) };
}

/** 53 bits of the words `from … to − 1`: two rounds of FNV-1a over them, with an avalanche at the end. */
function hashOf(words: Uint32Array, from: number, to: number): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let i = from; i < to; i++) {
    const word = words[i];
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul(b ^ ((word << 13) | (word >>> 19)), 0x85ebca6b);
  }
  return avalanche(a) * 2 ** 21 + (avalanche(b) >>> 11);
}

function avalanche(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The part of the smaller slide's patches that the other has too, estimated where they have more than {@link SKETCH}. */
export function sharedPatches({ hashes: a }: BagSummary, { hashes: b }: BagSummary): { shared: number; share: number } {
  // Up to here both lists are complete.
  const upTo = Math.min(...[a, b].map((own) => (own.length === SKETCH ? own[SKETCH - 1] : Infinity)));
  const [inA, inB] = [a, b].map((own) => own.filter((hash) => hash <= upTo)) as [Float64Array, Float64Array];
  const ofB = new Set(inB);
  const shared = inA.filter((hash) => ofB.has(hash)).length;
  return { shared, share: shared / Math.max(1, Math.min(inA.length, inB.length)) };
}
