import { constant, conv2d, exportModel, input, relu, type Value } from 'onnx-autodiff';
import { key, normal } from '../random/counter.js';

/** The encoder's description in YAML; it goes beside the model. */
export const SMALL_ENCODER_YAML = `name: small random encoder
mean: [0.5, 0.5, 0.5]
std: [0.25, 0.25, 0.25]
pooling: mean
`;

/**
 * An image encoder to try things with: two convolutions with random weights, images of any number `[n, 3, size, size]` to maps
 * `[n, width, size / 8, size / 8]`. Its features tell colours and coarse textures apart, and mean nothing.
 */
export function smallEncoder({ size = 64, width = 32, seed = 1 } = {}): Uint8Array {
  const image = input('image', [1, 3, size, size]);
  const edges = relu(conv2d(image, randomKernel(seed, 'edges', [16, 3, 8, 8]), undefined, { stride: 8 }));
  const maps = relu(conv2d(edges, randomKernel(seed, 'mixture', [width, 16, 1, 1])));
  return exportModel({ maps }, {}, { doc: 'Random weights: for trying things only', freeAxes: { image: ['n'] } });
}

function randomKernel(seed: number, name: string, shape: readonly [number, number, number, number]): Value {
  const [out, ...inner] = shape;
  const fanIn = inner.reduce((a, b) => a * b, 1);
  const stream = key(seed, 'small encoder', name);
  return constant(
    Float32Array.from({ length: out * fanIn }, (_, i) => normal(stream, i) / Math.sqrt(fanIn)),
    shape,
  );
}
