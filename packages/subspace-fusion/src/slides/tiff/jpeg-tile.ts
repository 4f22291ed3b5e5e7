import { joinBytes } from '../../files/source.js';
import { latin1 } from '../../files/text.js';

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP0 = 0xe0;
const APP14 = 0xee;
/** Frames of all kinds of coding lie between these, with three other markers among them. */
const FIRST_FRAME = 0xc0;
const LAST_FRAME = 0xcf;
const NO_FRAMES = [0xc4, 0xc8, 0xcc];

/** How the three components of a JPEG are to be understood. */
export type JpegColours = 'RGB' | 'YCbCr';

/** A marker segment of a JPEG, its marker and its length with it. */
interface Segment {
  readonly marker: number;
  readonly bytes: Uint8Array;
}

/** The marker segments of a JPEG up to its first scan, and where they end. */
function segmentsOf(jpeg: Uint8Array): { segments: Segment[]; end: number } {
  const segments: Segment[] = [];
  let at = jpeg[0] === 0xff && jpeg[1] === SOI ? 2 : 0;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1];
    if (marker === SOS || marker === EOI) break;
    const end = at + 2 + ((jpeg[at + 2] << 8) | jpeg[at + 3]);
    segments.push({ marker, bytes: jpeg.subarray(at, end) });
    at = end;
  }
  return { segments, end: at };
}

/** What a JPEG says itself of its three components; undefined where it says nothing. */
export function statedColours(jpeg: Uint8Array): JpegColours | undefined {
  let adobe: JpegColours | undefined;
  let ids: JpegColours | undefined;
  for (const { marker, bytes } of segmentsOf(jpeg).segments) {
    // JFIF knows gray and YCbCr alone (ITU-T T.871, 10.1).
    if (marker === APP0 && latin1(bytes.subarray(4, 8)) === 'JFIF') return 'YCbCr';
    if (marker === APP14 && latin1(bytes.subarray(4, 9)) === 'Adobe') adobe = bytes[15] === 0 ? 'RGB' : 'YCbCr';
    if (marker >= FIRST_FRAME && marker <= LAST_FRAME && !NO_FRAMES.includes(marker)) {
      const components = Array.from({ length: 3 }, (_, i) => ({ id: bytes[10 + 3 * i], sampling: bytes[11 + 3 * i] }));
      // Only colour without brightness is stored in fewer pixels.
      if (new Set(components.map(({ sampling }) => sampling)).size > 1) return 'YCbCr';
      if (components.every(({ id }, i) => id === 'RGB'.charCodeAt(i))) ids = 'RGB';
    }
  }
  return adobe ?? ids;
}

/** An Adobe marker segment, which says whether the components were transformed to YCbCr (ITU-T T.872, 6.5.3). */
const adobe = (colours: JpegColours) =>
  Uint8Array.of(0xff, APP14, 0, 14, ...ADOBE, 0, 100, 0, 0, 0, 0, colours === 'YCbCr' ? 1 : 0);
const ADOBE = new TextEncoder().encode('Adobe');

/** Marker segments without those that say how to understand the colours. */
const withoutColours = (segments: readonly Segment[]) =>
  segments.filter(({ marker }) => marker !== APP0 && marker !== APP14).map(({ bytes }) => bytes);

/**
 * A JPEG that stands alone, from a tile of a TIFF file and the tables that its tiles share (TIFF Technical Note 2).
 * @param colours What the file says of the colours; what the tile says itself comes first. Aperio's tiles are RGB and say nothing.
 */
export function standaloneJpeg(tile: Uint8Array, tables: Uint8Array | undefined, colours: JpegColours): Uint8Array {
  const { segments, end } = segmentsOf(tile);
  const shared = tables ? segmentsOf(tables).segments : [];
  return joinBytes([
    Uint8Array.of(0xff, SOI),
    adobe(statedColours(tile) ?? colours),
    ...withoutColours(shared),
    ...withoutColours(segments),
    tile.subarray(end),
  ]);
}
