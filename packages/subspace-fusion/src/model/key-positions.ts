import {
  add,
  constant,
  conv2d,
  div,
  expand,
  gelu,
  mul,
  reshape,
  sub,
  tanh,
  transpose,
  type Value,
} from 'onnx-autodiff';
import { GROUP_WIDTH, GROUPS, gridSide, HEAD_WIDTH, keySide, OFFSET_KERNEL, OFFSET_RANGE, WIDTH } from './widths.js';

type Weights = Readonly<Record<string, Value>>;

/** Where the keys are read, chosen by the fused tokens F̂ `[B, N, 128]`: `vgrid [B·8, 2, k, k]`, column then row in units of key cells. docs/method.md 2.4. */
export function keyPositions(fused: Value, p: Weights): Value {
  const [B, N] = fused.shape as [number, number, number];
  const s = gridSide(N);
  const k = keySide(s);
  const { stride, padding } = OFFSET_KERNEL;
  const image = reshape(transpose(fused, [0, 2, 1]), [B, WIDTH, s, s]);
  const { kernel, bias } = offsetKernel(p);
  const local = gelu(
    reshape(conv2d(image, kernel, bias, { stride, padding, groups: GROUPS }), [B * GROUPS, HEAD_WIDTH, k, k]),
  );
  const weight = reshape(p['offsets.pointwise.weight'], [2, HEAD_WIDTH, 1, 1]);
  const offsets = mul(tanh(conv2d(local, weight)), OFFSET_RANGE); // [B·8, 2, k, k]
  return add(baseGrid(k), offsets);
}

/**
 * The queries' grouped 1×1 convolution and the depthwise one after it as a single grouped convolution: output channel o of
 * group g has the kernel `W_q[g, o, c]·D[o]` on input channel c. The 64-wide queries of all tokens are never computed.
 */
function offsetKernel(p: Weights): { kernel: Value; bias: Value } {
  const { size } = OFFSET_KERNEL;
  const pointwise = reshape(p['queries.weight'], [GROUPS, HEAD_WIDTH, GROUP_WIDTH, 1, 1]);
  const depthwise = reshape(p['offsets.depthwise.weight'], [1, HEAD_WIDTH, 1, size, size]);
  const bias = expand(reshape(p['offsets.depthwise.bias'], [1, HEAD_WIDTH]), [GROUPS, HEAD_WIDTH]);
  return {
    kernel: reshape(mul(pointwise, depthwise), [GROUPS * HEAD_WIDTH, GROUP_WIDTH, size, size]),
    bias: reshape(bias, [GROUPS * HEAD_WIDTH]),
  };
}

/** Where the keys are before any offset: column then row of each cell of a k×k grid, `[1, 2, k, k]`. */
export function baseGrid(k: number): Value {
  const cells = Float32Array.from({ length: k * k }, (_, i) => i % k);
  const rows = Float32Array.from({ length: k * k }, (_, i) => Math.floor(i / k));
  return constant(Float32Array.of(...cells, ...rows), [1, 2, k, k]);
}

/** Normalised positions `u [B, 8, k², 2]`, x then y: 2·vgrid/max(k − 1, 1) − 1. */
export function normalisedPositions(vgrid: Value): Value {
  const k = vgrid.shape[3];
  const u = sub(div(mul(vgrid, 2), Math.max(k - 1, 1)), 1);
  return transpose(reshape(u, [-1, GROUPS, 2, k * k]), [0, 1, 3, 2]);
}
