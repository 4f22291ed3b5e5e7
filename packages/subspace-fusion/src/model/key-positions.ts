import { add, constant, conv2d, div, gelu, mul, reshape, sub, tanh, transpose, type Value } from 'onnx-autodiff';
import { GROUPS, HEAD_WIDTH, keySide, OFFSET_KERNEL, OFFSET_RANGE } from './widths.js';

/** Where the keys are read: `vgrid [B·8, 2, k, k]`, column then row in units of key cells. METHOD.md 2.4. */
export function keyPositions(queries: Value, p: Readonly<Record<string, Value>>, s: number): Value {
  const { stride, padding } = OFFSET_KERNEL;
  const k = keySide(s);
  const maps = reshape(queries, [-1, HEAD_WIDTH, s, s]); // [B·8, 64, s, s]
  const local = gelu(
    conv2d(maps, p['offsets.depthwise.weight']!, p['offsets.depthwise.bias'], { stride, padding, groups: HEAD_WIDTH }),
  ); // [B·8, 64, k, k]
  const weight = reshape(p['offsets.pointwise.weight']!, [2, HEAD_WIDTH, 1, 1]);
  const offsets = mul(tanh(conv2d(local, weight)), OFFSET_RANGE); // [B·8, 2, k, k]
  return add(constant(grid(k), [1, 2, k, k]), offsets);
}

/** Column then row of each cell of a k×k grid, `[2, k, k]`. */
function grid(k: number): Float32Array {
  const cells = Float32Array.from({ length: k * k }, (_, i) => i % k);
  const rows = Float32Array.from({ length: k * k }, (_, i) => Math.floor(i / k));
  return Float32Array.of(...cells, ...rows);
}

/** Normalised positions `u [B, 8, k², 2]`, x then y: 2·vgrid/max(k − 1, 1) − 1. */
export function normalisedPositions(vgrid: Value): Value {
  const k = vgrid.shape[3]!;
  const u = sub(div(mul(vgrid, 2), Math.max(k - 1, 1)), 1);
  return transpose(reshape(u, [-1, GROUPS, 2, k * k]), [0, 1, 3, 2]);
}
