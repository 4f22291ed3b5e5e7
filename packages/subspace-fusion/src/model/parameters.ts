import { sizeOf } from 'onnx-autodiff';
import { key, normal, uniform } from '../random/counter.js';
import type { ParameterSpec } from './layers.js';

/** Values of all trainable parameters, by name. */
export type Parameters = Record<string, Float32Array>;

/** Shapes of all trainable parameters and how they start, by name, in the order of checkpoints. */
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;

/** What decides the shapes of a network's parameters. */
export interface NetworkSize {
  /** Width of a patch's features; 1024 in the paper. */
  readonly patchWidth: number;
  /** Genes of each subspace; 59 and 361 in the paper. */
  readonly genes: { readonly tumour: number; readonly microenvironment: number };
  /** Classes, or survival bins. */
  readonly classes: number;
  /** Clinical covariates that enter at the head; none by default. */
  readonly covariates?: number;
}

/** Starting values: docs/method.md section 2. Each parameter draws from a stream of its own, named after it. */
export function initialise(specs: ParameterSpecs, seed: number): Parameters {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape, start }]) => {
      const k = key(seed, 'initial', name);
      const n = sizeOf(shape);
      const draw = (f: (i: number) => number) => Float32Array.from({ length: n }, (_, i) => f(i));
      if (start === 'zeros') return [name, new Float32Array(n)];
      if (start === 'ones') return [name, new Float32Array(n).fill(1)];
      if ('normal' in start) return [name, draw((i) => start.normal * normal(k, i))];
      return [name, draw((i) => start.uniform * (2 * uniform(k, i) - 1))];
    }),
  );
}

/** Number of trainable numbers. */
export function parameterCount(specs: ParameterSpecs): number {
  return Object.values(specs).reduce((n, { shape }) => n + sizeOf(shape), 0);
}
