import type { Region } from 'subspace-fusion/browser-slides';
import { expect, test } from 'vitest';
import { readScaled } from './tasks.js';

/** A slide whose red is the column, green the row and blue their sum, by 256; it says how much was read at once. */
function gradient() {
  const largest = { pixels: 0 };
  return {
    largest,
    read(_level: number, { x, y, width, height }: Region) {
      largest.pixels = Math.max(largest.pixels, width * height);
      const pixels = new Uint8Array(3 * width * height);
      for (let i = 0; i < width * height; i++) {
        const [column, row] = [x + (i % width), y + Math.floor(i / width)];
        pixels.set([Math.floor(column / 16), Math.floor(row / 16), 7], 3 * i);
      }
      return Promise.resolve({ width, height, pixels });
    },
  };
}

test('each pixel is the mean of its square, whatever the blocks', async () => {
  const slide = gradient();
  const { pixels } = await readScaled(slide, 0, { x: 0, y: 0, width: 200, height: 100 }, 16);
  const at = (x: number, y: number) => [...pixels.subarray(3 * (y * 200 + x), 3 * (y * 200 + x) + 3)];
  expect(at(0, 0)).toEqual([0, 0, 7]);
  expect(at(199, 99)).toEqual([199, 99, 7]);
  expect(at(63, 64)).toEqual([63, 64, 7]); // on both sides of a block's end
  expect(slide.largest.pixels).toBeLessThanOrEqual(1024 ** 2);
});
