/**
 * The second layer while a set of first-layer units is on: z = A·u + B·v + D with A = Σ_on W₂[:,i]·α_i, B = Σ_on W₂[:,i]·β_i,
 * D = Σ_on W₂[:,i]·b_i + b₂. These do not depend on the row, so they are summed again only where the set at the row's start changes.
 */
import { ALPHA, BETA, BIAS1, BIAS2, COLUMNS2, UNIT_ROW, startA, startB, startD, weights } from './layout';

/** Σ over the units of `set` of W₂[:,i]·coefficient_i, added to `target`. */
export function addColumns(set: u32, coefficients: usize, target: usize): void {
  for (; set != 0; set &= set - 1) {
    const i = <usize>ctz(set);
    const coefficient = v128.load_splat<f32>(coefficients + (i << 2));
    const column = weights + COLUMNS2 + i * UNIT_ROW;
    for (let k: usize = 0; k < UNIT_ROW; k += 16) {
      v128.store(target + k, f32x4.add(v128.load(target + k), f32x4.mul(v128.load(column + k), coefficient)));
    }
  }
}

/** Sets startA, startB, startD to the plane of `set`. */
export function computeStart(set: u32): void {
  memory.fill(startA, 0, UNIT_ROW);
  memory.fill(startB, 0, UNIT_ROW);
  memory.copy(startD, weights + BIAS2, UNIT_ROW);
  addColumns(set, weights + ALPHA, startA);
  addColumns(set, weights + BETA, startB);
  addColumns(set, weights + BIAS1, startD);
}
