import { describe, expect, it } from 'vitest';
import { drawFeatures, featureModel } from './bags.js';
import { SITES } from './latents.js';
import { APPEARANCES } from './slide.js';

const WIDTH = 256;
const model = featureModel(1, WIDTH);
const appearances = Uint8Array.from({ length: 90 }, (_, i) => i % APPEARANCES);

describe('patch features', () => {
  it('are nearest to the prototype of their own appearance, at every site', () => {
    for (let site = 0; site < SITES; site++) {
      const features = drawFeatures(model, 5 + site, appearances, site);
      const distance = (patch: number, appearance: number) => {
        let sum = 0;
        for (let j = 0; j < WIDTH; j++) {
          sum +=
            (features[patch * WIDTH + j] - model.prototypes[appearance * WIDTH + j] - model.stains[site * WIDTH + j]) **
            2;
        }
        return sum;
      };
      appearances.forEach((own, patch) => {
        const distances = Array.from({ length: APPEARANCES }, (_, appearance) => distance(patch, appearance));
        expect(distances.indexOf(Math.min(...distances))).toBe(own);
        expect(distances[own] / WIDTH).toBeCloseTo(1, 0); // noise of variance 1
      });
    }
  });

  it('are finite and change with the stream only by their noise', () => {
    const [one, other] = [drawFeatures(model, 1, appearances, 0), drawFeatures(model, 2, appearances, 0)];
    const difference = one.map((value, i) => value - other[i]);
    const variance = difference.reduce((sum, d) => sum + d * d, 0) / difference.length;
    expect(variance).toBeGreaterThan(1.9);
    expect(variance).toBeLessThan(2.1);
  });
});
