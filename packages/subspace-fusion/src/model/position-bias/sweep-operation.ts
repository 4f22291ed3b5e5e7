import { hostOperation, type TensorData, type Value } from 'onnx-autodiff';
import type { PositionBias } from '../attention.js';
import type { PositionBiasLayers } from './dense.js';
import type { PositionBiasWeights, Sweep } from './sweep.js';

const WEIGHTS = ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const;

/** The position bias as a host operation: the graph stops, the sweep kernel computes it, the graph goes on. */
export function sweepPositionBias(sweep: Sweep): PositionBias {
  return (points, side, layers) => biasOperation(sweep, points, side, layers);
}

function biasOperation(sweep: Sweep, points: Value, side: number, layers: PositionBiasLayers): Value {
  const [P, M] = points.shape as [number, number];
  const grid = { side, kvPoints: M };
  const inputs = [points, ...layers.flatMap(({ weight, bias }) => [weight, bias])];
  return hostOperation({
    name: 'PositionBias',
    inputs,
    outputs: [[P, side * side, M]],
    run: ([u, ...weights], [bias]) => sweep.forward(u as Float32Array, grid, named(weights), bias as Float32Array),
    gradient: ([upstream]) =>
      upstream === undefined
        ? []
        : hostOperation({
            name: 'PositionBiasGradient',
            inputs: [upstream, ...inputs],
            outputs: inputs.map(({ shape }) => shape),
            async run([g, u, ...weights], [du, ...dWeights]) {
              const d = await sweep.backward(u as Float32Array, grid, named(weights), g as Float32Array);
              (du as Float32Array).set(d.points);
              WEIGHTS.forEach((name, i) => {
                (dWeights[i] as Float32Array).set(d[name]);
              });
            },
          }),
  })[0];
}

function named(arrays: readonly TensorData[]): PositionBiasWeights {
  return Object.fromEntries(WEIGHTS.map((name, i) => [name, arrays[i]])) as unknown as PositionBiasWeights;
}
