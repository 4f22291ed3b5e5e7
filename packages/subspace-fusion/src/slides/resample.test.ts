import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { resample } from './patches.js';
import { blank, paste, type Picture, type Slide } from './slide.js';
import { thumbnailOf } from './thumbnail.js';

const { resized } = JSON.parse(readFileSync(new URL('./testdata/pytorch.json', import.meta.url), 'utf8')) as {
  resized: Record<string, number[]>;
};

const picture: Picture = {
  width: 13,
  height: 11,
  pixels: Uint8Array.from({ length: 3 * 13 * 11 }, (_, i) => (37 * i + ((i * i) % 101)) % 256),
};

test('resampling agrees with PyTorch’s antialiased interpolation within the rounding of the step in between', () => {
  for (const [size, expected] of Object.entries(resized)) {
    const [height, width] = size.split(' x ').map(Number) as [number, number];
    const { pixels } = resample(picture, width, height);
    expect(pixels).toHaveLength(expected.length);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - pixels[i])))).toBeLessThan(1.01);
  }
});

test('a flat picture stays flat, and one of the same size is not touched', () => {
  const flat = { width: 20, height: 20, pixels: new Uint8Array(1200).fill(77) };
  expect(new Set(resample(flat, 9, 31).pixels)).toEqual(new Set([77]));
  expect(resample(picture, 13, 11)).toBe(picture);
});

/** A slide of this picture and smaller levels of one colour each, so that it shows which level was read. */
function slideOf(base: Picture, downsamples: readonly number[]): Slide {
  const levels = downsamples.map((downsample) => ({
    width: Math.floor(base.width / downsample),
    height: Math.floor(base.height / downsample),
    downsample,
  }));
  return {
    format: 'made',
    levels,
    read(level, { x, y, width, height }) {
      const out = blank(width, height);
      if (level === 0) paste(out, base, -x, -y);
      else out.pixels.fill(10 * level);
      return Promise.resolve(out);
    },
    close: () => Promise.resolve(),
  };
}

test('a thumbnail is made of means, also where it is read in several blocks', async () => {
  const base: Picture = {
    width: 2600,
    height: 1300,
    pixels: Uint8Array.from({ length: 3 * 2600 * 1300 }, (_, i) => (Math.floor(i / 3) % 2600 < 1300 ? i % 2 : 200)),
  };
  const { width, height, downsample, pixels } = await thumbnailOf(slideOf(base, [1]), 1300);
  expect([width, height, downsample]).toEqual([1300, 650, 2]);
  expect([...pixels.subarray(0, 3)]).toEqual([1, 1, 1]); // of 0, 1, 0, 1, … two by two: 0.5, rounded up
  expect([...pixels.subarray(3 * 1299)].slice(0, 3)).toEqual([200, 200, 200]);
  expect([...pixels.subarray(pixels.length - 3)]).toEqual([200, 200, 200]);
});

test('a thumbnail comes from the coarsest level that is fine enough', async () => {
  const { width, downsample, pixels } = await thumbnailOf(slideOf(blank(4096, 2048), [1, 4, 16]), 512);
  expect([width, downsample, pixels[0]]).toEqual([512, 8, 10]); // level 1, halved
});
