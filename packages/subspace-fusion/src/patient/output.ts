import { constant, logSoftmax, mul, neg, slice, sub, sum, type Value } from 'onnx-autodiff';
import { outputsOf } from '../inference/predictor.js';
import { hazards, riskOf, survivalFunction } from '../model/losses.js';
import type { ExplainedOutput } from '../runs/explanations.js';
import type { Outcome } from '../runs/model.js';

/** What of these outputs `[C]` (probabilities or hazards) is explained: the risk, or the most probable class. */
export function explainedOutput(outcome: Outcome, outputs: ArrayLike<number>): ExplainedOutput {
  if (outcome.kind === 'survival') return { kind: 'risk' };
  const predicted = Array.from(outputs).indexOf(Math.max(...Array.from(outputs)));
  return { kind: 'logProbability', class: predicted, className: outcome.classes[predicted] };
}

/** The explained output of logits `[C]`. */
export function explainedValue(output: ExplainedOutput, logits: Float32Array, outcome: Outcome): number {
  const outputs = outputsOf(logits, outcome);
  return output.kind === 'risk' ? riskOf(outputs, outputs.length)[0] : Math.log(outputs[output.class]);
}

/** The same in the graph: a scalar of logits `[1, C]`; `chosen [1, C]` is 1 at the explained class and 0 elsewhere. */
export function explainedScalar(logits: Value, chosen: Value, outcome: Outcome): Value {
  const C = logits.shape[1];
  if (outcome.kind === 'survival') return neg(sum(slice(survivalFunction(hazards(logits)), 1, 1, C + 1)));
  const logWeights = constant(Float32Array.from(outcome.weights, Math.log), [1, C]);
  return sum(mul(chosen, logSoftmax(sub(logits, logWeights))));
}

/** What is fed as `chosen`. */
export function chosenClass(output: ExplainedOutput, C: number): Float32Array {
  return Float32Array.from({ length: C }, (_, c) => (output.kind === 'logProbability' && output.class === c ? 1 : 0));
}
