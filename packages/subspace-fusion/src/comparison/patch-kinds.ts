import type { Bag } from '../cohort/types.js';
import { append } from '../files/lists.js';
import { bits, key, permutation, uniform } from '../random/counter.js';

/** Kinds of patches in a codebook. */
const KINDS = 12;
/** Wider features are sketched to this width, so that the patches of a whole cohort fit in memory. */
const WIDTH = 64;
/** Neighbours of a patch: the nearest patches of its slide. */
const NEIGHBOURS = 4;
/** Patches of the training patients, taken evenly of each, that a codebook is learned from. */
const LEARNED_FROM = 10_000;
const RESTARTS = 4;
const MOST_ROUNDS = 50;
/** Added to both counts of a log odds, so that rare kinds say little. */
const PRIOR_COUNT = 0.5;

/** The patches of a patient: what of the slides is kept in memory for codebooks. */
export interface Patches {
  /** `[n, width]`, sketched where the features are wider than 64. */
  readonly features: Float32Array;
  readonly width: number;
  /** Patch and neighbour, `[pairs, 2]`; empty where the slides have no coordinates. */
  readonly neighbours: Uint32Array;
}

/** The patches of one slide. */
export const patchesOf = (bag: Bag): Patches => ({
  features: sketch(bag.features, bag.width),
  width: Math.min(bag.width, WIDTH),
  neighbours: neighboursOf(bag),
});

/** The patches of a patient's slides together; none of a patient without a slide. */
export function joinPatches(slides: readonly Patches[]): Patches {
  const width = slides.at(0)?.width ?? WIDTH;
  const features = new Float32Array(slides.reduce((sum, slide) => sum + slide.features.length, 0));
  const neighbours = new Uint32Array(slides.reduce((sum, slide) => sum + slide.neighbours.length, 0));
  let [at, pairsAt] = [0, 0];
  for (const slide of slides) {
    const before = at / width;
    features.set(slide.features, at);
    neighbours.set(
      slide.neighbours.map((row) => row + before),
      pairsAt,
    );
    at += slide.features.length;
    pairsAt += slide.neighbours.length;
  }
  return { features, width, neighbours };
}

/**
 * A sketch of features `[n, width]` in 64 numbers each: every feature is added, with a random sign, to one of them. Distances are kept in
 * expectation (Weinberger et al., ICML 2009). Signs and places are the same for every patient and fold, and depend on no data.
 */
function sketch(features: Float32Array, width: number): Float32Array {
  if (width <= WIDTH) return features;
  const stream = key(1, 'patch-kinds', 'sketch');
  const place = Uint32Array.from({ length: width }, (_, j) => bits(stream, 2 * j) % WIDTH);
  const sign = Float32Array.from({ length: width }, (_, j) => (bits(stream, 2 * j + 1) & 1 ? 1 : -1));
  const n = features.length / width;
  const sums = new Float32Array(n * WIDTH);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < width; j++) sums[i * WIDTH + place[j]] += sign[j] * features[i * width + j];
  return sums;
}

/** Each patch with its four nearest patches; of equally near ones the first. `[pairs, 2]`, flat. */
function neighboursOf({ patches, coordinates }: Pick<Bag, 'patches' | 'coordinates'>): Uint32Array {
  if (!coordinates) return new Uint32Array();
  const count = Math.min(NEIGHBOURS, patches - 1);
  const pairs = new Uint32Array(2 * patches * count);
  for (let i = 0; i < patches; i++) {
    const near = new Float64Array(count).fill(Infinity);
    const rows = new Uint32Array(count);
    for (let k = 0; k < patches; k++) {
      const distance =
        (coordinates[2 * i] - coordinates[2 * k]) ** 2 + (coordinates[2 * i + 1] - coordinates[2 * k + 1]) ** 2;
      if (k === i || distance >= near[count - 1]) continue;
      let place = count - 1;
      for (; place > 0 && distance < near[place - 1]; place--) {
        near[place] = near[place - 1];
        rows[place] = rows[place - 1];
      }
      near[place] = distance;
      rows[place] = k;
    }
    rows.forEach((row, k) => pairs.set([i, row], 2 * (i * count + k)));
  }
  return pairs;
}

/** Centres of the kinds of patches, `[kinds, width]`. */
export interface Codebook {
  readonly centres: Float64Array;
  readonly kinds: number;
}

/**
 * Learns kinds of patches without labels: k-means (Lloyd) from k-means++ starts (Arthur and Vassilvitskii 2007), the best of four, on at
 * most 10,000 patches, as many of each patient. Fewer kinds than asked for where fewer patches differ.
 */
export function learnCodebook(patients: readonly Patches[], seed: number, kinds = KINDS): Codebook {
  const each = Math.max(1, Math.floor(LEARNED_FROM / patients.length));
  const { width } = patients[0];
  const rows = patients.flatMap(({ features }, patient) => {
    const n = features.length / width;
    const drawn = permutation(key(seed, 'patch-kinds', patient), n).subarray(0, each);
    return Array.from(drawn, (row) => features.subarray(row * width, (row + 1) * width));
  });
  const sample = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    sample.set(row, i * width);
  });
  const found = Array.from({ length: RESTARTS }, (_, r) =>
    kMeans(sample, width, kinds, key(seed, 'patch-kinds', 'start', r)),
  );
  return found.reduce((best, other) => (other.spread < best.spread ? other : best));
}

function kMeans(x: Float32Array, width: number, kinds: number, stream: number): Codebook & { spread: number } {
  const n = x.length / width;
  let book = startingCentres(x, width, kinds, stream);
  let assigned = nearest(x, width, book);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const sums = new Float64Array(book.centres.length);
    const sizes = new Float64Array(book.kinds);
    for (let i = 0; i < n; i++) {
      const kind = assigned.kind[i];
      sizes[kind]++;
      for (let j = 0; j < width; j++) sums[kind * width + j] += x[i * width + j];
    }
    const { centres } = book;
    book = {
      ...book,
      // A kind that lost all of its patches stays where it is.
      centres: sums.map((sum, index) => {
        const size = sizes[Math.floor(index / width)];
        return size === 0 ? centres[index] : sum / size;
      }),
    };
    const next = nearest(x, width, book);
    const settled = next.kind.every((kind, i) => kind === assigned.kind[i]);
    assigned = next;
    if (settled) break;
  }
  return { ...book, spread: assigned.distance.reduce((sum, distance) => sum + distance, 0) };
}

/** Patches drawn one after the other with a probability that grows with the squared distance to those drawn before. */
function startingCentres(x: Float32Array, width: number, kinds: number, stream: number): Codebook {
  const n = x.length / width;
  const centres: number[] = [];
  let distance = new Float64Array(n).fill(Infinity); // to the nearest centre so far
  let row = Math.floor(uniform(stream, 0) * n);
  for (;;) {
    const centre = Float64Array.from(x.subarray(row * width, (row + 1) * width));
    append(centres, centre);
    const found = centres.length / width;
    if (found === kinds) break;
    const own = nearest(x, width, { kinds: 1, centres: centre }).distance;
    distance = distance.map((before, i) => Math.min(before, own[i]));
    const total = distance.reduce((sum, value) => sum + value, 0);
    if (!(total > 0)) break;
    let left = uniform(stream, found) * total;
    row = 0;
    while (row < n - 1 && left >= distance[row]) left -= distance[row++];
  }
  return { kinds: centres.length / width, centres: Float64Array.from(centres) };
}

/** The kind of each patch, and the squared distance to its centre. */
function nearest(
  x: Float32Array,
  width: number,
  { centres, kinds }: Codebook,
): { kind: Uint8Array; distance: Float64Array } {
  const n = x.length / width;
  const kind = new Uint8Array(n);
  const distance = new Float64Array(n).fill(Infinity);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < kinds; c++) {
      let sum = 0;
      for (let j = 0; j < width && sum < distance[i]; j++) sum += (x[i * width + j] - centres[c * width + j]) ** 2;
      if (sum < distance[i]) {
        distance[i] = sum;
        kind[i] = c;
      }
    }
  }
  return { kind, distance };
}

/**
 * What a codebook sees of a patient, `[K + K·(K+1)/2]`: the proportion of each kind, and for each pair of kinds how much oftener they are
 * neighbours than patches of the patient in random places would be, `log((n_ab + ½) / (e_ab + ½))`, with `e_ab = N·q_a·q_b` (twice that
 * for a ≠ b) of N pairs. Without coordinates the latter are 0.
 */
export function kindColumns({ features, width, neighbours }: Patches, book: Codebook): Float32Array {
  const K = book.kinds;
  const { kind } = nearest(features, width, book);
  const proportions = new Float64Array(K);
  for (const own of kind) proportions[own] += 1 / kind.length;
  const counts = new Float64Array(K * K);
  const pairs = neighbours.length / 2;
  for (let pair = 0; pair < pairs; pair++) {
    const [a, b] = [kind[neighbours[2 * pair]], kind[neighbours[2 * pair + 1]]];
    counts[Math.min(a, b) * K + Math.max(a, b)]++;
  }
  const columns = Array.from(proportions);
  for (let a = 0; a < K; a++) {
    for (let b = a; b < K; b++) {
      const expected = pairs * proportions[a] * proportions[b] * (a === b ? 1 : 2);
      columns.push(Math.log((counts[a * K + b] + PRIOR_COUNT) / (expected + PRIOR_COUNT)));
    }
  }
  return Float32Array.from(columns);
}
