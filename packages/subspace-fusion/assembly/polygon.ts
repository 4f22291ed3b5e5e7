/** Convex polygons, lists of corners (u, v) in float64, and the lines c + a·u + b·v that cut them. */

/** Bytes of a corner. */
export const CORNER: usize = 16;
/** Four corners of a cell, and one more for each of 64 cuts. */
export const POLYGON: usize = 68 * CORNER;

/** The line of the functions below, and what of its values at a polygon is rounding. */
let lineC: f64 = 0;
let lineA: f64 = 0;
let lineB: f64 = 0;
let rounding: f64 = 0;

/** Takes the line whose coefficients are given, for polygons whose coordinates are at most `reach` in size. */
// @ts-ignore: decorator
@inline
export function setLine(c: f64, a: f64, b: f64, reach: f64): void {
  lineC = c;
  lineA = a;
  lineB = b;
  rounding = 1e-14 * (Math.abs(c) + (Math.abs(a) + Math.abs(b)) * reach);
}

// @ts-ignore: decorator
@inline
function lineAt(corner: usize): f64 {
  return lineC + lineA * load<f64>(corner) + lineB * load<f64>(corner, 8);
}

export const OFF: i32 = 0;
export const ON: i32 = 1;
export const CROSSED: i32 = 2;

/** On which side of the line the polygon of n corners lies. A side that is no wider than rounding is none: so coincident lines cut once. */
export function sideOf(polygon: usize, n: i32): i32 {
  let least: f64 = Infinity;
  let most: f64 = -Infinity;
  for (let end = polygon + <usize>n * CORNER; polygon < end; polygon += CORNER) {
    const h = lineAt(polygon);
    least = min(least, h);
    most = max(most, h);
  }
  if (most <= rounding) return OFF;
  return least >= -rounding ? ON : CROSSED;
}

/** Writes the part of the polygon on one side of the line to `out`, and returns its number of corners. */
export function cut(polygon: usize, n: i32, side: i32, out: usize): i32 {
  const sign: f64 = side == ON ? 1 : -1;
  let corners = 0;
  let before = polygon + <usize>(n - 1) * CORNER;
  let hBefore = sign * lineAt(before);
  for (let i = 0; i < n; i++) {
    const at = polygon + <usize>i * CORNER;
    const h = sign * lineAt(at);
    if (h > 0 != hBefore > 0) {
      const t = hBefore / (hBefore - h);
      const u = load<f64>(before);
      const v = load<f64>(before, 8);
      putCorner(out + <usize>corners * CORNER, u + t * (load<f64>(at) - u), v + t * (load<f64>(at, 8) - v));
      corners += 1;
    }
    if (h > 0) {
      putCorner(out + <usize>corners * CORNER, load<f64>(at), load<f64>(at, 8));
      corners += 1;
    }
    before = at;
    hBefore = h;
  }
  return corners;
}

// @ts-ignore: decorator
@inline
export function putCorner(at: usize, u: f64, v: f64): void {
  store<f64>(at, u);
  store<f64>(at, v, 8);
}
