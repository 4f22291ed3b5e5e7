import { predictedMedian, predictedSurvival, prediction, survivalCurve, type Model } from 'subspace-fusion/browser';
import { PER_YEAR } from './time.js';

/** A time or a probability, or the words for what lies after the last cut. */
export type Time = number | 'beyond follow-up';

/** One patient's prediction, with the numbers that `subspace predict` prints. */
export type PredictionView =
  | {
      readonly kind: 'classes';
      readonly probabilities: readonly { readonly name: string; readonly probability: number }[];
      readonly predicted: string;
    }
  | {
      readonly kind: 'survival';
      /** −Σ_j S_j; higher is worse. */
      readonly risk: number;
      /** Straight lines between these points, the first of them (0, 1). */
      readonly curve: { readonly times: readonly number[]; readonly survival: readonly number[] };
      /** Probability to be alive after 1, 2 and 5 years. */
      readonly years: readonly { readonly years: number; readonly alive: Time }[];
      readonly median: Time;
    };

/** Says what outputs `[C]` of each slide mean together. */
export function inWords({ outcome }: Model, slides: readonly Float64Array[]): PredictionView {
  const { outputs, risk } = prediction('', slides, outcome.kind === 'survival');
  if (outcome.kind === 'classes') {
    const probabilities = outcome.classes.map((name, c) => ({ name, probability: outputs[c] }));
    return { kind: 'classes', probabilities, predicted: outcome.classes[outputs.indexOf(Math.max(...outputs))] };
  }
  const curve = survivalCurve(outputs, outcome.cuts);
  const years = [1, 2, 5].map((years) => ({
    years,
    alive: predictedSurvival(curve, years * PER_YEAR[outcome.timeUnit]),
  }));
  return {
    kind: 'survival',
    risk: risk!,
    curve: { times: [...curve.times], survival: [...curve.survival] },
    years,
    median: predictedMedian(curve),
  };
}
