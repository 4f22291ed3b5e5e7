import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, inflate as inflateBytes } from 'node:zlib';
import type { OpenJpeg, OpenJpegSettings } from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import type { DecodedImage, ImageInfo } from './types.js';

/** Decompression and pictures as Node has them: zlib, and sharp. web.ts has the same functions for a browser. */

const inflateWithin = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(inflateBytes);

/**
 * Undoes deflate in zlib's form.
 * @throws Error for data that are damaged, or longer than `maxLength` bytes.
 */
export function inflate(bytes: Uint8Array, maxLength: number): Promise<Uint8Array> {
  return inflateWithin(bytes, { maxOutputLength: maxLength });
}

/** Undoes gzip piece by piece. Iterating throws an Error with a code `Z_…` where the data are damaged or cut short. */
export function gunzip(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const plain = createGunzip();
  // What fails is thrown where `plain` is read.
  pipeline(Readable.from(bytes, { objectMode: false }), plain, () => undefined);
  return plain;
}

/**
 * What a PNG or JPEG says of itself; its first bytes are enough.
 * @throws Error for anything else, or where it is damaged.
 */
export async function imageInfo(bytes: Uint8Array): Promise<ImageInfo> {
  const { default: sharp } = await import('sharp'); // when first needed: loading it takes longer than most commands
  return sharp(bytes, { limitInputPixels: false }).metadata();
}

/**
 * Decodes a JPEG, PNG or WebP of at most `mostPixels` pixels.
 * @throws Error for a file that is damaged, or larger.
 */
export async function decodeImage(bytes: Uint8Array, mostPixels: number): Promise<DecodedImage> {
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: mostPixels })
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3) throw new Error(`the image is ${width} × ${height} × ${channels}, not ${width} × ${height} × 3`);
  return { width, height, data };
}

/** A new instance of OpenJPEG. */
export async function loadOpenJpeg(settings: OpenJpegSettings): Promise<OpenJpeg> {
  const { default: load } = await import('@cornerstonejs/codec-openjpeg/decodewasmjs');
  return load(settings);
}
