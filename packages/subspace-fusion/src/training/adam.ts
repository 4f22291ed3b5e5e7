import type { Parameters } from '../model/layers.js';
import type { AdamState } from '../runs/run-folder.js';

export interface AdamOptions {
  readonly learningRate: number;
  /** L2 penalty, added to the gradient (not decoupled). */
  readonly weightDecay: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;

export function adamState(parameters: Parameters): AdamState {
  const zeros = () =>
    Object.fromEntries(Object.entries(parameters).map(([name, p]) => [name, new Float32Array(p.length)]));
  return { step: 0, m: zeros(), v: zeros() };
}

/** One step of Adam (Kingma and Ba 2015, algorithm 1), in place. */
export function adamStep(
  parameters: Parameters,
  gradients: Parameters,
  state: AdamState,
  { learningRate, weightDecay }: AdamOptions,
): void {
  state.step++;
  const correction1 = 1 - BETA1 ** state.step;
  const correction2 = Math.sqrt(1 - BETA2 ** state.step);
  // η·(m/c₁)/(√v/c₂ + ε) with one division: (η·c₂/c₁)·m/(√v + c₂·ε).
  const rate = (learningRate * correction2) / correction1;
  const epsilon = EPSILON * correction2;
  for (const name of Object.keys(parameters)) {
    const w = parameters[name];
    const dw = gradients[name];
    const m = state.m[name];
    const v = state.v[name];
    for (let i = 0; i < w.length; i++) {
      const g = dw[i] + weightDecay * w[i];
      const mi = (m[i] = BETA1 * m[i] + (1 - BETA1) * g);
      const vi = (v[i] = BETA2 * v[i] + (1 - BETA2) * g * g);
      w[i] = w[i] - (rate * mi) / (Math.sqrt(vi) + epsilon);
    }
  }
}

/** Cosine schedule from the initial rate to 0, stepped once an epoch. */
export function cosineRate(initial: number, epoch: number, epochs: number): number {
  return (initial / 2) * (1 + Math.cos((Math.PI * epoch) / epochs));
}
