import { compile, input, matmul } from 'onnx-autodiff';
import {
  BIAS_WIDTH,
  GROUP_WIDTH,
  GROUPS,
  gridSide,
  HEAD_WIDTH,
  keySide,
  OFFSET_KERNEL,
  WIDTH,
} from '../model/widths.js';
import type { Backend } from '../training/backend.js';

/** Floating-point operations of one sample's training step, both branches. */
export interface Operations {
  /** As the paper writes the network, the position bias evaluated at every pair; the backward pass costs twice the forward pass. */
  readonly asWritten: number;
  /** As it is computed here: reassociated attention, offsets in one convolution, the position bias by sweeps. */
  readonly asComputed: number;
}

/** Operations of the products; what is linear in one tensor (norms, softmax, biases) is left out. A multiplication and an addition are two. */
export function countOperations(tokens: number, patchWidth: number): Operations {
  const N = tokens;
  const s = gridSide(N);
  const M = keySide(s) ** 2;
  const taps = OFFSET_KERNEL.size ** 2;
  const product = (n: number, k: number, m: number) => 2 * n * k * m;

  const projection = product(N, patchWidth, WIDTH);
  const bias =
    GROUPS * (product(N * M, 2, BIAS_WIDTH) + product(N * M, BIAS_WIDTH, BIAS_WIDTH) + product(N * M, BIAS_WIDTH, 1));
  const heads = GROUPS * HEAD_WIDTH;
  const written =
    projection +
    product(N, 2 * WIDTH, WIDTH) +
    GROUPS * product(N + 2 * M, GROUP_WIDTH, HEAD_WIDTH) +
    product(M, taps, heads) +
    2 * product(N, heads, M) +
    product(N, heads, WIDTH) +
    bias;

  // One unit and position of a sweep: z = A·u + C, ReLU, Σ w·z forward; e, P₀, P₁ and the point's gradient backward.
  const sweep = GROUPS * M * N * BIAS_WIDTH * (5 + 10);
  const computed =
    2 * projection + // the patches need no gradient
    3 * product(N, WIDTH, WIDTH) + // fusion: the gene half is one vector
    4 * product(M, GROUP_WIDTH * taps, heads) + // offsets: in `place`, and forward and backward in `learn`
    3 * 2 * product(N, GROUPS * GROUP_WIDTH, M) + // attention, through 16 channels a group
    3 * product(N, WIDTH, WIDTH) +
    sweep;
  return { asWritten: 2 * 3 * written, asComputed: 2 * computed };
}

/** Operations a second of a large matrix product on the backend: the best of several runs. */
export async function matrixProductRate(backend: Backend): Promise<number> {
  const n = 1024;
  const program = await compile({ y: matmul(input('a', [n, n]), input('b', [n, n])) }, backend);
  const feeds = { a: new Float32Array(n * n).fill(0.5), b: new Float32Array(n * n).fill(0.25) };
  let fastest = Infinity;
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    await program.run(feeds);
    fastest = Math.min(fastest, (performance.now() - started) / 1000);
  }
  await program.dispose();
  return (2 * n ** 3) / fastest;
}
