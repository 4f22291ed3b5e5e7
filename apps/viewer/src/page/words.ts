import { percent, shownProbabilities, timeIn } from 'subspace-fusion/browser';
import type { Prediction } from '../engine/views.js';

/** A number with its sign. */
export const signed = (x: number, digits = 2): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;

/** A number with a true minus. */
export const plain = (x: number, digits = 2): string => `${x < 0 ? '−' : ''}${Math.abs(x).toFixed(digits)}`;

/** A prediction in one line. */
export function headline(prediction: Prediction): string {
  const { survival, risk, predicted } = prediction;
  if (survival && risk !== undefined)
    return `Risk ${plain(risk)}, median survival ${timeIn(survival.median, survival.timeUnit)}`;
  return predicted === undefined ? '' : `${predicted}, ${percent(shownProbabilities(prediction)[predicted] ?? 0)}`;
}

/** How a changed prediction differs, in words. */
export function change(from: Prediction, to: Prediction): string {
  if (from.risk !== undefined && to.risk !== undefined) {
    const difference = to.risk - from.risk;
    if (Math.abs(difference) < 0.0005) return 'The risk stays as it is';
    return `The risk ${difference > 0 ? 'rises' : 'falls'} by ${Math.abs(difference).toFixed(3)}, from ${plain(from.risk, 3)} to ${plain(to.risk, 3)}`;
  }
  const before = shownProbabilities(from);
  const moved = Object.entries(shownProbabilities(to)).map(([name, p]) => ({ name, by: p - (before[name] ?? 0), p }));
  const most = moved.reduce((a, b) => (Math.abs(b.by) > Math.abs(a.by) ? b : a));
  if (Math.abs(most.by) < 0.0005) return 'The probabilities stay as they are';
  return `${most.name} moves by ${signed(100 * most.by, 1)} points, to ${percent(most.p)}`;
}
