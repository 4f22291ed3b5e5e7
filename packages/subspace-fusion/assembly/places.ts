/**
 * Where keys and queries stand to each other. With d = q − u of the s grid positions q = 2·index/(s−1) − 1 from a key's coordinate u, ℓ = sign(d)·log(1+|d|)
 * and dℓ/dd = 1/(1+|d|): for each key s columns (ℓ_x f64, dℓ/dd f32, u32 byte offset of the cell in its row), then s rows (ℓ_y f64, dℓ/dd f64).
 */
import { cellOf, firstU, openTable, perU } from './table';
import { nextTask } from './tasks';

/** Bytes of a column, and of a row. */
export const PLACE: usize = 16;

/** Bytes of the places of one key on a grid of side s. */
export function placeBytes(s: i32): usize {
  return 2 * <usize>s * PLACE;
}

/** Fills the places of points [n, 2]; a task is `pointsOfTask` of them. */
export function place(counter: usize, tasks: i32, points: usize, n: i32, pointsOfTask: i32, s: i32, table: usize, places: usize): void {
  openTable(table);
  for (let task = nextTask(counter); task < tasks; task = nextTask(counter)) {
    const first = task * pointsOfTask;
    for (let j = first; j < min(first + pointsOfTask, n); j++) {
      const point = points + (<usize>j << 3);
      placePoint(<f64>load<f32>(point), <f64>load<f32>(point, 4), s, places + <usize>j * placeBytes(s));
    }
  }
}

function placePoint(x: f64, y: f64, s: i32, places: usize): void {
  let column = places;
  let row = places + <usize>s * PLACE;
  for (let index = 0; index < s; index++, column += PLACE, row += PLACE) {
    const q = <f64>(2 * index) / <f64>(s - 1) - 1;
    const u = signedLog(q - x);
    store<f64>(column, u);
    store<f32>(column, <f32>(1 / (1 + Math.abs(q - x))), 8);
    store<u32>(column, <u32>cellOf(u, firstU, perU) << 1, 12);
    store<f64>(row, signedLog(q - y));
    store<f64>(row, 1 / (1 + Math.abs(q - y)), 8);
  }
}

// @ts-ignore: decorator
@inline
function signedLog(d: f64): f64 {
  return copysign(Math.log(1 + Math.abs(d)), d);
}
