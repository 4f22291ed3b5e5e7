import { append } from '../../files/lists.js';
import type { Source } from '../../files/source.js';

/** One image of a TIFF file, as its directory describes it (TIFF 6.0; BigTIFF). A strip counts as a tile as wide as the image. */
export interface TiffImage {
  readonly width: number;
  readonly height: number;
  readonly tiled: boolean;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Where each tile lies, row by row; in a file of separate planes, plane by plane. */
  readonly offsets: ArrayLike<number>;
  readonly byteCounts: ArrayLike<number>;
  readonly compression: number;
  readonly photometric: number;
  readonly bits: readonly number[];
  readonly samples: number;
  /** What the samples beyond red, green and blue are (TIFF 6.0, ExtraSamples): 0 anything, 1 opacity that the colours were multiplied by, 2 opacity. */
  readonly extraSamples: readonly number[];
  /** Whether red, green and blue are stored as three images. */
  readonly separatePlanes: boolean;
  readonly predictor: number;
  readonly jpegTables: Uint8Array | undefined;
  readonly description: string;
  /** Micrometres a pixel by the resolution tags, whatever they are worth. */
  readonly micrometres: number | undefined;
  /** Images at further resolutions that hang below this one. */
  readonly subImages: readonly TiffImage[];
  /** What tells makers of slide scanners apart. */
  readonly maker: { readonly software: string; readonly xmp: string; readonly ndpi: boolean };
}

/** More images than this has no slide; a damaged file can go round in circles. */
const MOST_IMAGES = 1000;
/** More fields than this has no directory of a slide. */
const MOST_ENTRIES = 200;
/** More samples a pixel than this has no slide. */
const MOST_SAMPLES = 16;
/** Longest description, and longest tables of JPEG, in bytes. */
const LONGEST = 1 << 20;
/** Pixels of the largest slide along an edge, and in all. */
const MOST_ALONG_EDGE = 1_000_000;
const MOST_PIXELS = 4e10;
/** Bytes that directories may share: some programs write one description for all. */
const SHARED = 8 << 20;

const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  description: 270,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  planar: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subImages: 330,
  extraSamples: 338,
  jpegTables: 347,
  xmp: 700,
  ndpi: 65420,
} as const;
const KNOWN = new Set<number>(Object.values(TAG));

/** Bytes of a value of each field type (TIFF 6.0, section 2; BigTIFF); a rational is two numbers. */
const TYPE_BYTES: Readonly<Partial<Record<number, number>>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
};
const RATIONAL = 5;

/** How numbers are stored in a file. */
interface Form {
  readonly littleEndian: boolean;
  /** BigTIFF: offsets and counts of 8 bytes. */
  readonly big: boolean;
}

/** A file whose directories are read. */
interface Tiff extends Form {
  readonly source: Source;
  /** Bytes that the values of all directories may still take: those of an honest file do not overlap. */
  left: number;
}

/** A field of a directory: its type, how many values it has, and where they are: in the entry itself where they fit there. */
interface Field {
  readonly type: number;
  readonly size: number;
  readonly count: number;
  readonly inEntry: Uint8Array | undefined;
  readonly offset: number;
}

/** The known fields of a directory, by tag. */
type Fields = ReadonlyMap<number, Field>;

/**
 * Reads the directories of a TIFF or BigTIFF file, those of sub-images with them. Whatever a file says, this takes no more memory than a few
 * times its length, and not long.
 * @throws Error where the file is damaged.
 */
export async function readTiff(source: Source): Promise<TiffImage[]> {
  const head = viewOf(await readExactly(source, 0, 16));
  const littleEndian = head.getUint16(0) === 0x4949;
  const big = head.getUint16(2, littleEndian) === 43;
  const tiff: Tiff = { source, littleEndian, big, left: source.size + SHARED };
  const seen = new Set<number>();
  const chain = async (first: number): Promise<TiffImage[]> => {
    const images: TiffImage[] = [];
    for (let offset = first; offset !== 0 && !seen.has(offset) && seen.size < MOST_IMAGES;) {
      seen.add(offset);
      const { fields, next } = await readDirectory(tiff, offset);
      const below: TiffImage[] = [];
      for (const start of Array.from(await numbersOf(tiff, fields.get(TAG.subImages), MOST_IMAGES)))
        append(below, await chain(start));
      images.push(await readImage(tiff, fields, below));
      offset = next;
    }
    return images;
  };
  return chain(big ? Number(head.getBigUint64(8, littleEndian)) : head.getUint32(4, littleEndian));
}

/**
 * Bytes of a file of which it says itself where they are and how many.
 * @throws RangeError where they do not lie within it; memory is taken only after that.
 */
export async function readExactly(source: Source, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const wrong = () => new RangeError(`bytes ${offset} to ${offset + length} of ${source.size}`);
  if (!(offset >= 0 && length >= 0 && offset + length <= source.size)) throw wrong();
  const bytes = await source.read(offset, length);
  if (bytes.length < length) throw wrong();
  return bytes;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

async function readDirectory(tiff: Tiff, offset: number): Promise<{ fields: Fields; next: number }> {
  const { source, littleEndian, big } = tiff;
  const [countBytes, entryBytes, offsetBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const whole = (view: DataView, at: number) =>
    big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  const start = viewOf(await readExactly(source, offset, countBytes));
  const entries = big ? Number(start.getBigUint64(0, littleEndian)) : start.getUint16(0, littleEndian);
  if (entries > MOST_ENTRIES) throw new Error(`a directory of ${entries} fields`);
  const view = viewOf(await readExactly(source, offset + countBytes, entries * entryBytes + offsetBytes));
  const fields = new Map<number, Field>();
  for (let at = 0; at < entries * entryBytes; at += entryBytes) {
    const [tag, type] = [view.getUint16(at, littleEndian), view.getUint16(at + 2, littleEndian)];
    const size = TYPE_BYTES[type];
    if (!KNOWN.has(tag) || size === undefined) continue;
    if (fields.has(tag)) throw new Error(`a directory with two fields of the tag ${tag}`);
    const count = whole(view, at + 4);
    const valueAt = at + 4 + offsetBytes;
    const inEntry =
      count * size <= offsetBytes ? new Uint8Array(view.buffer, view.byteOffset + valueAt, count * size) : undefined;
    fields.set(tag, { type, size, count, inEntry, offset: whole(view, valueAt) });
  }
  return { fields, next: whole(view, entries * entryBytes) };
}

/** The first `most` values of a field as they are stored; none where there is no such field. */
async function bytesOf(tiff: Tiff, field: Field | undefined, most: number): Promise<Uint8Array> {
  if (!field) return new Uint8Array();
  const length = Math.min(field.count, most) * field.size;
  if (field.inEntry) return field.inEntry.subarray(0, length);
  tiff.left -= length;
  if (tiff.left < 0) throw new Error('the fields of its directories are longer than the file');
  return readExactly(tiff.source, field.offset, length);
}

/** The first `most` whole numbers of a field; a rational is two of them. */
async function numbersOf(tiff: Tiff, field: Field | undefined, most: number): Promise<ArrayLike<number>> {
  const view = viewOf(await bytesOf(tiff, field, most));
  const size = field === undefined ? 1 : field.type === RATIONAL ? 4 : field.size;
  const { littleEndian } = tiff;
  const read = (at: number) => {
    switch (size) {
      case 1:
        return view.getUint8(at);
      case 2:
        return view.getUint16(at, littleEndian);
      case 4:
        return view.getUint32(at, littleEndian);
      default:
        return Number(view.getBigUint64(at, littleEndian));
    }
  };
  return Float64Array.from({ length: view.byteLength / size }, (_, i) => read(i * size));
}

/** Text in UTF-8, or in Latin-1 where it cannot be that, up to the zeros at its end. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const written = bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(written);
  } catch {
    return new TextDecoder('latin1').decode(written);
  }
}

async function readImage(tiff: Tiff, fields: Fields, subImages: readonly TiffImage[]): Promise<TiffImage> {
  const numbers = (tag: number, most: number) => numbersOf(tiff, fields.get(tag), most);
  const number = async (tag: number, otherwise: number) => {
    const { 0: first = otherwise } = await numbers(tag, 1);
    return first;
  };
  const text = async (tag: number) => textOf(await bytesOf(tiff, fields.get(tag), LONGEST));
  const [width, height] = [await number(TAG.width, 0), await number(TAG.height, 0)];
  if (Math.max(width, height) > MOST_ALONG_EDGE || width * height > MOST_PIXELS)
    throw new Error(`an image of ${width} × ${height} pixels`);
  const tiled = fields.has(TAG.tileOffsets);
  const tileWidth = tiled ? await number(TAG.tileWidth, 0) : width;
  const tileHeight = tiled ? await number(TAG.tileHeight, 0) : Math.min(height, await number(TAG.rowsPerStrip, height));
  const samples = await number(TAG.samples, 1);
  const separatePlanes = (await number(TAG.planar, 1)) === 2;
  const tiles =
    tileWidth > 0 && tileHeight > 0
      ? Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) * (separatePlanes ? samples : 1)
      : 0;
  const places = async (tag: number) => (isPlace(fields.get(tag)) ? numbers(tag, tiles) : []);
  return {
    width,
    height,
    tiled,
    tileWidth,
    tileHeight,
    offsets: await places(tiled ? TAG.tileOffsets : TAG.stripOffsets),
    byteCounts: await places(tiled ? TAG.tileByteCounts : TAG.stripByteCounts),
    compression: await number(TAG.compression, 1),
    photometric: await number(TAG.photometric, -1),
    bits: Array.from(await numbers(TAG.bits, MOST_SAMPLES)),
    samples,
    extraSamples: Array.from(await numbers(TAG.extraSamples, MOST_SAMPLES)),
    separatePlanes,
    predictor: await number(TAG.predictor, 1),
    jpegTables: fields.has(TAG.jpegTables) ? await bytesOf(tiff, fields.get(TAG.jpegTables), LONGEST) : undefined,
    description: await text(TAG.description),
    micrometres: micrometresOf(await numbers(TAG.xResolution, 1), await number(TAG.resolutionUnit, 2)),
    subImages,
    maker: { software: await text(TAG.software), xmp: await text(TAG.xmp), ndpi: fields.has(TAG.ndpi) },
  };
}

/** Whether a field may say where tiles lie and how long they are: not in bytes, of which a damaged file can list more than it holds of any other type. */
const isPlace = (field: Field | undefined): boolean =>
  field !== undefined && field.size >= 2 && field.type !== RATIONAL;

/** Micrometres a pixel from pixels an inch (unit 2) or a centimetre (unit 3). */
function micrometresOf({ 0: numerator = 0, 1: denominator = 0 }: ArrayLike<number>, unit: number): number | undefined {
  const micrometres = unit === 2 ? 25_400 : unit === 3 ? 10_000 : NaN;
  const size = (micrometres * denominator) / numerator;
  return Number.isFinite(size) && size > 0 ? size : undefined;
}
