import type { Grid } from '../model/kernels/keys.js';
import { UNITS, type PositionBiasWeights } from '../model/kernels/weights.js';
import { key, uniform } from '../random/counter.js';

/** A position bias at random: what it reads, and an upstream gradient. */
export interface Draw {
  readonly points: Float32Array; // [P, M, 2]
  readonly grid: Grid;
  readonly weights: PositionBiasWeights;
  readonly upstream: Float32Array; // [P, N, M]
}

/** Random numbers of a draw, a stream for each name. */
interface Dice {
  /** Uniform on ±scale. */
  floats(name: string, length: number, scale: number): Float32Array;
  /** Uniform on [from, to). */
  number(name: string, from: number, to: number): number;
}

/** Kinds of draws, by what is hard about them. They take turns. */
export const KINDS = ['as training starts', 'scaled weights', 'far points', 'coincident lines', 'on a kink'] as const;
export type Kind = (typeof KINDS)[number];

/** Pairs of query and key, so that the reference takes well under a second. */
const PAIRS = 30_000;

/** Draw number `i` of a seed. */
export function drawBias(seed: number, i: number): { readonly kind: Kind; readonly draw: Draw } {
  const dice: Dice = {
    floats(name, length, scale) {
      const k = key(seed, 'position bias', i, name);
      return Float32Array.from({ length }, (_, at) => scale * (2 * uniform(k, at) - 1));
    },
    number: (name, from, to) => from + (to - from) * uniform(key(seed, 'position bias', i, name), 0),
  };
  const kind = KINDS[i % KINDS.length];
  // Queries on a kink stand at numbers that float32 has, so that a point can stand there, too.
  const side =
    kind === 'on a kink' ? 2 ** Math.floor(dice.number('side', 3, 7)) + 1 : Math.floor(dice.number('side', 6, 101));
  const groups = side < 20 ? 8 : 1;
  const kvPoints = Math.max(1, Math.min(Math.floor(side / 4) ** 2, Math.floor(PAIRS / (groups * side * side))));
  const n = groups * kvPoints;
  const reach = kind === 'far points' ? 10 ** dice.number('reach', 0.5, 4) : dice.number('reach', 1, 3);
  const points = kind === 'on a kink' ? onQueries(dice, n, side) : dice.floats('points', 2 * n, reach);
  const upstream = dice.floats('upstream', n * side * side, 1);
  return { kind, draw: { points, grid: { side, kvPoints }, weights: weightsOf(kind, dice), upstream } };
}

/** Points at the very places of queries: d = 0 there in one coordinate or both. */
function onQueries(dice: Dice, n: number, side: number): Float32Array {
  const off = dice.floats('off', 2 * n, 1.2);
  return off.map((x, i) => {
    const index = Math.floor(dice.number(`query ${i}`, 0, side));
    const q = (2 * index) / (side - 1) - 1;
    return dice.number(`on ${i}`, 0, 1) < 0.7 ? q : x;
  });
}

function weightsOf(kind: Kind, dice: Dice): PositionBiasWeights {
  const spread = kind === 'as training starts' ? 0 : 2; // powers of ten on either side
  const scale = (layer: string) => 10 ** dice.number(`scale of ${layer}`, -spread, spread);
  const layer = (name: string, rows: number, width: number) => {
    const largest = scale(name) / Math.sqrt(width);
    return [dice.floats(`${name}.weight`, rows * width, largest), dice.floats(`${name}.bias`, rows, largest)] as const;
  };
  let [w1, b1] = layer('first', UNITS, 2);
  const [w2, b2] = layer('second', UNITS, UNITS);
  const [w3, b3] = layer('last', 1, UNITS);
  if (kind === 'coincident lines') {
    // Powers of two of one line, on either side of it: equal but for their length, bit for bit.
    const lengths = Array.from({ length: UNITS }, (_, i) => (i % 2 ? -1 : 1) * 2 ** ((i % 7) - 3));
    [w1, b1] = [w1.map((_, at) => lengths[at >> 1] * w1[at % 2]), b1.map((_, i) => lengths[i] * b1[0])];
  }
  if (kind === 'on a kink') {
    // Three quarters of the units switch exactly at d = 0, in x or in y.
    const tied = (i: number) => i % 4 !== 3;
    [w1, b1] = [
      w1.map((w, at) => (tied(at >> 1) && at % 2 !== (at >> 1) % 2 ? 0 : w)),
      b1.map((b, i) => (tied(i) ? 0 : b)),
    ];
  }
  return { w1, b1, w2, b2, w3, b3 };
}
