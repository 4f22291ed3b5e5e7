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

/** Values of the known fields of a directory, by tag. */
type Fields = ReadonlyMap<number, ArrayLike<number>>;

/**
 * Reads the directories of a TIFF or BigTIFF file, those of sub-images with them.
 * @throws Error where the file is damaged.
 */
export async function readTiff(source: Source): Promise<TiffImage[]> {
  const head = viewOf(await readExactly(source, 0, 16));
  const littleEndian = head.getUint16(0) === 0x4949;
  const form = { littleEndian, big: head.getUint16(2, littleEndian) === 43 };
  const seen = new Set<number>();
  const chain = async (first: number): Promise<TiffImage[]> => {
    const images: TiffImage[] = [];
    for (let offset = first; offset !== 0 && !seen.has(offset) && seen.size < MOST_IMAGES;) {
      seen.add(offset);
      const { fields, next } = await readDirectory(source, form, offset);
      const below: TiffImage[] = [];
      for (const start of Array.from(fields.get(TAG.subImages) ?? [])) append(below, await chain(start));
      images.push(imageOf(fields, below));
      offset = next;
    }
    return images;
  };
  return chain(form.big ? Number(head.getBigUint64(8, littleEndian)) : head.getUint32(4, littleEndian));
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

async function readDirectory(source: Source, form: Form, offset: number): Promise<{ fields: Fields; next: number }> {
  const { littleEndian, big } = form;
  const [countBytes, entryBytes, offsetBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const whole = (view: DataView, at: number) =>
    big ? Number(view.getBigUint64(at, littleEndian)) : view.getUint32(at, littleEndian);
  const start = viewOf(await readExactly(source, offset, countBytes));
  const entries = big ? Number(start.getBigUint64(0, littleEndian)) : start.getUint16(0, littleEndian);
  const view = viewOf(await readExactly(source, offset + countBytes, entries * entryBytes + offsetBytes));
  const fields = new Map<number, ArrayLike<number>>();
  for (let at = 0; at < entries * entryBytes; at += entryBytes) {
    const [tag, type] = [view.getUint16(at, littleEndian), view.getUint16(at + 2, littleEndian)];
    const size = TYPE_BYTES[type];
    if (!KNOWN.has(tag) || size === undefined) continue;
    const count = whole(view, at + 4);
    const valueAt = at + 4 + offsetBytes;
    // Values that fit stand in the entry itself.
    const bytes =
      count * size <= offsetBytes
        ? new Uint8Array(view.buffer, view.byteOffset + valueAt, count * size)
        : await readExactly(source, whole(view, valueAt), count * size);
    fields.set(tag, valuesOf(viewOf(bytes), type === RATIONAL ? 4 : size, littleEndian));
  }
  return { fields, next: whole(view, entries * entryBytes) };
}

/** Whole numbers of so many bytes each. */
function valuesOf(view: DataView, bytes: number, littleEndian: boolean): ArrayLike<number> {
  const read = (at: number) => {
    switch (bytes) {
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
  return Float64Array.from({ length: view.byteLength / bytes }, (_, i) => read(i * bytes));
}

const text = (values: ArrayLike<number> = []) => new TextDecoder().decode(Uint8Array.from(values)).replace(/\0+$/, '');

function imageOf(fields: Fields, subImages: readonly TiffImage[]): TiffImage {
  const numbers = (tag: number): ArrayLike<number> => fields.get(tag) ?? [];
  const number = (tag: number, otherwise: number) => (numbers(tag).length > 0 ? numbers(tag)[0] : otherwise);
  const [width, height] = [number(TAG.width, 0), number(TAG.height, 0)];
  const tiled = fields.has(TAG.tileOffsets);
  const tables = fields.get(TAG.jpegTables);
  return {
    width,
    height,
    tiled,
    tileWidth: tiled ? number(TAG.tileWidth, 0) : width,
    tileHeight: tiled ? number(TAG.tileHeight, 0) : Math.min(height, number(TAG.rowsPerStrip, height)),
    offsets: numbers(tiled ? TAG.tileOffsets : TAG.stripOffsets),
    byteCounts: numbers(tiled ? TAG.tileByteCounts : TAG.stripByteCounts),
    compression: number(TAG.compression, 1),
    photometric: number(TAG.photometric, -1),
    bits: Array.from(numbers(TAG.bits)),
    samples: number(TAG.samples, 1),
    separatePlanes: number(TAG.planar, 1) === 2,
    predictor: number(TAG.predictor, 1),
    jpegTables: tables && Uint8Array.from(tables),
    description: text(fields.get(TAG.description)),
    micrometres: micrometresOf(numbers(TAG.xResolution), number(TAG.resolutionUnit, 2)),
    subImages,
    maker: { software: text(fields.get(TAG.software)), xmp: text(fields.get(TAG.xmp)), ndpi: fields.has(TAG.ndpi) },
  };
}

/** Micrometres a pixel from pixels an inch (unit 2) or a centimetre (unit 3). */
function micrometresOf({ 0: numerator = 0, 1: denominator = 0 }: ArrayLike<number>, unit: number): number | undefined {
  const micrometres = unit === 2 ? 25_400 : unit === 3 ? 10_000 : NaN;
  const size = (micrometres * denominator) / numerator;
  return Number.isFinite(size) && size > 0 ? size : undefined;
}
