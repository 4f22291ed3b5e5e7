import { InputError, WorkError, type Problem } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { blank, damaged, paste, slideError, type Picture, type Region, type Slide } from '../slide.js';
import { decodeTile, isTransparent } from './decode-tile.js';
import { readExactly, readTiff, type TiffImage } from './directories.js';
import { isJpeg, opacitySample, taggedColours } from './image-kind.js';
import { statedColours } from './jpeg-tile.js';
import { pyramidOf, tiffFormat } from './pyramid.js';
import { scaleOf } from './scale.js';
import { tileCache } from './tile-cache.js';

/** Decoded tiles that are kept: more than a row of tiles of a slide that is 100,000 pixels wide. */
const CACHE_BYTES = 128 << 20;
/** Tiles that are decoded at a time. */
const DECODING_BYTES = 64 << 20;
/** A tile or strip that takes more memory than this, decoded, is refused. */
const LARGEST_TILE = 256 << 20;
/** A level has as many pixels for each stored byte at most, 8 times what a blank slide has in Deflate; without this, a small file takes days. */
const MOST_PIXELS_A_BYTE = 3000;
/** A level of so few pixels is read whatever its file's size. */
const FEW_PIXELS = 1e8;

/**
 * Opens an Aperio SVS, an OME-TIFF or another pyramidal or plain TIFF. Tiles are decoded when they are read. The source is closed with
 * the slide.
 * @throws {InputError} for a file that is damaged, or of a kind that is not read.
 */
export async function openTiffSlide(source: Source): Promise<Slide> {
  const { name: file, size } = source;
  const images = await readTiff(source).catch((error: unknown) => {
    throw error instanceof InputError ? error : damaged(file, `its directories: ${reason(error)}`);
  });
  if (images.length === 0) throw damaged(file, 'it has no directory');
  const format = tiffFormat(file, images);
  const levels = pyramidOf(file, images);
  for (const [i, image] of levels.entries()) checkTiles(file, i, image, size);
  const [base] = levels as [TiffImage];
  const cache = tileCache(CACHE_BYTES, DECODING_BYTES);
  const opacity = opacitySample(base);
  const ignored = opacity !== undefined && (await isAllTransparent(source, levels[levels.length - 1], opacity));
  const warnings = [...(await colourWarnings(source, base)), ...(ignored ? [transparencyWarning(file)] : [])];
  return {
    format,
    levels: levels.map(({ width, height, tileWidth, tileHeight }) => ({
      width,
      height,
      downsample: (base.width / width + base.height / height) / 2,
      piece: { width: tileWidth, height: tileHeight },
    })),
    ...scaleOf(format, base),
    warnings,
    async read(level, region) {
      const image = levels[level];
      const out = blank(region.width, region.height);
      await Promise.all(
        tilesIn(image, region).map(async ({ column, row }) => {
          const bytes = 3 * image.tileWidth * image.tileHeight;
          const tile = await cache.get(keyOf(level, image, column, row), bytes, () =>
            readTile(source, image, column, row, ignored ? undefined : opacitySample(image)),
          );
          paste(out, tile, column * image.tileWidth - region.x, row * image.tileHeight - region.y);
        }),
      );
      return out;
    },
    close: () => source.close(),
  };
}

const reason = (error: unknown) => (error instanceof Error ? error.message.trim().split('\n')[0] : String(error));

const across = ({ width, tileWidth }: TiffImage) => Math.ceil(width / tileWidth);
const down = ({ height, tileHeight }: TiffImage) => Math.ceil(height / tileHeight);

/** Refuses a level whose tiles are too large, too few, or not all in the file. */
function checkTiles(file: string, level: number, image: TiffImage, size: number): void {
  const { tileWidth, tileHeight, offsets, byteCounts, separatePlanes } = image;
  if (tileWidth * tileHeight * Math.max(4, image.samples) > LARGEST_TILE) {
    const message = `level ${level} is stored in pieces of ${tileWidth} × ${tileHeight} pixels, which take too much memory`;
    throw slideError(
      file,
      message,
      'Convert it to a tiled TIFF: vips tiffsave SLIDE slide.tif --tile --pyramid --bigtiff --compression jpeg --Q 90',
    );
  }
  const tiles = across(image) * down(image) * (separatePlanes ? image.samples : 1);
  if (offsets.length < tiles || byteCounts.length < tiles)
    throw damaged(file, `level ${level} lists ${offsets.length} of ${tiles} tiles`);
  let stored = 0;
  for (let i = 0; i < tiles; i++) {
    const end = offsets[i] + byteCounts[i];
    if (!(end <= size)) throw damaged(file, `tile ${i} of level ${level} ends at byte ${end} of ${size}`);
    stored += byteCounts[i];
  }
  stored = Math.min(stored, size);
  if (image.width * image.height > FEW_PIXELS + MOST_PIXELS_A_BYTE * stored)
    throw damaged(file, `${image.width} × ${image.height} pixels of level ${level} in ${stored} bytes`);
}

/** A warning where the tiles are of other colours than the file says: those of the first are looked at. */
async function colourWarnings(source: Source, image: TiffImage): Promise<Problem[]> {
  const { offsets, byteCounts } = image;
  const first = Array.from({ length: offsets.length }, (_, i) => i).find((i) => byteCounts[i] > 0);
  if (first === undefined || !isJpeg(image)) return [];
  const own = statedColours(await source.read(offsets[first], Math.min(byteCounts[first], JPEG_HEADER)));
  const tagged = taggedColours(image);
  if (own === undefined || own === tagged) return [];
  const message = `the file says that its tiles are ${tagged}, and the tiles say themselves that they are ${own}. They are read as ${own}`;
  return [{ severity: 'warning', file: source.name, message, remedy: 'Look at its colours in the folder overview' }];
}
/** Bytes of a JPEG within which it says what its colours are. */
const JPEG_HEADER = 64 << 10;

const transparencyWarning = (file: string): Problem => ({
  severity: 'warning',
  file,
  message: 'the file says that one of its samples is opacity, and it is 0 everywhere. It is left aside',
  remedy: 'Look at its picture in the folder overview',
});

/** Whether the opacity is 0 everywhere, by a level of the image. The middle comes first, which seldom is. */
async function isAllTransparent(source: Source, image: TiffImage, opacity: number): Promise<boolean> {
  const tiles = across(image) * down(image);
  for (let i = 0; i < tiles; i++) {
    const tile = (i + Math.floor(tiles / 2)) % tiles;
    const [column, row] = [tile % across(image), Math.floor(tile / across(image))];
    try {
      const planes = await storedTile(source, image, column, row, opacity);
      if (planes && !(await isTransparent(image, planes, rowsOf(image, row), opacity))) return false;
    } catch {
      return false; // what is damaged is said where it is read
    }
  }
  return true;
}

function tilesIn(image: TiffImage, { x, y, width, height }: Region): { column: number; row: number }[] {
  const range = (from: number, length: number, tile: number, count: number) => {
    const first = Math.max(0, Math.floor(from / tile));
    const last = Math.min(count - 1, Math.floor((from + length - 1) / tile));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  };
  const columns = range(x, width, image.tileWidth, across(image));
  return range(y, height, image.tileHeight, down(image)).flatMap((row) => columns.map((column) => ({ column, row })));
}

/** What a tile is kept by: its bytes, and how much of it belongs to the image. Programs may store tiles that are alike once. */
function keyOf(level: number, image: TiffImage, column: number, row: number): string {
  const place = row * across(image) + column;
  const isLast = [column === across(image) - 1, row === down(image) - 1];
  return [level, image.offsets[place], image.byteCounts[place], ...isLast, image.separatePlanes ? place : ''].join(' ');
}

/** The bytes of a tile, or of its planes; undefined where the scanner left it out. */
async function storedTile(
  source: Source,
  image: TiffImage,
  column: number,
  row: number,
  opacity: number | undefined,
): Promise<Uint8Array[] | undefined> {
  const { offsets, byteCounts, separatePlanes } = image;
  const tile = row * across(image) + column;
  const samples = separatePlanes ? [0, 1, 2, ...(opacity === undefined ? [] : [opacity])] : [0];
  const places = samples.map((sample) => sample * across(image) * down(image) + tile);
  if (places.some((place) => byteCounts[place] === 0)) return undefined;
  const planes = await Promise.all(places.map((place) => readExactly(source, offsets[place], byteCounts[place])));
  return planes;
}

/** Rows of the tiles in a row of them: the last strip of an image is shorter. */
const rowsOf = ({ tiled, tileHeight, height }: TiffImage, row: number) =>
  tiled ? tileHeight : Math.min(tileHeight, height - row * tileHeight);

/** One tile, cut off where the image ends; white where the scanner left it out. */
async function readTile(
  source: Source,
  image: TiffImage,
  column: number,
  row: number,
  opacity: number | undefined,
): Promise<Picture> {
  const { tileWidth, tileHeight } = image;
  const rows = rowsOf(image, row);
  try {
    const planes = await storedTile(source, image, column, row, opacity);
    const decoded = planes
      ? { width: tileWidth, height: rows, pixels: await decodeTile(image, planes, rows, opacity) }
      : blank(tileWidth, rows);
    return withinImage(decoded, image.width - column * tileWidth, image.height - row * tileHeight);
  } catch (error) {
    if (error instanceof InputError || error instanceof WorkError) throw error;
    throw damaged(source.name, `tile ${row * across(image) + column}: ${reason(error)}`);
  }
}

/** A tile without what lies beyond the right and the lower end of its image, which is anything. */
function withinImage(tile: Picture, width: number, height: number): Picture {
  if (width >= tile.width && height >= tile.height) return tile;
  const cut = blank(Math.min(tile.width, width), Math.min(tile.height, height));
  paste(cut, tile, 0, 0);
  return cut;
}
