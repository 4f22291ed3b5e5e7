import { counted, type Split } from '../../cohort/index.js';
import { sharedPatches, type BagSummary } from './bag-summary.js';
import type { LocalFinding } from './finding.js';
import { inWords, onSeveralSides, partsOf, type PartOf } from './parts.js';

/** A slide of a patient, and what is compared of it. */
export interface AuditedSlide extends BagSummary {
  readonly patient: string;
  readonly slide: string;
}

/** Two slides are near-duplicates whose mean features are this much nearer to each other than two slides usually are. */
export const NEAR = 0.1;
/** Slides that share this part of the smaller one's patches share tissue; fewer may be blank patches that look alike to an encoder. */
export const SHARED = 0.05;
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
