import { hostOperation, type TensorData, type Value } from 'onnx-autodiff';
import type { AttentionReads, PositionBias } from '../attention.js';
import type { PositionBiasLayers } from '../dense-bias.js';
import type { AttentionInputs } from './attention.js';
import type { Kernels } from './kernels.js';
import type { PositionBiasGradients, PositionBiasWeights } from './weights.js';

/** The position bias, and attention with it inside, as host operations: the graph stops, the kernels compute, the graph goes on. */
export function kernelPositionBias(kernels: Kernels): PositionBias {
  return {
    bias: (points, side, layers) => biasOperation(kernels, points, side, layers),
    attend: (reads, side, layers) => attentionOperation(kernels, reads, side, layers),
  };
}

type KernelsOfBias = Pick<Kernels, 'bias' | 'biasGradients'>;

function biasOperation(kernels: KernelsOfBias, points: Value, side: number, layers: PositionBiasLayers): Value {
  const [P, M] = points.shape as [number, number];
  const grid = { side, kvPoints: M };
  const inputs = [points, ...parametersOf(layers)];
  return hostOperation({
    name: 'PositionBias',
    inputs,
    outputs: [[P, side * side, M]],
    run: ([u, ...weights], [bias]) => kernels.bias(u as Float32Array, grid, named(weights), bias as Float32Array),
    gradient: ([upstream]) =>
      upstream === undefined
        ? []
        : hostOperation({
            name: 'PositionBiasGradient',
            inputs: [upstream, ...inputs],
            outputs: inputs.map(({ shape }) => shape),
            async run([g, u, ...weights], outputs) {
              const d = await kernels.biasGradients(u as Float32Array, grid, named(weights), g as Float32Array);
              fill(outputs, [d.points, ...gradientsOf(d)]);
            },
          }),
  })[0];
}

type KernelsOfAttention = Pick<Kernels, 'attend' | 'attendGradients'>;

function attentionOperation(
  kernels: KernelsOfAttention,
  { fused, keys, values, points, dropout }: AttentionReads,
  side: number,
  layers: PositionBiasLayers,
): Value {
  const [B, N] = fused.shape as [number, number];
  const [P, M] = points.shape as [number, number];
  const grid = { side, kvPoints: M };
  const differentiable = [fused, keys, values, points, ...parametersOf(layers)];
  const inputs = dropout ? [...differentiable, dropout.keys] : differentiable;
  const arrays = ([f, k, kv, u]: readonly Float32Array[], drawn: BigInt64Array | undefined): AttentionInputs => ({
    fused: f,
    keys: k,
    values: kv,
    points: u,
    dropout: dropout && drawn && { keys: Uint32Array.from(drawn, Number), rate: dropout.rate },
  });
  const read = (data: readonly TensorData[]) => ({
    inputs: arrays(data.slice(0, 4) as Float32Array[], data[10] as BigInt64Array | undefined),
    weights: named(data.slice(4, 10)),
  });
  const [out, kept] = hostOperation({
    name: 'Attention',
    inputs,
    outputs: [
      [B, N, 128],
      [P, N, 2],
    ],
    run(data, [out, kept]) {
      const { inputs, weights } = read(data);
      return kernels.attend(inputs, grid, weights, { out: out as Float32Array, kept: kept as Float32Array });
    },
    gradient: ([upstream]) =>
      upstream === undefined
        ? []
        : hostOperation({
            name: 'AttentionGradient',
            inputs: [upstream, out, kept, ...inputs],
            outputs: differentiable.map(({ shape }) => shape),
            run([g, out, kept, ...data], gradients) {
              const { inputs, weights } = read(data);
              const made = { out: out as Float32Array, kept: kept as Float32Array };
              const [fused, keys, values, points, ...ofWeights] = gradients as Float32Array[];
              const into = { fused, keys, values, points, ...named(ofWeights) };
              return kernels.attendGradients(inputs, grid, weights, made, g as Float32Array, into);
            },
          }),
  });
  return out;
}

const WEIGHTS = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;

function parametersOf(layers: PositionBiasLayers): Value[] {
  return layers.flatMap(({ weight, bias }) => [weight, bias]);
}

function named(arrays: readonly TensorData[]): PositionBiasWeights {
  return Object.fromEntries(WEIGHTS.map((name, i) => [name, arrays[i]])) as unknown as PositionBiasWeights;
}

function gradientsOf(d: PositionBiasGradients): Float32Array[] {
  return WEIGHTS.map((name) => d[name]);
}

function fill(outputs: readonly TensorData[], arrays: readonly Float32Array[]): void {
  arrays.forEach((array, i) => {
    (outputs[i] as Float32Array).set(array);
  });
}
