import { badInput, type InputError } from './errors.js';
import type { Source } from './source.js';

/** A file whose parts lie where it says itself, and which may say anything. */
export interface Bytes {
  readonly file: string;
  readonly size: number;
  /** Bytes at…at + length − 1, in memory of their own. Throws {@link InputError} where they are not in the file. */
  readonly read: (at: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;
  /** The error that says what is wrong with this file. */
  readonly wrong: (message: string, remedy?: string) => InputError;
}

/** Throws {@link InputError} for a file without a single byte. */
export function requireContent({ name, size }: Source): void {
  if (size === 0) throw badInput({ file: name, message: 'the file is empty', remedy: 'Write it again' });
}

/**
 * A source, read with care: no place and length that the file itself states can make it take more memory than the file is long.
 * @throws {InputError} for an empty file.
 */
export function bytesOf(source: Source): Bytes {
  requireContent(source);
  const { name: file, size } = source;
  const wrong = (message: string, remedy = 'Copy or extract it again') => badInput({ file, message, remedy });
  return {
    file,
    size,
    async read(at, length) {
      if (!(at >= 0 && length >= 0 && at + length <= size))
        throw wrong(`the file is cut short: ${size} bytes, ${at + length} are needed`);
      const bytes = await source.read(at, length);
      if (bytes.length < length) throw wrong('the file became shorter while it was read');
      return bytes.byteOffset === 0 ? bytes : bytes.slice();
    },
    wrong,
  };
}

/** No tensor of a model or a slide has more axes; one that claims more only takes time at every number. */
export const MOST_AXES = 8;

/** Types of the numbers in feature files; all little-endian. */
const SIZES = { f16: 2, bf16: 2, f32: 4, f64: 8, i8: 1, u8: 1, i16: 2, i32: 4, i64: 8 } as const;
export type ElementType = keyof typeof SIZES;

/** Bytes of one number. */
export const sizeOf = (type: ElementType): number => SIZES[type];

/** Whether features may be of this type. */
export const isFloat = (type: ElementType): boolean => type.includes('f');

/** Value of a float16 (IEEE 754 binary16): sign, 5 bits of exponent, 10 of fraction. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (exponent === 0 ? 2 ** -24 * fraction : 2 ** (exponent - 25) * (1024 + fraction));
}

/** All 65,536 float16 values, made when the first file needs them. */
let halfValues: Float32Array | undefined;

/** The numbers whose float16 bits are given; exact, as float32 has every one of them. */
export function widenHalves(halves: Uint16Array): Float32Array {
  halfValues ??= Float32Array.from({ length: 65536 }, (_, bits) => halfValue(bits));
  const table = halfValues;
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = table[halves[i]];
  return values;
}

/** A bfloat16 is the upper half of a float32. */
function widenBrains(brains: Uint16Array): Float32Array {
  const bits = new Uint32Array(brains.length);
  for (let i = 0; i < brains.length; i++) bits[i] = brains[i] << 16;
  return new Float32Array(bits.buffer);
}

/** The numbers in `bytes`, which start at the start of their buffer. Float16 and bfloat16 are widened to float32. */
export function numbersOf({ buffer, byteLength }: Uint8Array, type: ElementType): ArrayLike<number> | BigInt64Array {
  const length = byteLength / SIZES[type];
  switch (type) {
    case 'f16':
      return widenHalves(new Uint16Array(buffer, 0, length));
    case 'bf16':
      return widenBrains(new Uint16Array(buffer, 0, length));
    case 'f32':
      return new Float32Array(buffer, 0, length);
    case 'f64':
      return new Float64Array(buffer, 0, length);
    case 'i8':
      return new Int8Array(buffer, 0, length);
    case 'u8':
      return new Uint8Array(buffer, 0, length);
    case 'i16':
      return new Int16Array(buffer, 0, length);
    case 'i32':
      return new Int32Array(buffer, 0, length);
    case 'i64':
      return new BigInt64Array(buffer, 0, length);
  }
}

/** {@link numbersOf} as float32; float64 is rounded. */
export function floatsOf(bytes: Uint8Array, type: ElementType): Float32Array {
  const numbers = numbersOf(bytes, type);
  return numbers instanceof Float32Array ? numbers : Float32Array.from(numbers as ArrayLike<number>);
}
