import type { Kernels } from '../model/kernels/kernels.js';
import { positionBiasExactly } from './exact-bias.js';
import { relativeError } from './fixture.js';
import { drawBias, KINDS, type Draw, type Kind } from './random-draws.js';

/** Largest difference from float64 that is allowed, of the largest value of a tensor: output or gradient, they are rounded to float32 once. */
const TOLERANCE = 1e-6;

/** What became of the draws of one kind. */
export interface KindVerdict {
  readonly kind: Kind;
  readonly draws: number;
  /** The numbers of the draws with a tensor above the tolerance. */
  readonly failed: readonly number[];
  /** The largest error of any tensor, its draw and its name. */
  readonly error: number;
  readonly draw: number;
  readonly tensor: string;
  readonly tolerance: number;
}

/** Computes random position biases by the kernels and compares output and gradients with a float64 reference, pair by pair. */
export async function verifyRandom(kernels: Kernels, draws: number, seed: number): Promise<KindVerdict[]> {
  const verdicts = new Map<Kind, KindVerdict>();
  for (let i = 0; i < draws; i++) {
    const { kind, draw } = drawBias(seed, i);
    const { error, tensor } = await worstOf(kernels, draw);
    const before = verdicts.get(kind) ?? {
      kind,
      draws: 0,
      failed: [],
      error: -1,
      draw: i,
      tensor,
      tolerance: TOLERANCE,
    };
    verdicts.set(kind, {
      ...before,
      draws: before.draws + 1,
      failed: error <= TOLERANCE ? before.failed : [...before.failed, i],
      ...(error > before.error && { error, draw: i, tensor }),
    });
  }
  return KINDS.flatMap((kind) => verdicts.get(kind) ?? []);
}

/** The tensor of a draw with the largest error. */
async function worstOf(kernels: Kernels, { points, grid, weights, upstream }: Draw) {
  const exact = positionBiasExactly(points, grid, weights, upstream);
  const bias = new Float32Array(upstream.length);
  await kernels.bias(points, grid, weights, bias);
  const gradients = await kernels.biasGradients(points, grid, weights, upstream);
  const rule = { rel: TOLERANCE, abs: 0 };
  let worst = { tensor: 'bias', error: relativeError(bias, exact.bias, rule) };
  for (const name of ['points', 'w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const) {
    const error = relativeError(gradients[name], exact.gradients[name], rule);
    if (error > worst.error) worst = { tensor: `gradient of ${name}`, error };
  }
  return worst;
}
