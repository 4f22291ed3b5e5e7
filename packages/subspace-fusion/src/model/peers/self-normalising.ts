import { elu, type Value } from 'onnx-autodiff';
import { alphaDropout, type Dropout } from '../dropout.js';
import type { ParameterSpecs } from '../parameters.js';
import { applyLinear, atRate, type Weights } from './layers.js';

/** AlphaDropout of every block, as in the public code of Pathomic Fusion and MCAT. */
const RATE = 0.25;

/** Parameters of self-normalising blocks of these widths, the input's first; `start` is `normalLayer` or `linearLayer`. */
export function selfNormalisingParameters(
  name: string,
  widths: readonly number[],
  start: (name: string, width: number, out: number) => ParameterSpecs,
): ParameterSpecs {
  const blocks = widths.slice(1).map((out, i) => start(`${name}.${i}`, widths[i], out));
  return Object.assign({}, ...blocks) as ParameterSpecs;
}

/**
 * Self-normalising blocks Linear → ELU → AlphaDropout, `[B, widths[0]] → [B, widths.at(-1)]`. Klambauer et al. 2017 have
 * SELU; Pathomic Fusion (Chen et al. 2020) and MCAT (Chen et al. 2021) put ELU in its place, and so do we.
 *
 * @param blocks how many
 */
export function selfNormalising(x: Value, p: Weights, name: string, blocks: number, options?: Dropout): Value {
  let h = x;
  for (let i = 0; i < blocks; i++)
    h = alphaDropout(elu(applyLinear(h, p, `${name}.${i}`)), `${name}.${i}`, atRate(options, RATE));
  return h;
}
