import { stat } from 'node:fs/promises';
import { bagRows } from '../cohort/bags/bag.js';
import { formatProblem, WorkError } from '../files/errors.js';
import { VERSION } from '../version.js';
import type { Encoder } from './encoder.js';
import { startFeatureFile, type FeatureFileContent } from './feature-file.js';
import { patchGrid, tissuePatches, type Cutting, type PatchGrid } from './grid.js';
import { writeOverview } from './overview.js';
import type { SlideReader } from './reader.js';
import { extractedFiles, slideName } from './slide-files.js';
import { slideError, type SlideInfo } from './slide.js';
import { findTissue } from './tissue.js';

/** Raised when the same settings would give other features. */
const FORMAT = 2;

/**
 * Everything that decides what a slide's feature file holds, as one text: two files with the same text hold the same.
 * @param objective Objective power, where it was needed because the slide does not say its own.
 */
export function settingsText(
  slideBytes: number,
  { encoder, cutting, fix }: ExtractionSettings,
  objective: number | undefined,
): string {
  const { sha256, size, config } = encoder;
  const { mean, std, channels, layout, output, pooling } = config;
  const { patchSize, resolution, tissue } = cutting;
  return JSON.stringify({
    format: FORMAT,
    encoder: { sha256, size, mean, std, channels, layout, output, pooling },
    cutting: { patchSize, ...resolution, tissue },
    objective,
    fix,
    slideBytes,
  });
}

/** Longest edge of the picture on which tissue is looked for. */
const THUMBNAIL = 2048;

/** How slides become features. */
export interface ExtractionSettings {
  readonly encoder: Encoder;
  readonly cutting: Cutting;
  /** Rows of every feature file, whatever the slide's size: the form of the method's published code. */
  readonly fix?: number | undefined;
  /** Patches that are encoded at a time. */
  readonly batch: number;
}

/** What came of a slide. */
export interface ExtractedSlide {
  readonly patches: number;
  /** Part of the slide that is tissue, 0 to 1. */
  readonly tissue: number;
  readonly level0Magnification: number;
  /** What is doubtful of the slide, and how it was taken; absent where nothing is. */
  readonly warnings?: readonly string[];
  /** Seconds from opening the slide to the finished file. */
  readonly seconds: number;
}

/**
 * Extracts the features of one slide into `out/NAME.h5`, and a picture of what was taken into `out/overview/NAME.png`. The readers
 * decode the next patches while the encoder works on these.
 * @throws {InputError} for a slide that is damaged, or has no tissue; {@link WorkError} where a file cannot be written, or it was stopped.
 */
export async function extractSlide(
  file: string,
  out: string,
  settings: ExtractionSettings,
  readers: readonly SlideReader[],
  {
    onPatches,
    signal,
  }: { onPatches?: ((done: number, of: number) => void) | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ExtractedSlide> {
  const started = performance.now();
  const { encoder, cutting, fix, batch } = settings;
  const name = slideName(file);
  const files = extractedFiles(out, name);
  const { info, thumbnail } = await readers[0].overview(file, THUMBNAIL);
  const grid = patchGrid(file, info, cutting);
  const warnings = [...(info.warnings ?? []), ...grid.warnings].map(formatProblem);
  const mask = findTissue(thumbnail, Math.max(4, (grid.edge / thumbnail.downsample) ** 2));
  const tissue = mask.cells.reduce((sum, cell) => sum + cell, 0) / mask.cells.length;
  const all = tissuePatches(grid, mask, thumbnail, cutting.tissue);
  const corners = fix === undefined ? all : chosen(all, fix);
  await writeOverview(files.overview, thumbnail, mask, grid, corners);
  if (corners.length === 0) throw noPatches(file, tissue);

  const objective = grid.objectiveNeeded ? cutting.objective : undefined;
  const text = settingsText((await stat(file)).size, settings, objective);
  const { side } = encoder;
  if (side > 1 && fix !== undefined)
    throw slideError(file, 'a map of tokens cannot be brought to a fixed number of rows', 'Leave --fix out');
  const features = await startFeatureFile(files.features, {
    corners: tokenCorners(corners, grid.edge, side),
    width: encoder.width,
    rows: fix,
    ...attributesOf(name, info, grid, settings, text),
  });
  try {
    // A plain image is held in memory by every reader that reads it: one is enough.
    const able = info.format === 'PNG' || info.format === 'JPEG' ? readers.slice(0, 1) : readers;
    for await (const { from, pixels } of patchBatches(file, info, grid, corners, { size: encoder.size, batch }, able)) {
      if (signal?.aborted)
        throw new WorkError(`Stopped at ${file}. The same command goes on with the slides that are left.`);
      features.write(from * side ** 2, await encoder.encode(pixels));
      onPatches?.(Math.min(from + batch, corners.length / 2), corners.length / 2);
    }
    await features.finish();
  } catch (error) {
    await features.abandon();
    throw error;
  }
  return {
    patches: corners.length / 2,
    tissue,
    level0Magnification: grid.level0Magnification,
    ...(warnings.length > 0 ? { warnings } : {}),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Of more patches than are kept, those that fixing the bag would keep (docs/method.md, section 1). */
function chosen(corners: Int32Array, fix: number): Int32Array {
  const patches = corners.length / 2;
  if (patches <= fix) return corners;
  return Int32Array.from([...bagRows(patches, fix)].flatMap((row) => [corners[2 * row], corners[2 * row + 1]]));
}

/** Corners of the tokens of patches in level 0: of each patch `side²` row by row, each an equal part of it. */
function tokenCorners(corners: Int32Array, edge: number, side: number): Int32Array {
  if (side === 1) return corners;
  const tokens = new Int32Array(corners.length * side ** 2);
  for (let i = 0, at = 0; i < corners.length; i += 2)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        tokens[at++] = corners[i] + Math.round((column * edge) / side);
        tokens[at++] = corners[i + 1] + Math.round((row * edge) / side);
      }
  return tokens;
}

function noPatches(file: string, tissue: number) {
  return tissue === 0
    ? slideError(
        file,
        'no tissue was found',
        'Look at its picture in the folder overview: is the slide empty, or its stain very pale?',
      )
    : slideError(
        file,
        `no patch holds enough tissue (${(100 * tissue).toFixed(1)} % of the slide is tissue)`,
        'Lower --tissue, or take a smaller --patch-size',
      );
}

/** Patches in batches, in their order; twice as many batches are under way as there are readers. */
async function* patchBatches(
  file: string,
  { levels }: SlideInfo,
  { level, levelEdge }: PatchGrid,
  corners: Int32Array,
  { size, batch }: { size: number; batch: number },
  readers: readonly SlideReader[],
): AsyncGenerator<{ from: number; pixels: Uint8Array }> {
  const { downsample } = levels[level];
  const underWay: { from: number; pixels: Promise<Uint8Array> }[] = [];
  let [next, asked] = [0, 0];
  const ask = () => {
    for (; underWay.length < 2 * readers.length && next < corners.length / 2; next += batch) {
      const part = corners.subarray(2 * next, 2 * (next + batch)).map((x) => Math.round(x / downsample));
      const pixels = readers[asked++ % readers.length].patches(file, { level, edge: levelEdge, size, corners: part });
      pixels.catch(() => undefined); // it is thrown where it is waited for, if it comes to that
      underWay.push({ from: next, pixels });
    }
  };
  ask();
  for (let first = underWay.shift(); first; first = underWay.shift()) {
    const pixels = await first.pixels;
    ask();
    yield { from: first.from, pixels };
  }
}

/** What the file says of the slide and its patches, in CLAM's and TRIDENT's words. */
function attributesOf(
  name: string,
  { levels }: SlideInfo,
  grid: PatchGrid,
  { encoder, cutting }: ExtractionSettings,
  text: string,
): Pick<FeatureFileContent, 'fileAttributes' | 'featureAttributes' | 'coordinateAttributes'> {
  const { level, edge, magnification, level0Magnification, level0Micrometres } = grid;
  const [level0] = levels as [SlideInfo['levels'][0]];
  const { width, height, downsample } = levels[level];
  const { side } = encoder; // of a map, what is said of a patch is said of a token
  return {
    fileAttributes: {
      encoder: encoder.name,
      encoder_sha256: encoder.sha256,
      subspace_fusion: VERSION,
      extraction: text,
    },
    featureAttributes: { name, encoder: encoder.name },
    coordinateAttributes: {
      name,
      unit: 'px',
      patch_size: cutting.patchSize / side,
      patch_size_level0: edge / side,
      ...(side > 1 ? { encoded_patch_size: cutting.patchSize, encoded_patch_size_level0: edge } : {}),
      patch_level: level,
      downsample: Float64Array.of(downsample, downsample),
      custom_downsample: edge / (cutting.patchSize * downsample),
      level_dim: Int32Array.of(width, height),
      target_magnification: magnification,
      level0_magnification: level0Magnification,
      level0_width: level0.width,
      level0_height: level0.height,
      overlap: 0,
      ...(level0Micrometres === undefined ? {} : { level0_mpp: level0Micrometres }),
    },
  };
}
