import { InputError, WorkError } from '../../files/errors.js';
import type { Source } from '../../files/source.js';
import { blank, damaged, paste, slideError, type Picture, type Region, type Slide } from '../slide.js';
import { decodeTile } from './decode-tile.js';
import { readExactly, readTiff, type TiffImage } from './directories.js';
import { pyramidOf, scaleOf, tiffFormat } from './pyramid.js';

/** Keeps what was used last, up to `bytes` of pixels. */
export interface TileCache {
  /** The picture of that key; decoded by `decode` where it is not kept. A failure is not kept. */
  get(key: string, size: number, decode: () => Promise<Picture>): Promise<Picture>;
}

function tileCache(bytes: number): TileCache {
  const kept = new Map<string, { readonly size: number; readonly picture: Promise<Picture> }>(); // in the order of last use
  let held = 0;
  const drop = (key: string) => {
    held -= kept.get(key)?.size ?? 0;
    kept.delete(key);
  };
  return {
    get(key, size, decode) {
      const picture = kept.get(key)?.picture ?? decode();
      drop(key);
      kept.set(key, { size, picture });
      held += size;
      picture.catch(() => {
        drop(key);
      });
      for (const oldest of kept.keys()) {
        if (held <= bytes || oldest === key) break;
        drop(oldest);
      }
      return picture;
    },
  };
}

/** Decoded tiles that are kept: more than a row of tiles of a slide that is 100,000 pixels wide. */
const CACHE_BYTES = 128 << 20;
/** A tile or strip that takes more memory than this, decoded, is refused. */
const LARGEST_TILE = 256 << 20;

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
  const cache = tileCache(CACHE_BYTES);
  return {
    format,
    levels: levels.map(({ width, height }) => ({
      width,
      height,
      downsample: (base.width / width + base.height / height) / 2,
    })),
    ...scaleOf(format, base),
    async read(level, region) {
      const image = levels[level];
      const out = blank(region.width, region.height);
      await Promise.all(
        tilesIn(image, region).map(async ({ column, row }) => {
          const bytes = 3 * image.tileWidth * image.tileHeight;
          const tile = await cache.get(`${level} ${column} ${row}`, bytes, () => readTile(source, image, column, row));
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
  for (let i = 0; i < tiles; i++) {
    const end = offsets[i] + byteCounts[i];
    if (!(end <= size)) throw damaged(file, `tile ${i} of level ${level} ends at byte ${end} of ${size}`);
  }
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

/** One tile, cut off where the image ends; white where the scanner left it out. */
async function readTile(source: Source, image: TiffImage, column: number, row: number): Promise<Picture> {
  const { tileWidth, tileHeight, offsets, byteCounts, samples, separatePlanes } = image;
  const tile = row * across(image) + column;
  const rows = image.tiled ? tileHeight : Math.min(tileHeight, image.height - row * tileHeight);
  const perPlane = across(image) * down(image);
  const places = separatePlanes ? [0, 1, 2].map((plane) => plane * perPlane + tile) : [tile];
  if (samples < 3 || places.some((place) => byteCounts[place] === 0)) return blank(tileWidth, rows);
  try {
    const planes = await Promise.all(places.map((place) => readExactly(source, offsets[place], byteCounts[place])));
    const decoded = { width: tileWidth, height: rows, pixels: await decodeTile(image, planes, rows) };
    return withinImage(decoded, image.width - column * tileWidth, image.height - row * tileHeight);
  } catch (error) {
    if (error instanceof InputError || error instanceof WorkError) throw error;
    throw damaged(source.name, `tile ${tile}: ${reason(error)}`);
  }
}

/** A tile without what lies beyond the right and the lower end of its image, which is anything. */
function withinImage(tile: Picture, width: number, height: number): Picture {
  if (width >= tile.width && height >= tile.height) return tile;
  const cut = blank(Math.min(tile.width, width), Math.min(tile.height, height));
  paste(cut, tile, 0, 0);
  return cut;
}
