import { z } from 'zod';
import type { Stored } from '../files/json.js';
import type { NetworkSize } from '../model/layers.js';
import { count, numbers } from './values.js';

const packed = z.base64();

/** The part of `model.json` that says how the features of a file become those of the network. */
export const componentsPart = z.object({
  width: count.describe('Width of the features in the files'),
  patients: count.describe('Training patients whose tokens they were learned on, each weighing the same'),
  tokens: count.describe('Tokens of them that were looked at'),
  mean: packed.describe('Mean token `[width]`: float32, little-endian, base64'),
  axes: packed.describe('Directions `[K, width]` of length 1, the same form'),
  deviations: numbers.describe('Standard deviation of the tokens along each direction, before the scale'),
  scale: z
    .number()
    .positive()
    .describe('What all components are multiplied by, so that the mean of their variances is 1'),
  explained: z.number().describe("Part of the tokens' variance that the components hold"),
});

/** Principal components of patch features, learned from the training patients alone. */
export type Components = Stored<typeof componentsPart>;

/** What a model needs to read the features of a file. */
export interface FeatureShape {
  readonly size: NetworkSize;
  readonly components?: Components | undefined;
}

/** Width of the features in the files of a model's slides. */
export const fileWidth = ({ size, components }: FeatureShape): number => components?.width ?? size.patchWidth;

/** Float32 numbers as base64. */
export function packNumbers(values: Float32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function unpackNumbers(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

/** The map from features to components as numbers: `y = W·x − offset`, W `[K, width]`. */
export function projectionOf({ width, mean, axes, scale }: Components): { W: Float32Array; offset: Float32Array } {
  const W = unpackNumbers(axes).map((x) => scale * x);
  const centre = unpackNumbers(mean);
  const offset = Float32Array.from({ length: W.length / width }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < width; j++) sum += W[k * width + j] * centre[j];
    return sum;
  });
  return { W, offset };
}

/** The projections of components, decoded once. */
const known = new WeakMap<Components, ReturnType<typeof projectionOf>>();

/** Features `[n, width]` of a file as the network takes them, `[n, K]`; as they are for a model without components. */
export function networkFeatures(features: Float32Array, { components }: FeatureShape): Float32Array {
  if (!components) return features;
  const { width } = components;
  const projection = known.get(components) ?? projectionOf(components);
  known.set(components, projection);
  const { W, offset } = projection;
  const K = offset.length;
  const n = features.length / width;
  const out = new Float32Array(n * K);
  const even = width - (width % 4);
  for (let i = 0; i < n; i++) {
    const x = i * width;
    for (let k = 0; k < K; k++) {
      const w = k * width;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0; // four sums hide the latency of the additions
      for (let j = 0; j < even; j += 4) {
        a += features[x + j] * W[w + j];
        b += features[x + j + 1] * W[w + j + 1];
        c += features[x + j + 2] * W[w + j + 2];
        d += features[x + j + 3] * W[w + j + 3];
      }
      for (let j = even; j < width; j++) a += features[x + j] * W[w + j];
      out[i * K + k] = a + b + (c + d) - offset[k];
    }
  }
  return out;
}
