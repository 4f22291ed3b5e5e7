import { add, matmul, transpose, type Value } from 'onnx-autodiff';
import type { ParameterSpecs } from './parameters.js';

/** Weights of the clinical covariates, which enter a network's logits last. */
export function covariateParameters(classes: number, covariates: number): ParameterSpecs {
  if (covariates === 0) return {};
  return { 'covariates.weight': { shape: [classes, covariates], start: { uniform: 1 / Math.sqrt(covariates) } } };
}

/** Late fusion: logits + c·Wᵀ, `[B, C]`, with covariates c `[B, K]`. */
export function withCovariates(logits: Value, c: Value, p: Readonly<Record<string, Value>>): Value {
  return add(logits, matmul(c, transpose(p['covariates.weight'], [1, 0])));
}
