import type { Kernel } from './kernel.js';
import { packWeights, type PositionBiasWeights } from './weights.js';

/** As in assembly/table.ts. */
const MOST_PIECES = 8192;

/** A table of linear pieces in the kernels' memory. */
export interface Table {
  readonly address: number;
  readonly pieces: number;
}

/** The tables of linear pieces of the last perceptrons. */
export interface Tables {
  /** The table of a perceptron for these kv points `[…, 2]` and N queries on −1…1, made where it is not there yet. */
  of(weights: PositionBiasWeights, points: Float32Array, N: number): Table;
}

/**
 * Tables that hold at most `mostPieces` pieces. A table depends on nothing but the weights and the bounds of the points, taken coarsely, so that the
 * results have the same bits whatever was computed before, and the next micro-batch mostly finds its table made.
 */
export function createTables(kernel: Kernel, mostPieces = MOST_PIECES): Tables {
  const built: { readonly key: Float64Array; readonly table: Table }[] = []; // the last used first
  return {
    of(weights, points, N) {
      const packed = packWeights(weights);
      const bounds = boundsOf(points, cellSide((points.length / 2) * N));
      const key = Float64Array.of(...bounds, ...packed);
      const at = built.findIndex((other) => other.key.every((value, i) => value === key[i]));
      if (at >= 0) {
        const [found] = built.splice(at, 1);
        built.unshift(found);
        return found.table;
      }
      const free = kernel.tables.length > built.length ? kernel.tables[built.length] : built.pop()?.table.address;
      const address = free ?? kernel.tables[0];
      kernel.doubles(address, packed.length).set(packed);
      kernel.doubles(address + kernel.size('boundsOffset'), bounds.length).set(bounds);
      kernel.call('buildTable', address, kernel.work, mostPieces);
      const [pieces] = kernel.integers(address + kernel.size('countsOffset'), 1);
      const table = { address, pieces };
      built.unshift({ key, table });
      return table;
    },
  };
}

/** Cells along either axis. The more pairs, the more is saved by finer cells, which take longer to make. */
function cellSide(pairs: number): number {
  return pairs < 8e6 ? 128 : 256;
}

/** The least ℓ_x and ℓ_y that occur, the size of a cell, and cells along either axis; bounds are quarters. */
function boundsOf(points: Float32Array, side: number): number[] {
  const axes = [0, 1].map((axis) => {
    let least = Infinity;
    let most = -Infinity;
    for (let i = axis; i < points.length; i += 2) {
      least = Math.min(least, points[i]);
      most = Math.max(most, points[i]);
    }
    const first = Math.floor(4 * signedLog(-1 - most)) / 4;
    const last = Math.ceil(4 * signedLog(1 - least)) / 4;
    return { first, step: (last - first) / side };
  });
  return [axes[0].first, axes[1].first, axes[0].step, axes[1].step, side];
}

function signedLog(d: number): number {
  return Math.sign(d) * Math.log(1 + Math.abs(d));
}
