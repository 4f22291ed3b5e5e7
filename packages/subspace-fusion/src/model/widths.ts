/** Widths of the network, docs/method.md section 2. Everything else about its size follows from the bag and the gene sets. */

/** Width of every stream, `v`, `P`, `F` and `z`. */
export const WIDTH = 128;
/** Widths inside the gene encoder. */
export const GENE_WIDTHS = [64, 48, 32, WIDTH] as const;
/** Attention heads, which are also the offset groups. */
export const GROUPS = 8;
/** Channels of P̂ and F̂ that a group reads. */
export const GROUP_WIDTH = WIDTH / GROUPS;
/** Width of a head's queries, keys and values. */
export const HEAD_WIDTH = 64;
/** Hidden units of the position-bias MLP. */
export const BIAS_WIDTH = 32;
/** The convolution that places the keys: 6×6, stride 4, padding 1. */
export const OFFSET_KERNEL = { size: 6, stride: 4, padding: 1 } as const;
/** Largest offset of a key from its cell of the key grid, in key cells. */
export const OFFSET_RANGE = 4;

/** Side s of the square grid of a bag of N = s² tokens. @throws RangeError where N is not a square of at least 36. */
export function gridSide(tokens: number): number {
  const s = Math.round(Math.sqrt(tokens));
  if (s * s !== tokens || s < 6)
    throw new RangeError(`a bag of ${tokens} tokens does not work: take a square number from 36 up`);
  return s;
}

/** Side k of the grid of keys over a bag's grid of side s: ⌊(s + 2 − 6)/4⌋ + 1. */
export function keySide(s: number): number {
  const { size, stride, padding } = OFFSET_KERNEL;
  return Math.floor((s + 2 * padding - size) / stride) + 1;
}
