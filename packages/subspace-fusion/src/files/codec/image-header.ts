import { latin1 } from '../text.js';
import type { ImageInfo } from './types.js';

/** What an image says of itself, and where its Exif data lie: from one byte to before another. */
export interface ImageHeader extends ImageInfo {
  readonly exif: readonly [start: number, end: number] | undefined;
}

/**
 * What the first bytes of a PNG or JPEG say of it; undefined for any other content. A browser decodes both, but does not say how many
 * channels and dots an inch they have.
 * @throws Error where the header is damaged or cut short.
 */
export function imageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (bytes.length >= 8 && view.getUint32(0) === 0x89504e47) return pngHeader(view);
    if (bytes.length >= 3 && view.getUint16(0) === 0xffd8) return jpegHeader(view);
  } catch (error) {
    if (error instanceof RangeError) throw new Error('its header is cut short', { cause: error });
    throw error;
  }
  return undefined;
}

const name = (view: DataView, at: number) => latin1(new Uint8Array(view.buffer, view.byteOffset + at, 4));

/** Channels by the colour type of a PNG: grey, RGB, palette, grey with opacity, RGB with opacity. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** PNG, sections 11.2.2 (IHDR), 11.3.4.3 (pHYs) and 11.3.4.5 (eXIf) of its third edition. */
function pngHeader(view: DataView): ImageHeader {
  const channels = PNG_CHANNELS[view.getUint8(25)];
  if (name(view, 12) !== 'IHDR' || !(view.getUint8(25) in PNG_CHANNELS)) throw new Error('its header is damaged');
  let density: number | undefined;
  let exif: ImageHeader['exif'];
  // Chunks: length, name, content, checksum.
  for (let at = 8; at + 12 <= view.byteLength && name(view, at + 4) !== 'IDAT';) {
    const end = at + 12 + view.getUint32(at);
    const inMetres = () => view.getUint8(at + 16) === 1;
    if (name(view, at + 4) === 'pHYs' && inMetres()) density = Math.round(view.getUint32(at + 8) * 0.0254);
    if (name(view, at + 4) === 'eXIf') exif = [at, end];
    at = end;
  }
  return { ...size(view.getUint32(16), view.getUint32(20)), channels, density, format: 'png', exif };
}

const START = 0xd8;
const SCAN = 0xda;
const APP0 = 0xe0;
const APP1 = 0xe1;
/** Markers between C0 and CF that start no frame: Huffman tables, an extension, arithmetic conditioning. */
const NO_FRAMES = [0xc4, 0xc8, 0xcc];
/** Dots an inch in the units of JFIF: none, inch, centimetre. Exif has the same, counted from 1. */
const UNITS = [NaN, 1, 2.54];

/** JPEG, sections B.1 and B.2.2 of ITU-T T.81; the density is that of Exif or, without one, of JFIF. */
function jpegHeader(view: DataView): ImageHeader {
  let density: number | undefined;
  let exif: ImageHeader['exif'];
  for (let at = 2; ;) {
    if (view.getUint8(at) !== 0xff) throw new Error('its header is damaged');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff || marker === START) {
      at += marker === START ? 2 : 1; // fill bytes before a marker
      continue;
    }
    if (marker === SCAN) throw new Error('its header is damaged');
    if (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker)) {
      const channels = view.getUint8(at + 9);
      const { width, height } = size(view.getUint16(at + 7), view.getUint16(at + 5));
      return {
        width,
        height,
        channels,
        density: (exif && exifDensity(view, exif[0] + 10)) ?? density,
        format: 'jpeg',
        exif,
      };
    }
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === APP0 && name(view, at + 4) === 'JFIF')
      density = dots(view.getUint16(at + 12) * (UNITS[view.getUint8(at + 11)] ?? NaN));
    if (marker === APP1 && name(view, at + 4) === 'Exif') exif = [at, end];
    at = end;
  }
}

/**
 * Horizontal resolution by the first directory of Exif data, which are a small TIFF from byte `start` on (Exif 2.32, section 4.6);
 * undefined where they have none, or are damaged: a picture can be read without them.
 */
function exifDensity(view: DataView, start: number): number | undefined {
  try {
    return exifResolution(view, start);
  } catch {
    return undefined;
  }
}

function exifResolution(view: DataView, start: number): number | undefined {
  const littleEndian = view.getUint16(start) === 0x4949;
  const first = start + view.getUint32(start + 4, littleEndian);
  let [resolution, unit] = [NaN, 2];
  for (let i = 0; i < view.getUint16(first, littleEndian); i++) {
    const entry = first + 2 + 12 * i;
    const tag = view.getUint16(entry, littleEndian);
    if (tag === 282) {
      const at = start + view.getUint32(entry + 8, littleEndian);
      resolution = view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
    }
    if (tag === 296) unit = view.getUint16(entry + 8, littleEndian);
  }
  return dots(resolution * (UNITS[unit - 1] ?? NaN));
}

/** Whole dots an inch; undefined where they are none. */
const dots = (density: number) => (density > 0 && Number.isFinite(density) ? Math.round(density) : undefined);

function size(width: number, height: number): { width: number; height: number } {
  if (width === 0 || height === 0) throw new Error('its header is damaged');
  return { width, height };
}

/**
 * Width and height of a WebP by its first chunk (RFC 9649, sections 2.5 to 2.7); undefined for any other content, or where that is not whole.
 */
export function webpSize(bytes: Uint8Array): { readonly width: number; readonly height: number } | undefined {
  if (bytes.length < 30) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (name(view, 0) !== 'RIFF' || name(view, 8) !== 'WEBP') return undefined;
  const threeBytes = (at: number) => view.getUint32(at - 1, true) >>> 8;
  const bits = view.getUint32(21, true);
  switch (name(view, 12)) {
    case 'VP8 ':
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'VP8L':
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    case 'VP8X':
      return { width: threeBytes(24) + 1, height: threeBytes(27) + 1 };
    default:
      return undefined;
  }
}
