/** What the two codecs give, that of Node (`node.ts`) and that of a browser (`web.ts`). */

/** A picture that was decoded: 8-bit RGB, `[height, width, 3]`. What was transparent is white. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What a PNG or JPEG says of itself before its pixels. */
export interface ImageInfo {
  readonly width: number;
  readonly height: number;
  /** Fewer than three for grey. */
  readonly channels: number;
  /** Dots an inch; undefined where it says none. */
  readonly density?: number | undefined;
  readonly format: string;
}

/** The code `Z_…` of an error that a codec throws for compressed data that are damaged or cut short; undefined for any other error. */
export function damageCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('Z_') ? code : undefined;
}
