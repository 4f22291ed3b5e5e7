import { createRequire } from 'node:module';
import sharp from 'sharp';
import type { Picture } from './slide.js';

/** A picture that has no two tiles alike: slow waves of colour, dots and lines, like a section seen from afar. */
export function madePicture(width: number, height: number): Picture {
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = Math.sin(x / 37) + Math.cos(y / 29);
      const dot = (x * 7 + y * 13) % 31 === 0 ? -60 : 0;
      pixels.set(
        [200 + 20 * wave + dot, 120 + 40 * wave, 170 + 25 * Math.sin((x + y) / 51)].map(Math.round),
        3 * (y * width + x),
      );
    }
  }
  return { width, height, pixels };
}

export const sharpOf = ({ width, height, pixels }: Picture) => sharp(pixels, { raw: { width, height, channels: 3 } });

/** A tile of a picture; what lies beyond its end is grey. */
export function tileOf({ width, height, pixels }: Picture, left: number, top: number, size: number): Uint8Array {
  const tile = new Uint8Array(3 * size * size).fill(128);
  for (let y = top; y < Math.min(top + size, height); y++) {
    const from = 3 * (y * width + left);
    tile.set(pixels.subarray(from, from + 3 * Math.min(size, width - left)), 3 * (y - top) * size);
  }
  return tile;
}

/** Every second pixel. */
export function halved({ width, height, pixels }: Picture): Picture {
  const [w, h] = [Math.floor(width / 2), Math.floor(height / 2)];
  return {
    width: w,
    height: h,
    pixels: Uint8Array.from(
      { length: 3 * w * h },
      (_, i) => pixels[3 * (2 * Math.floor(i / (3 * w)) * width + 2 * (Math.floor(i / 3) % w)) + (i % 3)],
    ),
  };
}

/** A tag: its number, its field type, its values or text. */
export type Tag = readonly [
  tag: number,
  type: 'byte' | 'ascii' | 'short' | 'long' | 'rational' | 'undefined',
  values: readonly number[] | string | Uint8Array,
];

export interface MadeImage {
  readonly tags: readonly Tag[];
  /** Encoded tiles; their offsets and sizes are added as tags. */
  readonly tiles: readonly Uint8Array[];
  readonly subImages?: readonly MadeImage[];
}

const TYPES = {
  byte: [1, 1],
  ascii: [2, 1],
  short: [3, 2],
  long: [4, 4],
  rational: [5, 4],
  undefined: [7, 1],
} as const;

/** Writes a TIFF file tag by tag, in either byte order, classic or BigTIFF, with sub-images. */
export function madeTiff(images: readonly MadeImage[], { littleEndian = true, big = false } = {}): Buffer {
  const parts: Uint8Array[] = [];
  let end = big ? 16 : 8;
  const add = (bytes: Uint8Array) => {
    const at = end;
    parts.push(bytes);
    end += bytes.length;
    return at;
  };
  const number = (value: number, size: number): Uint8Array => {
    const view = new DataView(new ArrayBuffer(size));
    if (size === 1) view.setUint8(0, value);
    else if (size === 2) view.setUint16(0, value, littleEndian);
    else if (size === 4) view.setUint32(0, value, littleEndian);
    else view.setBigUint64(0, BigInt(value), littleEndian);
    return new Uint8Array(view.buffer);
  };
  const offsetSize = big ? 8 : 4;
  /** Writes a directory and what it needs; where its own place in the file goes, it tells `link`. */
  const directory = ({ tags, tiles, subImages = [] }: MadeImage, next: number): number => {
    const offsets = tiles.map((tile) => add(tile));
    const below = subImages.map((image) => directory(image, 0));
    const all: Tag[] = [...tags, [324, 'long', offsets], [325, 'long', tiles.map((tile) => tile.length)]];
    if (below.length > 0) all.push([330, 'long', below]);
    const entries = all
      .sort(([a], [b]) => a - b)
      .map(([tag, type, values]) => {
        const [code, size] = TYPES[type];
        const numbers = typeof values === 'string' ? [...Buffer.from(`${values}\0`)] : Array.from(values);
        const bytes = Buffer.concat(numbers.map((value) => number(value, size)));
        const count = type === 'rational' ? numbers.length / 2 : numbers.length;
        const value =
          bytes.length <= offsetSize
            ? Buffer.concat([bytes, Buffer.alloc(offsetSize - bytes.length)])
            : number(add(bytes), offsetSize);
        return Buffer.concat([number(tag, 2), number(code, 2), number(count, offsetSize), value]);
      });
    return add(Buffer.concat([number(entries.length, big ? 8 : 2), ...entries, number(next, offsetSize)]));
  };
  // From the last to the first, so that each knows where the next one is.
  let first = 0;
  for (const image of [...images].reverse()) first = directory(image, first);
  const order = Buffer.from(littleEndian ? 'II' : 'MM');
  const head = big
    ? [order, number(43, 2), number(8, 2), number(0, 2), number(first, 8)]
    : [order, number(42, 2), number(first, 4)];
  return Buffer.concat([...head, ...parts]);
}

/** Tags of an 8-bit RGB image in square tiles. */
export function rgbTags(
  { width, height }: Picture,
  tile: number,
  compression: number,
  { photometric = 2, planar = 1 } = {},
): Tag[] {
  return [
    [256, 'long', [width]],
    [257, 'long', [height]],
    [258, 'short', [8, 8, 8]],
    [259, 'short', [compression]],
    [262, 'short', [photometric]],
    [277, 'short', [3]],
    [284, 'short', [planar]],
    [322, 'long', [tile]],
    [323, 'long', [tile]],
  ];
}

/** All tiles of a picture, each through `encode`. */
export async function encodedTiles(
  picture: Picture,
  size: number,
  encode: (tile: Uint8Array) => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array[]> {
  const tiles: Uint8Array[] = [];
  for (let y = 0; y < picture.height; y += size) {
    for (let x = 0; x < picture.width; x += size) tiles.push(await encode(tileOf(picture, x, y, size)));
  }
  return tiles;
}

/** A JPEG in two: its tables, which TIFF keeps once, and the rest. */
export function splitJpeg(jpeg: Uint8Array): { tables: Uint8Array; rest: Uint8Array } {
  const [tables, rest]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 2;
  while (jpeg[at + 1] !== 0xda) {
    const end = at + 2 + 256 * jpeg[at + 2] + jpeg[at + 3];
    (jpeg[at + 1] === 0xdb || jpeg[at + 1] === 0xc4 ? tables : rest).push(jpeg.subarray(at, end));
    at = end;
  }
  const [start, stop] = [Uint8Array.of(0xff, 0xd8), Uint8Array.of(0xff, 0xd9)];
  return { tables: Buffer.concat([start, ...tables, stop]), rest: Buffer.concat([start, ...rest, jpeg.subarray(at)]) };
}

interface Encoder {
  getDecodedBuffer(frame: {
    width: number;
    height: number;
    bitsPerSample: number;
    componentCount: number;
    isSigned: boolean;
  }): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  setQuality(lossless: boolean, quality: number): void;
  delete(): void;
}

const load = createRequire(import.meta.url)('@cornerstonejs/codec-openjpeg/wasmjs') as (
  settings: object,
) => Promise<{ J2KEncoder: new () => Encoder }>;
let openJpeg: ReturnType<typeof load> | undefined;

/** A lossless JPEG 2000 codestream of a square tile. */
export async function jpeg2000(tile: Uint8Array): Promise<Uint8Array> {
  const { J2KEncoder } = await (openJpeg ??= load({ print: () => undefined, printErr: () => undefined }));
  const encoder = new J2KEncoder();
  const size = Math.sqrt(tile.length / 3);
  encoder
    .getDecodedBuffer({ width: size, height: size, bitsPerSample: 8, componentCount: 3, isSigned: false })
    .set(tile);
  encoder.setQuality(true, 0);
  encoder.encode();
  const bytes = Uint8Array.from(encoder.getEncodedBuffer());
  encoder.delete();
  return bytes;
}
