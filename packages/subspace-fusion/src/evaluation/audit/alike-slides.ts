import { minOf } from '../../files/lists.js';
import type { OpenBag } from '../../cohort/bags/open-bag.js';
import { withBag } from '../../cohort/bags/open.js';
import type { Split } from '../../cohort/types.js';
import { counted } from '../../files/errors.js';
import { withFile } from '../../files/file-source.js';
import { inWords, onSeveralSides, partsOf, type LocalFinding, type PartOf } from './findings.js';

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

/** Summarises a feature file, which is read in blocks. @throws InputError for a file that is no bag */
export function summariseBag(path: string): Promise<BagSummary> {
  return withFile(path, (source) => withBag(source, summarise));
}

async function summarise({ header: { patches, width }, rows }: OpenBag): Promise<BagSummary> {
  const mean = new Float64Array(width);
  const hashes = new Set<number>();
  const step = Math.max(1, Math.floor(BLOCK / width));
  for (let from = 0; from < patches; from += step) {
    const block = await rows(from, Math.min(from + step, patches));
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
  const upTo = minOf([a, b].map((own) => (own.length === SKETCH ? own[SKETCH - 1] : Infinity)));
  const [inA, inB] = [a, b].map((own) => own.filter((hash) => hash <= upTo)) as [Float64Array, Float64Array];
  const ofB = new Set(inB);
  const shared = inA.filter((hash) => ofB.has(hash)).length;
  return { shared, share: shared / Math.max(1, Math.min(inA.length, inB.length)) };
}

/** A slide of a patient, and what is compared of it. */
export interface AuditedSlide extends BagSummary {
  readonly patient: string;
  readonly slide: string;
}

/** Two slides are near-duplicates whose mean features are this much nearer to each other than two slides usually are. */
const NEAR = 0.1;
/** Slides that share this part of the smaller one's patches share tissue; fewer may be blank patches that look alike to an encoder. */
const SHARED = 0.05;
/** With fewer slides nobody knows how far apart slides usually are. */
const FEWEST = 4;

/** A pair of slides of different patients that look alike; `distance` is relative to the median of all pairs. */
export interface AlikePair {
  readonly slides: readonly [AuditedSlide, AuditedSlide];
  readonly distance: number;
  readonly shared: number;
  readonly share: number;
}

/**
 * Pairs of slides of different patients whose mean features nearly coincide, or that have patches in common, bit for bit. The distance of two slides is
 * d = ‖z_i − z_j‖, z the mean patch feature with every feature standardised over the slides; near is d below {@link NEAR} times the median of all d.
 */
export function alikePairs(slides: readonly AuditedSlide[]): AlikePair[] {
  const n = slides.length;
  const z = standardised(slides.map(({ mean }) => mean));
  const sharing = pairsThatShare(slides);
  const distances = new Float64Array((n * (n - 1)) / 2).fill(NaN); // of pairs j < i; slides of one patient are not compared
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++)
      if (slides[i].patient !== slides[j].patient) distances[placeOf(i, j)] = euclidean(z[i], z[j]);
  }
  const median = medianOf(distances.filter((d) => !Number.isNaN(d)));
  const usual = n >= FEWEST && median > 0 ? median : 0;
  const alike: AlikePair[] = [];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const d = distances[placeOf(i, j)];
      if (Number.isNaN(d)) continue;
      const distance = usual > 0 ? d / usual : Infinity;
      if (distance >= NEAR && !sharing.has(placeOf(i, j))) continue;
      alike.push({ slides: [slides[j], slides[i]], distance, ...sharedPatches(slides[j], slides[i]) });
    }
  }
  return alike;
}

/** Place of a pair j < i in a list of all. */
const placeOf = (i: number, j: number) => (i * (i - 1)) / 2 + j;

/** Places of the pairs with a hash in common. */
function pairsThatShare(slides: readonly BagSummary[]): Set<number> {
  const withHash = new Map<number, number[]>();
  slides.forEach(({ hashes }, i) => {
    for (const hash of hashes) {
      const own = withHash.get(hash);
      if (own) own.push(i);
      else withHash.set(hash, [i]);
    }
  });
  const pairs = new Set<number>();
  for (const own of withHash.values()) for (const i of own) for (const j of own) if (j < i) pairs.add(placeOf(i, j));
  return pairs;
}

/** Each feature less its mean over slides, divided by its deviation; a feature that is the same in all is 0. */
function standardised(means: readonly Float64Array[]): Float64Array[] {
  const n = means.length;
  const width = means[0]?.length ?? 0;
  const centre = new Float64Array(width);
  const deviation = new Float64Array(width);
  for (const mean of means) mean.forEach((x, f) => (centre[f] += x / n));
  for (const mean of means) mean.forEach((x, f) => (deviation[f] += (x - centre[f]) ** 2 / n));
  return means.map((mean) => mean.map((x, f) => (deviation[f] > 0 ? (x - centre[f]) / Math.sqrt(deviation[f]) : 0)));
}

function euclidean(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let f = 0; f < a.length; f++) sum += (a[f] - b[f]) ** 2;
  return Math.sqrt(sum);
}

function medianOf(values: Float64Array): number {
  return values.slice().sort()[values.length >> 1] ?? 0;
}

/** Alike slides on different sides of a split. */
export function alikeAcross(pairs: readonly AlikePair[], split: Split): LocalFinding[] {
  const partOf = partsOf(split);
  const across = pairs.filter(({ slides }) =>
    onSeveralSides(
      slides.map(({ patient }) => patient),
      partOf,
    ),
  );
  const few = across.filter(({ distance, share }) => distance >= NEAR && share < SHARED);
  return [
    ...across.filter((pair) => !few.includes(pair)).map((pair) => alikeFinding(pair, partOf)),
    ...fewPatches(few),
  ];
}

function alikeFinding({ slides, distance, share }: AlikePair, partOf: PartOf): LocalFinding {
  const who = slides.map(({ patient, slide }) => `${patient}: ${slide}`);
  const whose = inWords(
    slides.map(({ patient }) => patient),
    partOf,
  );
  if (share >= SHARED) {
    const message = `${slides.map(({ slide }) => slide).join(' and ')} of ${whose} have ${Math.round(100 * share)} % of the smaller one's patches in common, bit for bit`;
    return {
      kind: 'patches',
      severity: 'leak',
      message,
      who,
      remedy: 'Find out whose tissue it is; keep it on one side, and train again',
    };
  }
  const message =
    `${slides.map(({ slide }) => slide).join(' and ')} of ${whose} nearly coincide: their standardised mean features are ${distance.toPrecision(2)} times ` +
    `as far apart as slides usually are (below ${NEAR} is near)`;
  return {
    kind: 'near-duplicate',
    severity: 'leak',
    message,
    who,
    remedy: 'Look at both slides; if they are of one block or one person, keep them on one side, and train again',
  };
}

function fewPatches(pairs: readonly AlikePair[]): LocalFinding[] {
  if (pairs.length === 0) return [];
  const message = `${counted(pairs.length, 'pair of slides', 'pairs of slides')} on different sides have single patches in common, bit for bit (fewer than ${100 * SHARED} % each)`;
  const who = pairs.map(({ slides: [a, b] }) => `${a.slide}, ${b.slide}`);
  return [
    {
      kind: 'patches',
      severity: 'note',
      message,
      who,
      remedy: 'Usually these are blank patches; look at some of them',
    },
  ];
}
