import { counted, type Problem } from '../../files/errors.js';
import { baseName } from '../../files/text.js';

/** What the numbers of a slide's bag give cause to doubt. */
export interface BagContent {
  readonly patches: number;
  /** Patches whose features are all zero, and whether those have one place: what a writer leaves that was stopped. */
  readonly zero: number;
  readonly zeroShareOnePlace: boolean;
  /** Patches, but for the zero ones, at the coordinates of an earlier patch. */
  readonly repeated: number;
  /** Whether all patches, of two or more, have the same features. */
  readonly isUniform: boolean;
}

/** Features of one image differ by this part of the largest of them where they were computed in half precision. */
const ROUNDING = 1e-3;

/** Looks at a bag block by block, in order, and at its coordinates at the end. */
export function contentObserver(width: number) {
  let first: Float32Array | undefined;
  let tolerance = 0;
  let isUniform = true;
  let patches = 0;
  const zero: number[] = [];

  const isLikeFirst = (block: Float32Array, at: number, like: Float32Array): boolean => {
    for (let f = 0; f < width; f++) if (Math.abs(block[at + f] - like[f]) > tolerance) return false;
    return true;
  };
  const isZero = (block: Float32Array, at: number): boolean => {
    for (let f = 0; f < width; f++) if (block[at + f] !== 0) return false;
    return true;
  };

  return {
    /** Rows of the features. */
    observe(block: Float32Array): void {
      if (!first) {
        first = block.slice(0, width);
        tolerance = ROUNDING * first.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      }
      for (let at = 0; at < block.length; at += width, patches++) {
        if (isZero(block, at)) zero.push(patches);
        isUniform &&= isLikeFirst(block, at, first);
      }
    },

    /** @param repeats Whether the file repeats patches on purpose, to have a fixed number of rows. */
    finish(coordinates: ArrayLike<number> | undefined, repeats: boolean): BagContent {
      const placeOf = (patch: number) => `${coordinates?.[2 * patch]},${coordinates?.[2 * patch + 1]}`;
      const isWithoutFeatures = new Set(zero);
      const places = new Set<string>();
      let repeated = 0;
      for (let patch = 0; coordinates && !repeats && patch < patches; patch++) {
        if (isWithoutFeatures.has(patch)) continue;
        const place = placeOf(patch);
        if (places.has(place)) repeated++;
        else places.add(place);
      }
      return {
        patches,
        zero: zero.length,
        zeroShareOnePlace: coordinates !== undefined && zero.length > 1 && new Set(zero.map(placeOf)).size === 1,
        repeated,
        isUniform: isUniform && patches > 1 && zero.length === 0,
      };
    },
  };
}

interface Kind {
  /** How many patches are doubtful in this way. */
  readonly count: (content: BagContent) => number;
  /** What is doubtful in one file, and the same of several files. */
  readonly ofOne: (some: string, content: BagContent) => string;
  readonly ofSeveral: (files: number) => string;
  readonly remedy: string;
}

const KINDS: readonly Kind[] = [
  {
    count: ({ zero }) => zero,
    ofOne: (some, { zeroShareOnePlace }) =>
      `${some} are all zero${zeroShareOnePlace ? ' and have the same coordinates' : ''}`,
    ofSeveral: (files) => `${files} files have patches whose features are all zero`,
    remedy: 'Was the extraction stopped? Extract the slide again, or delete these patches',
  },
  {
    count: ({ repeated }) => repeated,
    ofOne: (some) => `${some} repeat coordinates`,
    ofSeveral: (files) => `${files} files have patches that repeat the coordinates of others`,
    remedy: 'Was the file appended to twice? Extract the slide again, or delete the repeated patches',
  },
  {
    count: ({ isUniform, patches }) => (isUniform ? patches : 0),
    ofOne: (_, { patches }) => `all ${patches} patches have the same features`,
    ofSeveral: (files) => `all patches of ${files} slides have the same features`,
    remedy: 'Check that the encoder had its weights and the images were not blank, and extract again',
  },
];

/** Warnings of what the bags of a folder hold: one for each kind, with the file where it is a single one, with examples where there are more. */
export function contentProblems(folder: string, contents: ReadonlyMap<string, BagContent>): Problem[] {
  return KINDS.flatMap(({ count, ofOne, ofSeveral, remedy }): Problem[] => {
    const found = [...contents].filter(([, content]) => count(content) > 0);
    if (found.length === 0) return [];
    const [[path, first]] = found;
    const some = `${count(first)} of ${counted(first.patches, 'patch', 'patches')}`;
    if (found.length === 1) return [{ severity: 'warning', file: path, message: ofOne(some, first), remedy }];
    const examples = found
      .slice(0, 3)
      .map(([own, content]) => `${baseName(own)}: ${count(content)} of ${content.patches}`);
    return [{ severity: 'warning', file: folder, message: ofSeveral(found.length), examples, remedy }];
  });
}
