import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../config/config.js';
import type { Layout } from '../../config/values.js';
import { key, permutation } from '../../random/counter.js';
import type { Bag } from '../types.js';
import { fixBag, spatialOrder } from './bag.js';

/** A bag whose features are the coordinates of its patches. */
function bagOf(places: readonly (readonly [number, number])[]): Bag {
  return {
    patches: places.length,
    width: 2,
    features: Float32Array.from(places.flat()),
    coordinates: Int32Array.from(places.flat()),
  };
}

const square = (side: number) =>
  Array.from({ length: side * side }, (_, i) => [256 * (i % side), 256 * Math.floor(i / side)] as const);

describe('a bag that is laid out by its coordinates', () => {
  test('is the slide itself, where that is a square, in whatever order its patches are listed', () => {
    const places = square(7);
    const shuffled = [...permutation(key(1), 49)].map((i) => places[i]);
    expect(fixBag(bagOf(shuffled), 49, 'spatial').features).toEqual(Float32Array.from(places.flat()));
    expect(fixBag(bagOf(shuffled), 49).features).toEqual(Float32Array.from(shuffled.flat()));
  });

  test('has the tokens that the list has, only elsewhere; coordinates go with them', () => {
    const places = Array.from({ length: 130 }, (_, i) => [(i * 37) % 101, (i * 53) % 89] as const);
    const [raster, spatial] = (['raster', 'spatial'] as Layout[]).map((layout) => fixBag(bagOf(places), 100, layout));
    const sorted = ({ features }: Bag) =>
      Array.from({ length: 100 }, (_, i) => `${features[2 * i]},${features[2 * i + 1]}`).sort();
    expect(sorted(spatial)).toEqual(sorted(raster));
    expect([...(spatial.coordinates ?? [])]).toEqual([...spatial.features]);
  });

  test('keeps copies of a repeated patch side by side', () => {
    const { features } = fixBag(bagOf(square(2)), 16, 'spatial');
    const cells = Array.from({ length: 16 }, (_, i) => `${features[2 * i]},${features[2 * i + 1]}`);
    expect(cells).toEqual([
      ...['0,0', '0,0', '0,0', '0,0'],
      ...['256,0', '256,0', '256,0', '256,0'],
      ...['0,256', '0,256', '0,256', '0,256'],
      ...['256,256', '256,256', '256,256', '256,256'],
    ]);
  });

  test('brings neighbours on the grid nearer to each other on a round section than the list does', () => {
    const disc = square(60).filter(([x, y]) => Math.hypot(x / 256 - 29.5, y / 256 - 29.5) < 28);
    /** Mean distance on the slide, in patches, of cells one above the other. */
    const apart = (layout: Layout) => {
      const { features } = fixBag(bagOf(disc), 900, layout);
      let sum = 0;
      for (let cell = 30; cell < 900; cell++) {
        sum +=
          Math.hypot(
            features[2 * cell] - features[2 * (cell - 30)],
            features[2 * cell + 1] - features[2 * (cell - 30) + 1],
          ) / 256;
      }
      return sum / 870;
    };
    expect(apart('spatial')).toBeLessThan(0.4 * apart('raster'));
  });

  test('needs coordinates', () => {
    const bag = { ...bagOf(square(6)), coordinates: undefined };
    expect(() => fixBag(bag, 36, 'spatial')).toThrow(/no coordinates, which 'features.layout: spatial' needs/);
    expect(fixBag(bag, 36).features).toBe(bag.features);
  });

  test('places tokens of one place in the order of the list', () => {
    expect([...spatialOrder(new Int32Array(32), 16)]).toEqual(Array.from({ length: 16 }, (_, i) => i));
  });
});

test('the config takes one layout or the other', () => {
  const text = (features: string) =>
    `{name: a, clinical: {file: c.csv, time: t, event: e}, expression: {file: e.csv}, features: {folder: bags${features}}}`;
  expect(parseConfig(text(''), 'cohort.yaml').features.layout).toBeUndefined();
  expect(parseConfig(text(', layout: spatial'), 'cohort.yaml').features.layout).toBe('spatial');
  expect(() => parseConfig(text(', layout: round'), 'cohort.yaml')).toThrow(/features.layout/);
});
