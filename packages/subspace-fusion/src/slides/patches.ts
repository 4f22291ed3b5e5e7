import type { Picture, Slide } from './slide.js';

/** For each pixel of the output: where its input starts, and the weights of that pixel and the ones after it. */
interface Taps {
  readonly first: Int32Array;
  readonly weights: readonly Float64Array[];
}

/**
 * Weights of a triangle filter as wide as two pixels of the coarser of both images: bilinear interpolation when enlarging, and
 * without aliasing when reducing, like Pillow's BILINEAR and PyTorch's `interpolate(mode='bilinear', antialias=True)`.
 */
function taps(from: number, to: number): Taps {
  const scale = from / to;
  const support = Math.max(1, scale);
  const first = new Int32Array(to);
  const weights = Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const start = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    first[i] = start;
    const triangle = Float64Array.from({ length: end - start }, (_, k) =>
      Math.max(0, 1 - Math.abs(start + k + 0.5 - centre) / support),
    );
    const sum = triangle.reduce((a, b) => a + b, 0);
    return triangle.map((weight) => weight / sum);
  });
  return { first, weights };
}

/** A picture at another size, columns first and then rows, in whole numbers in between as Pillow does it. */
export function resample(picture: Picture, width: number, height: number): Picture {
  if (picture.width === width && picture.height === height) return picture;
  const narrow = new Uint8ClampedArray(3 * width * picture.height);
  const across = taps(picture.width, width);
  for (let row = 0; row < picture.height; row++)
    filterLine(picture.pixels, 3 * row * picture.width, 3, across, narrow, 3 * row * width, 3);
  const out = new Uint8ClampedArray(3 * width * height);
  const down = taps(picture.height, height);
  for (let column = 0; column < width; column++)
    filterLine(narrow, 3 * column, 3 * width, down, out, 3 * column, 3 * width);
  return { width, height, pixels: new Uint8Array(out.buffer) };
}

/** Filters one row or column of RGB pixels, which lie `step` values apart. */
function filterLine(
  from: ArrayLike<number>,
  start: number,
  step: number,
  taps: Taps,
  to: Uint8ClampedArray,
  toStart: number,
  toStep: number,
): void {
  for (const [i, weights] of taps.weights.entries()) {
    let [red, green, blue] = [0, 0, 0];
    let at = start + taps.first[i] * step;
    for (const weight of weights) {
      red += weight * from[at];
      green += weight * from[at + 1];
      blue += weight * from[at + 2];
      at += step;
    }
    const place = toStart + i * toStep;
    to[place] = red;
    to[place + 1] = green;
    to[place + 2] = blue;
  }
}

/** Patches of one size from one level. */
export interface PatchRequest {
  readonly level: number;
  /** Edge of a patch in pixels of that level. */
  readonly edge: number;
  /** Edge in pixels that it is resampled to. */
  readonly size: number;
  /** Corners in pixels of that level: x, y, `[n, 2]`. */
  readonly corners: Int32Array;
}

/** Patches that are read at a time: enough to keep the decoders busy, few enough to need little memory. */
const AT_A_TIME = 4;

/** Reads patches: RGB, `[n, size, size, 3]`. Throws {@link InputError} where the slide is damaged. */
export async function readPatches(slide: Slide, { level, edge, size, corners }: PatchRequest): Promise<Uint8Array> {
  const patchBytes = 3 * size * size;
  const patches = corners.length / 2;
  const out = new Uint8Array(patches * patchBytes);
  let next = 0;
  const work = async () => {
    for (let i = next++; i < patches; i = next++) {
      const picture = await slide.read(level, { x: corners[2 * i], y: corners[2 * i + 1], width: edge, height: edge });
      out.set(resample(picture, size, size).pixels, i * patchBytes);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return out;
}
