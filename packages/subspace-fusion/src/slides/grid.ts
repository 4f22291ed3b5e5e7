import type { Problem } from '../files/errors.js';
import { slideError, type SlideInfo } from './slide.js';
import type { Thumbnail } from './thumbnail.js';
import type { TissueMask } from './tissue.js';

/** How patches are to be cut. */
export interface Cutting {
  /** Edge of a patch in pixels at its resolution. */
  readonly patchSize: number;
  /** The resolution: a magnification, or micrometres a pixel. */
  readonly resolution: { readonly magnification: number } | { readonly micrometres: number };
  /** Objective power of level 0, for slides that do not say theirs, or contradict themselves. */
  readonly objective?: number | undefined;
  /** Least part of a patch that is tissue, 0 to 1; 0 takes every patch, of an image that somebody chose. */
  readonly tissue: number;
}

/** Where the patches of a slide can lie, and from which level they are read. */
export interface PatchGrid {
  /** Edge of a patch in pixels of level 0. */
  readonly edge: number;
  /** Level that is read, and the edge of a patch in its pixels. */
  readonly level: number;
  readonly levelEdge: number;
  readonly columns: number;
  readonly rows: number;
  /** Magnification of the patches, and of level 0. */
  readonly magnification: number;
  readonly level0Magnification: number;
  /** Micrometres along the edge of a pixel of level 0, where they are known. */
  readonly level0Micrometres: number | undefined;
  /** Whether {@link Cutting.objective} was needed. */
  readonly objectiveNeeded: boolean;
  /** What is doubtful of the slide's scale, and how it was taken. */
  readonly warnings: readonly Problem[];
}

/** A magnification of 1 shows about ten micrometres a pixel. */
const MICROMETRES_AT_1X = 10;
const OBJECTIVES = [1.25, 2.5, 5, 10, 20, 40, 60, 80, 100];
/** Scanners' nominal magnifications are so far from their pixels' size. */
const NOMINAL = 0.2;
/** A level this near to what was asked for is taken as it is: 0.499 µm a pixel for 0.5. */
const SAME = 0.02;

/** Whether pixels of this size can be those of a scan at this magnification. */
const fits = (magnification: number, micrometres: number) =>
  Math.abs((magnification * micrometres) / MICROMETRES_AT_1X - 1) <= NOMINAL;

/** The objective power that fits the size of pixels, or what they show where none does. */
function powerOf(micrometres: number): number {
  return OBJECTIVES.find((power) => fits(power, micrometres)) ?? MICROMETRES_AT_1X / micrometres;
}

/** How level 0 was scanned. */
type BaseScale = Pick<PatchGrid, 'level0Magnification' | 'level0Micrometres' | 'objectiveNeeded' | 'warnings'>;

/**
 * How level 0 was scanned: as the file says, or by the objective given. Where a file contradicts itself, the objective given decides; without
 * one the size of the pixels, which was measured, and which programs that resize or convert slides keep right more often.
 * @throws {InputError} where neither says it.
 */
function baseScale(file: string, slide: SlideInfo, objective: number | undefined): BaseScale {
  const { magnification, micrometres, unreadScale } = slide;
  if (magnification === undefined && micrometres === undefined) {
    if (objective === undefined) {
      const why = unreadScale === undefined ? '' : `: ${unreadScale}`;
      const remedy = 'Give the objective power that it was scanned with, as in --objective 40';
      throw slideError(file, `the file does not say its magnification${why}`, remedy);
    }
    return { level0Magnification: objective, level0Micrometres: undefined, objectiveNeeded: true, warnings: [] };
  }
  const warning = (message: string, remedy: string): Problem => ({ severity: 'warning', file, message, remedy });
  const warnings =
    unreadScale === undefined
      ? []
      : [warning(unreadScale, 'It is left aside; check the magnification in the feature file')];
  const stated = { level0Micrometres: micrometres, objectiveNeeded: false, warnings };
  if (magnification === undefined || micrometres === undefined)
    return { ...stated, level0Magnification: magnification ?? powerOf(micrometres ?? MICROMETRES_AT_1X) };
  if (fits(magnification, micrometres)) return { ...stated, level0Magnification: magnification };
  if (objective !== undefined) {
    const level0Micrometres = fits(objective, micrometres) ? micrometres : undefined;
    return { level0Magnification: objective, level0Micrometres, objectiveNeeded: true, warnings };
  }
  const level0Magnification = powerOf(micrometres);
  const message =
    `the file says that it was scanned at ${magnification}× and that a pixel is ${micrometres} µm wide, which is ` +
    `${Math.round(MICROMETRES_AT_1X / micrometres)}×. It is taken for ${round(level0Magnification)}×, by its pixels`;
  const remedy = `If the magnification is right and the size of the pixels is not, give --objective ${magnification}`;
  return { ...stated, level0Magnification, warnings: [...warnings, warning(message, remedy)] };
}

/** Pixels of level 0 along the edge of a pixel of the patches. */
function downsampling({ level0Magnification, level0Micrometres }: BaseScale, { resolution }: Cutting): number {
  if ('magnification' in resolution) return level0Magnification / resolution.magnification;
  return resolution.micrometres / (level0Micrometres ?? MICROMETRES_AT_1X / level0Magnification);
}

/**
 * Divides a slide into patches of the size and resolution asked for. They are read from the coarsest level that is fine enough, and
 * resampled where it is not the very one.
 * @throws {InputError} where the slide's magnification is unknown or too low, or the slide is smaller than a patch.
 */
export function patchGrid(file: string, slide: SlideInfo, cutting: Cutting): PatchGrid {
  const scale = baseScale(file, slide, cutting.objective);
  const { level0Magnification: level0 } = scale;
  const wanted = downsampling(scale, cutting);
  if (wanted < 1 - SAME) {
    const [asked, remedy] =
      'magnification' in cutting.resolution
        ? [`${cutting.resolution.magnification}×`, `Take --magnification ${round(level0)} or less`]
        : [
            `${cutting.resolution.micrometres} µm a pixel`,
            `Take --mpp ${round(scale.level0Micrometres ?? MICROMETRES_AT_1X / level0)} or more`,
          ];
    throw slideError(
      file,
      `the slide was scanned at ${round(level0)}×, and patches at ${asked} show more than it has`,
      `${remedy}, for all slides of a cohort alike`,
    );
  }
  const level = slide.levels.findLastIndex(({ downsample }) => downsample <= wanted * (1 + SAME));
  const { downsample } = slide.levels[level];
  const { patchSize } = cutting;
  const isThatLevel = Math.abs(wanted / downsample - 1) <= SAME;
  const edge = Math.round(patchSize * (isThatLevel ? downsample : wanted));
  const [{ width, height }] = slide.levels as [SlideInfo['levels'][0]];
  if (width < edge || height < edge) {
    throw slideError(
      file,
      `the image of ${width} × ${height} pixels is smaller than one patch, ${edge} × ${edge}`,
      'Give a whole slide or a larger region, or take a smaller --patch-size',
    );
  }
  return {
    edge,
    level,
    levelEdge: isThatLevel ? patchSize : Math.round(edge / downsample),
    columns: Math.floor(width / edge),
    rows: Math.floor(height / edge),
    magnification:
      'magnification' in cutting.resolution
        ? cutting.resolution.magnification
        : MICROMETRES_AT_1X / cutting.resolution.micrometres,
    ...scale,
  };
}

const round = (x: number) => Number(x.toPrecision(3));

/** Corners of the patches of which at least the given part is tissue, in reading order: x, y of level 0, `[n, 2]`. */
export function tissuePatches(
  { edge, columns, rows }: PatchGrid,
  mask: TissueMask,
  { downsample }: Pick<Thumbnail, 'downsample'>,
  least: number,
): Int32Array {
  const sums = areaSums(mask);
  const corners: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = [column * edge, row * edge];
      const [left, right] = stretch(x, edge, downsample, mask.width);
      const [top, bottom] = stretch(y, edge, downsample, mask.height);
      const at = (v: number, u: number) => sums[v * (mask.width + 1) + u];
      const tissue = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
      if (least === 0 || (tissue >= least * (right - left) * (bottom - top) && tissue > 0)) corners.push(x, y);
    }
  }
  return Int32Array.from(corners);
}

/** Pixels of the mask that a stretch of level 0 covers, at least one. */
function stretch(from: number, length: number, downsample: number, size: number): [number, number] {
  const start = Math.min(size - 1, Math.round(from / downsample));
  return [start, Math.min(size, Math.max(start + 1, Math.round((from + length) / downsample)))];
}

/** Number of tissue pixels above and to the left of each corner between pixels, `[height + 1, width + 1]`. */
function areaSums({ width, height, cells }: TissueMask): Uint32Array {
  const sums = new Uint32Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y + 1) * (width + 1) + x + 1;
      sums[at] = cells[y * width + x] + sums[at - 1] + sums[at - width - 1] - sums[at - width - 2];
    }
  }
  return sums;
}
