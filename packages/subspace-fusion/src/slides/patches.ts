import { resample } from './resample.js';
import type { Slide } from './slide.js';

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

/** Reads patches: RGB, `[n, size, size, 3]`. Throws {@link UserError} where the slide is damaged. */
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
