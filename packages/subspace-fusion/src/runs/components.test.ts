import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Patient } from '../cohort/types.js';
import { encodeSafetensors } from '../files/safetensors.js';
import { key, normal } from '../random/counter.js';
import { networkFeatures } from './components.js';
import { learnComponents } from './learn-components.js';

const folder = mkdtempSync(join(tmpdir(), 'components-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const WIDTH = 5;
/** A patient with slides of so many tokens, whose features lie along (3, 4, 0, 0, 0)/5 around (7, 7, 7, 7, 7), with little noise. */
function patient(id: string, slides: readonly number[], centre = 0): Patient {
  const bags = slides.map((tokens, s) => {
    const stream = key(1, id, s);
    const features = new Float32Array(tokens * WIDTH);
    for (let t = 0; t < tokens; t++) {
      const along = centre + 2 * normal(stream, 100 * t);
      for (let j = 0; j < WIDTH; j++)
        features[t * WIDTH + j] = 7 + along * [0.6, 0.8, 0, 0, 0][j] + 0.1 * normal(stream, 100 * t + j + 1);
    }
    const path = join(folder, `${id}-${s}.safetensors`);
    writeFileSync(path, encodeSafetensors([['features', { shape: [tokens, WIDTH], data: features }]], {}));
    return { slide: `${id}-${s}`, path };
  });
  return { id, clinical: {}, bags };
}
const asked = (count: number) => ({ count, width: WIDTH, folder });
const size = { patchWidth: 2, genes: { tumour: 1, microenvironment: 1 }, classes: 2 };

test('components find the direction that the tokens lie along, and keep distances up to one factor', async () => {
  const components = await learnComponents([patient('a', [200]), patient('b', [150, 50])], asked(2));
  // of the slide of 150 tokens 128 are taken: 256 of a patient, in equal parts of both slides
  expect(components).toMatchObject({ patients: 2, tokens: 378, width: WIDTH });
  expect(components.deviations[0]).toBeGreaterThan(1.7);
  expect(components.deviations[1]).toBeLessThan(0.15);
  expect(components.explained).toBeGreaterThan(0.98);
  const at = (x: number[]) => networkFeatures(Float32Array.from(x), { size, components });
  const step = (x: number[]) => at(x.map((v) => v + 7)).map((v, k) => v - at([7, 7, 7, 7, 7])[k]);
  expect(step([0.6, 0.8, 0, 0, 0])[0] / components.scale).toBeCloseTo(1, 2);
  expect(Math.abs(step([0, 0, 1, 0, 0])[0])).toBeLessThan(0.05);
  // mean of the variances of the scaled components is 1
  const variance = components.deviations.reduce((sum, s) => sum + (s * components.scale) ** 2, 0) / 2;
  expect(variance).toBeCloseTo(1, 10);
});

test('each patient weighs the same, whatever number of tokens they have', async () => {
  const [small, large] = [patient('few', [20], -5), patient('many', [200], 5)];
  const components = await learnComponents([small, large], asked(1));
  // the mean of all lies half way between both patients' means: its projection is near 0 for the mid point
  const [y] = networkFeatures(Float32Array.of(7, 7, 7, 7, 7), { size, components });
  expect(Math.abs(y) / components.scale).toBeLessThan(0.6);
});

test('they are the same bits on every call, and refused where there are too many', async () => {
  const training = [patient('c', [30]), patient('d', [30])];
  expect(await learnComponents(training, asked(3))).toEqual(await learnComponents(training, asked(3)));
  await expect(learnComponents(training, asked(6))).rejects.toThrow(/features are 5 wide, .* asks for 6/);
  await expect(learnComponents([patient('e', [2])], asked(2))).rejects.toThrow(/have 2 tokens, too few for 2/);
});
