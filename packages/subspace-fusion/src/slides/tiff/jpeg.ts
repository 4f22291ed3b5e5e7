import { joinBytes } from '../../files/source.js';

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP14 = 0xee;

/** How the three components of a JPEG are to be understood. */
export type JpegColours = 'RGB' | 'YCbCr';

/** An Adobe marker segment, which says whether the components were transformed to YCbCr (ITU-T T.872, 6.5.3). */
const adobe = (colours: JpegColours) =>
  Uint8Array.of(0xff, APP14, 0, 14, ...ADOBE, 0, 100, 0, 0, 0, 0, colours === 'YCbCr' ? 1 : 0);
const ADOBE = new TextEncoder().encode('Adobe');

/** Marker segments of a JPEG stream up to the first scan, without markers that say how to understand the colours; and where they end. */
function tableSegments(jpeg: Uint8Array): { segments: Uint8Array[]; end: number } {
  const segments: Uint8Array[] = [];
  let at = jpeg[0] === 0xff && jpeg[1] === SOI ? 2 : 0;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1];
    if (marker === SOS || marker === EOI) break;
    const end = at + 2 + ((jpeg[at + 2] << 8) | jpeg[at + 3]);
    if (marker !== APP0 && marker !== APP14) segments.push(jpeg.subarray(at, end));
    at = end;
  }
  return { segments, end: at };
}

/**
 * A JPEG that stands alone, from a tile of a TIFF file and the tables that its tiles share (TIFF Technical Note 2). What the file
 * says of the colours goes with it: Aperio's tiles are RGB and do not say so.
 */
export function standaloneJpeg(tile: Uint8Array, tables: Uint8Array | undefined, colours: JpegColours): Uint8Array {
  const { segments, end } = tableSegments(tile);
  const shared = tables ? tableSegments(tables).segments : [];
  return joinBytes([Uint8Array.of(0xff, SOI), adobe(colours), ...shared, ...segments, tile.subarray(end)]);
}
