import { someOf, type Problem } from '../../files/errors.js';
import type { BagHeader, Provenance, ProvenanceSummary } from '../types.js';

type Said = string | number;

/** Something that all bags of a cohort must have in common, where their files say it. */
interface Fact<Header> {
  /** What a file says; undefined where it says nothing of this. */
  readonly of: (header: Header) => Said | undefined;
  /** "the features …". */
  readonly words: (said: Said) => string;
  readonly agree: (a: Said, b: Said) => boolean;
  readonly remedy: string;
}

const ENCODER = 'Extract all slides with one encoder';
const CUT = 'Extract all slides with patches of one size at one magnification';

/** Spellings of one encoder: `uni_v1`, `UNI-v1`. */
const encoderKey = (encoder: string): string => encoder.toLowerCase().replace(/[\s_-]+/g, '');

/** Whether two names are of one encoder. */
export const sameEncoder = (a: string, b: string): boolean => encoderKey(a) === encoderKey(b);

const same = (a: Said, b: Said) => a === b;
/** Magnifications are nominal: a scanner's 20× is 0.5 µm a pixel or a little beside. */
const nearly = (a: Said, b: Said) => Math.abs(Number(a) - Number(b)) <= 0.05 * Math.max(Number(a), Number(b));

/** A magnification of 1 shows about ten micrometres a pixel, one of 20 half a micrometre. */
const MICROMETRES_AT_1X = 10;

function magnification({ magnification: stated, patchSizeMicrometres, patchSize }: Provenance): number | undefined {
  const derived =
    patchSize !== undefined && patchSizeMicrometres !== undefined
      ? (MICROMETRES_AT_1X * patchSize) / patchSizeMicrometres
      : undefined;
  return stated ?? derived;
}

/**
 * Edge of a patch on the slide in micrometres. A slide scanned at 40× needs 512 pixels of level 0 for what one scanned at 20×
 * shows in 256, so pixels of level 0 alone are compared only where a file does not say how its slide was scanned.
 */
function edge({
  patchSizeMicrometres,
  patchSizeLevel0,
  level0Magnification,
  patchSize,
  magnification: read,
}: Provenance): number | undefined {
  if (patchSizeMicrometres !== undefined) return patchSizeMicrometres;
  const atLevel0 = patchSizeLevel0 !== undefined && level0Magnification !== undefined;
  const [pixels, at] = atLevel0 ? [patchSizeLevel0, level0Magnification] : [patchSize, read];
  return pixels === undefined || at === undefined ? undefined : (pixels * MICROMETRES_AT_1X) / at;
}

const rounded = (x: Said) => Number(Number(x).toPrecision(4));

const MADE: readonly Fact<BagHeader>[] = [
  { of: ({ width }) => width, words: (width) => `are ${width} wide`, agree: same, remedy: ENCODER },
  {
    of: ({ encoder }) => encoder,
    words: (encoder) => `are by the encoder '${encoder}'`,
    agree: (a, b) => sameEncoder(String(a), String(b)),
    remedy: ENCODER,
  },
];

/** How patches were cut. */
const CUTTING: readonly Fact<Provenance>[] = [
  { of: magnification, words: (at) => `were read at ${rounded(at)}×`, agree: nearly, remedy: CUT },
  {
    of: edge,
    words: (micrometres) => `are of patches ${rounded(micrometres)} µm wide on the slide`,
    agree: nearly,
    remedy: CUT,
  },
  {
    of: (header) => (header.level0Magnification === undefined ? header.patchSizeLevel0 : undefined),
    words: (pixels) => `are of patches ${pixels} pixels of level 0 wide`,
    agree: same,
    remedy: CUT,
  },
  {
    of: (header) => (edge(header) === undefined ? header.patchSize : undefined),
    words: (pixels) => `are of patches of ${pixels} pixels`,
    agree: same,
    remedy: CUT,
  },
  {
    of: ({ overlap }) => overlap,
    words: (pixels) => `are of patches that overlap by ${pixels} pixels`,
    agree: same,
    remedy: CUT,
  },
];

/**
 * What the files of a cohort do not agree on, each against what most of them say: width, encoder, magnification, size and overlap
 * of the patches. A file that does not say something agrees with every other; one that names no encoder while others
 * do is warned about, for nothing else tells encoders apart, unless the user has `stated` the encoder.
 */
export function disagreements(headers: ReadonlyMap<string, BagHeader>, stated: string | undefined): Problem[] {
  const found = [...MADE, ...CUTTING].flatMap((fact) => disagreement(fact, headers));
  return stated === undefined ? [...found, ...unnamed(headers)] : found;
}

function disagreement(
  { of, words, agree, remedy }: Fact<BagHeader>,
  headers: ReadonlyMap<string, BagHeader>,
): Problem[] {
  const files = new Map<Said, string[]>();
  for (const [file, header] of headers) {
    const said = of(header);
    if (said !== undefined) files.set(said, [...(files.get(said) ?? []), file]);
  }
  // The first of those that most files say.
  const common = [...files].sort(([, a], [, b]) => b.length - a.length).at(0);
  if (!common) return [];
  return [...files]
    .filter(([said]) => !agree(said, common[0]))
    .map(([said, [file, ...others]]) => {
      const more = others.length > 0 ? ` (so are those of ${others.length} more: ${someOf(others)})` : '';
      const message = `the features ${words(said)}${more}; those of ${common[1][0]} ${words(common[0])}`;
      return { severity: 'error', file: file, message, remedy };
    });
}

function unnamed(headers: ReadonlyMap<string, BagHeader>): Problem[] {
  const without = [...headers].flatMap(([file, { encoder }]) => (encoder === undefined ? [file] : []));
  if (without.length === 0 || without.length === headers.size) return [];
  const message = `${without.length} of ${headers.size} files, this one first, do not say their encoder; the others do`;
  return [
    {
      severity: 'warning',
      file: without[0],
      message,
      remedy: 'Make sure that one encoder made them all: the width tells none',
    },
  ];
}

/** Of each fact what the first file to say it says; of files that agree with one another, that speaks for all. */
export const firstOf = (summary: ProvenanceSummary): Provenance =>
  Object.fromEntries(Object.entries(summary).map(([fact, [first]]) => [fact, first]));

/** In what a file's patches were cut otherwise than those of the slides that a model was trained on, in words; empty where neither says. */
export function cutDifferences(trained: ProvenanceSummary, file: Provenance): string[] {
  const before = firstOf(trained);
  return CUTTING.flatMap(({ of, words, agree }) => {
    const [here, there] = [of(file), of(before)];
    return here === undefined || there === undefined || agree(here, there)
      ? []
      : [`the features ${words(here)}, those of the training slides ${words(there)}`];
  });
}
