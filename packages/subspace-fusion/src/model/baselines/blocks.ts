import { pivotedCholesky, timesTranspose, type Matrix } from '../../metrics/linear-algebra.js';
import { reduceDesign, type Choice, type ReducedDesign } from './ridge.js';

/** Shares of the first block that are tried. The ends leave a block out, and on a tie the first one wins. */
const SHARES = [1, 0.9, 0.75, 0.5, 0.25, 0.1, 0] as const;

/** A design whose columns were scaled block by block, and the penalty chosen for it. */
export interface ChosenDesign {
  readonly reduced: ReducedDesign;
  /** Penalty λ of the scaled columns. */
  readonly lambda: number;
  /** Factor of each column, `[p]`. */
  readonly factors: Float64Array;
}

/**
 * Chooses the penalties of a design of one block or two. Ridge with a penalty for each block, `λ₁/2·‖β₁‖² + λ₂/2·‖β₂‖²`, is ridge with
 * one penalty λ on columns that were scaled by `f_b`: `λ_b = λ/f_b²`. Here `f_b² = s_b·p₁/p_b`, with p_b the columns of a block, so that
 * the share s₁ = 1 − s₂ is the part of the first block in the variance of the prior linear predictor. The grid is of two dimensions: λ
 * of `choose`, at each of seven shares. The share 1 is ridge on the first block alone, with the same penalties.
 * @param x standardised design, `[n, p]`
 * @param firstBlock columns of the first block; p, or undefined, where there is only one
 * @param alpha share of the penalty that is lasso; above 0 a factor scales that part by `1/f_b` only
 * @param choose the penalty with the smallest held-out loss of a design
 */
export function chooseDesign(
  x: Matrix,
  firstBlock: number | undefined,
  alpha: number,
  choose: (reduced: ReducedDesign) => Choice,
): ChosenDesign {
  const p = x.columns;
  if (firstBlock === undefined || firstBlock === p) {
    const reduced = reduceDesign(x, alpha);
    return { reduced, lambda: choose(reduced).penalty, factors: new Float64Array(p).fill(1) };
  }
  const blocks = [columnsOf(x, 0, firstBlock), columnsOf(x, firstBlock, p)] as const;
  const products = p > x.rows && alpha === 0 ? blocks.map((block) => timesTranspose(block, block).values) : undefined;
  let best: (ChosenDesign & { loss: number }) | undefined;
  for (const share of SHARES) {
    const squares = [share, ((1 - share) * firstBlock) / (p - firstBlock)] as const;
    const factors = Float64Array.from({ length: p }, (_, j) => Math.sqrt(squares[j < firstBlock ? 0 : 1]));
    const scaled: Matrix = { ...x, values: x.values.map((value, index) => value * factors[index % p]) };
    const reduced = products ? fromProducts(scaled, products, squares) : reduceDesign(scaled, alpha);
    const { penalty, loss } = choose(reduced);
    if (!best || loss < best.loss) best = { reduced, lambda: penalty, factors, loss };
  }
  if (!best) throw new RangeError('no share was tried');
  return best;
}

/** The reduced design of scaled columns from the inner products of each block, which are computed once for all shares. */
function fromProducts(
  original: Matrix,
  products: readonly Float64Array[],
  squares: readonly [number, number],
): ReducedDesign {
  const n = original.rows;
  const values = products[0].map((value, i) => squares[0] * value + squares[1] * products[1][i]);
  const factor = pivotedCholesky({ rows: n, columns: n, values });
  return { design: factor.factor, original, factor };
}

function columnsOf({ rows, columns, values }: Matrix, from: number, to: number): Matrix {
  const width = to - from;
  const own = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) own.set(values.subarray(i * columns + from, i * columns + to), i * width);
  return { rows, columns: width, values: own };
}
