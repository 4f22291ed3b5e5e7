import { add, compile, gradients, input, linear, log, mean, mul, neg, sigmoid, sub, type Provider } from '../index.js';
import { noise } from './samples.js';

/** Trains a logistic regression on fixed points of a plane by gradient descent. The result is plain data. */
export async function trainLogisticRegression(
  provider: Provider,
  steps = 100,
): Promise<{ losses: number[]; weight: number[] }> {
  const n = 60;
  const x = input('x', [n, 2]);
  const label = input('label', [n, 1]);
  const weight = input('weight', [1, 2]);
  const bias = input('bias', [1]);
  const p = sigmoid(linear(x, weight, bias));
  const loss = neg(mean(add(mul(label, log(p)), mul(sub(1, label), log(sub(1, p))))));
  const [dWeight, dBias] = gradients(loss, [weight, bias]);
  const program = await compile({ loss, dWeight: dWeight, dBias: dBias }, { provider });

  const points = noise(2 * n);
  const feeds = {
    x: points,
    label: Float32Array.from({ length: n }, (_, i) => Number(points[2 * i] + 0.5 * points[2 * i + 1] > 0.1)),
    weight: new Float32Array(2),
    bias: new Float32Array(1),
  };
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const results = await program.run(feeds);
    losses.push(results.loss[0]);
    feeds.weight.forEach((w, i) => {
      feeds.weight[i] = w - results.dWeight[i];
    });
    feeds.bias[0] -= results.dBias[0];
  }
  await program.dispose();
  return { losses, weight: [...feeds.weight, ...feeds.bias] };
}
