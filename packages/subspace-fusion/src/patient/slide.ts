import { minOf } from '../files/lists.js';
import { cutDifferences, sameEncoder } from '../cohort/bags/agreement.js';
import { bagRows, fixBag, takeRows, tokenRows } from '../cohort/bags/bag.js';
import { parseBag, parseBagHeader } from '../cohort/bags/parse.js';
import type { Bag, BagFile, BagHeader, Provenance } from '../cohort/types.js';
import { badInput, InputError } from '../files/errors.js';
import { closing, type Source } from '../files/source.js';
import { baseName } from '../files/text.js';
import type { BagShape } from '../inference/bag-reader.js';
import type { CohortSamples } from '../inference/samples.js';
import { fileWidth, networkFeatures } from '../runs/components.js';
import type { PatchLayout } from '../runs/explanations.js';
import type { Model } from '../runs/model.js';

/** Features of one slide as arrays, with what is known of how they were made. */
export interface BagArrays extends Provenance {
  /** One row per patch: row-major `[patches · width]` with the model's width, or a list of rows. */
  readonly features: Float32Array | readonly ArrayLike<number>[];
  /** x and y of each patch, row-major `[patches · 2]` or a list of pairs. */
  readonly coordinates?: ArrayLike<number> | readonly ArrayLike<number>[] | undefined;
  /** As messages call it; by default `bag`. */
  readonly name?: string | undefined;
}

/** A slide that was given and not read yet. */
export interface GivenSlide {
  /** As messages call it: a path, or the name of arrays. */
  readonly file: string;
  readonly slide: string;
  readonly header: BagHeader;
  /** The bag; of a slide with more than `atMost` patches, the rows that a bag of that size keeps. */
  read(atMost: number): Promise<Bag>;
}

/** One slide as the network sees it. */
export interface SlideBag {
  readonly slide: string;
  /** `[N, width]` */
  readonly features: Float32Array;
  /** Patches of the file, and the rows of those that are in the bag. */
  readonly patches: number;
  readonly rows: Uint32Array;
  /** The patch of each token, as a place in `rows`. */
  readonly patchOf: Uint32Array; // [N]
  readonly layout: PatchLayout;
}

/** A feature file, which stays open until the slide is read. @throws InputError for a file that is no bag. */
export async function fileSlide(source: Source): Promise<GivenSlide> {
  return {
    file: source.name,
    slide: baseName(source.name),
    header: await parseBagHeader(source),
    read: (atMost) => parseBag(source, atMost),
  };
}

/**
 * A slide from arrays.
 * @param width Of the model's patches
 * @throws InputError where features and coordinates do not make whole patches, or a feature is not a finite number.
 */
export function arraySlide(
  { features, coordinates, name = 'bag', ...provenance }: BagArrays,
  width: number,
): GivenSlide {
  const flat = flatFeatures(features, width, name);
  const patches = flat.values.length / flat.width;
  const bad = flat.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const message = `feature ${bad % flat.width} of patch ${Math.floor(bad / flat.width)} (from 0) is ${flat.values[bad]}`;
    throw badInput({ file: name, message, remedy: 'Extract the features of this slide again' });
  }
  const places = coordinates && flatCoordinates(coordinates, patches, name);
  const header: BagHeader = { ...provenance, patches, width: flat.width };
  return {
    file: name,
    slide: name,
    header,
    read(atMost) {
      const rows = bagRows(patches, Math.min(patches, atMost));
      return Promise.resolve({
        ...header,
        patches: rows.length,
        features: takeRows(flat.values, flat.width, rows),
        coordinates: places && takeRows(places, 2, rows),
      });
    },
  };
}

function flatFeatures(
  features: BagArrays['features'],
  width: number,
  file: string,
): { readonly values: Float32Array; readonly width: number } {
  if (features.length === 0)
    throw badInput({ file, message: 'the bag has no patches', remedy: 'Give one row of features per patch' });
  if (features instanceof Float32Array) {
    if (features.length % width === 0) return { values: features, width };
    const message = `${features.length} features are no whole number of patches of the model's width, ${width}`;
    throw badInput({ file, message, remedy: "Extract them with the model's encoder" });
  }
  return flatRows(features, file);
}

/** A list of rows as one array. @throws InputError where the rows differ in length. */
function flatRows(rows: readonly ArrayLike<number>[], file: string): { values: Float32Array; width: number } {
  const width = rows[0].length;
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length === width) return void values.set(row, i * width);
    const message = `row ${i} (from 0) has ${row.length} numbers, row 0 has ${width}`;
    throw badInput({ file, message, remedy: 'Give rows of one length' });
  });
  return { values, width };
}

function flatCoordinates(
  given: NonNullable<BagArrays['coordinates']>,
  patches: number,
  file: string,
): Int32Array | Float32Array {
  const all = Array.from<number | ArrayLike<number>>(given).flatMap((x) =>
    typeof x === 'number' ? [x] : Array.from(x),
  );
  if (all.length === 2 * patches && all.every(Number.isFinite))
    return all.every(Number.isSafeInteger) ? Int32Array.from(all) : Float32Array.from(all);
  const message = `the coordinates are not x and y of each of the ${patches} patches`;
  throw badInput({ file, message, remedy: 'Give two finite numbers per patch, or leave them out' });
}

/** Reads a slide of a cohort for a model, as {@link readGiven} does. */
export async function readSlide(
  slide: BagFile,
  shape: BagShape,
  { open }: Pick<CohortSamples, 'open'>,
): Promise<SlideBag> {
  return closing(await open(slide), async (source) => readGiven(await fileSlide(source), shape));
}

/** Reads a slide for a model, and keeps which token shows which patch. @throws InputError where the features are of another width. */
export async function readGiven(given: GivenSlide, shape: BagShape): Promise<SlideBag> {
  const { tokens, layout } = shape;
  requireWidth(given, fileWidth(shape));
  const bag = await given.read(tokens);
  return {
    slide: given.slide,
    features: networkFeatures(fixBag(bag, tokens, layout).features, shape),
    patches: given.header.patches,
    rows: bagRows(given.header.patches, bag.patches),
    patchOf: tokenRows(bag, tokens, layout),
    layout: bag.coordinates ? onSlide(bag.coordinates, bag.patchSizeLevel0) : onGrid(bag.patches, Math.sqrt(tokens)),
  };
}

/** @throws InputError for features of another width than the model's. */
function requireWidth({ file, header }: Pick<GivenSlide, 'file' | 'header'>, width: number): void {
  if (header.width === width) return;
  throw new InputError(
    `${file}: features are ${header.width} wide, the model's are ${width}. Extract them with the model's encoder.`,
  );
}

function onSlide(coordinates: ArrayLike<number>, edge: number | undefined): PatchLayout {
  const n = coordinates.length / 2;
  const x = Array.from({ length: n }, (_, i) => coordinates[2 * i]);
  const y = Array.from({ length: n }, (_, i) => coordinates[2 * i + 1]);
  return { kind: 'slide', x, y, edge: edge ?? smallestStep(x, y) };
}

function onGrid(patches: number, side: number): PatchLayout {
  const places = Array.from({ length: patches }, (_, i) => i);
  return { kind: 'grid', x: places.map((i) => i % side), y: places.map((i) => Math.floor(i / side)), edge: 1 };
}

/** Smallest distance of two columns or rows of patches; 1 where there is a single patch. */
function smallestStep(...axes: readonly (readonly number[])[]): number {
  const steps = axes.flatMap((axis) => {
    const places = [...new Set(axis)].sort((a, b) => a - b);
    return places.slice(1).map((place, i) => place - places[i]);
  });
  return steps.length === 0 ? 1 : minOf(steps);
}

/**
 * What the encoders and patches of these slides give cause to warn of.
 * @throws InputError for a slide of another width than the model's.
 */
export function checkSlides(slides: readonly GivenSlide[], model: Model): string[] {
  const { encoder, provenance = {} } = model;
  return slides.flatMap((given) => {
    requireWidth(given, fileWidth(model));
    const { slide, header } = given;
    const differences = cutDifferences(provenance, header);
    return [
      ...encoderWarnings(slide, header.encoder, encoder),
      ...(differences.length > 0 ? [`${slide}: ${differences.join('; ')}. Do not trust this prediction`] : []),
    ];
  });
}

/** Features mean nothing to a model that was trained on another encoder's. */
function encoderWarnings(slide: string, found: string | undefined, trained: string | undefined): string[] {
  if (trained === undefined)
    return [`${slide}: the model does not know which encoder its features came from, so it cannot be checked`];
  if (found === undefined)
    return [
      `${slide}: does not say its encoder; the model was trained on '${trained}' features. Do not trust this prediction unless it is the same one`,
    ];
  if (!sameEncoder(found, trained))
    return [
      `${slide}: features are of encoder '${found}', the model was trained on '${trained}'. Do not trust this prediction`,
    ];
  return [];
}
