import type { PredictionView, RunView } from '../engine/views.js';

/** A probability in percent. */
export const percent = (p: number): string => `${(100 * p).toFixed(p > 0 && p < 0.01 ? 1 : 0)} %`;

/** A number with its sign. */
export const signed = (x: number, digits = 2): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;

/** A number with a true minus. */
export const plain = (x: number, digits = 2): string => `${x < 0 ? '−' : ''}${Math.abs(x).toFixed(digits)}`;

export const count = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

/** A prediction in one line. */
export function headline(prediction: PredictionView, { timeUnit }: Pick<RunView, 'timeUnit'>): string {
  if (prediction.kind === 'classes') {
    const sure = prediction.probabilities.find(({ name }) => name === prediction.predicted)!;
    return `${prediction.predicted}, ${percent(sure.probability)}`;
  }
  const { median, risk } = prediction;
  return `Risk ${plain(risk)}, median survival ${typeof median === 'number' ? `${median.toFixed(1)} ${timeUnit}` : median}`;
}

/** How a changed prediction differs, in words. */
export function change(from: PredictionView, to: PredictionView): string {
  if (from.kind === 'survival' && to.kind === 'survival') {
    const difference = to.risk - from.risk;
    if (Math.abs(difference) < 0.0005) return 'The risk stays as it is';
    return `The risk ${difference > 0 ? 'rises' : 'falls'} by ${Math.abs(difference).toFixed(3)}, from ${plain(from.risk, 3)} to ${plain(to.risk, 3)}`;
  }
  if (from.kind !== 'classes' || to.kind !== 'classes') return '';
  const moved = to.probabilities.map(({ name, probability }, c) => ({
    name,
    by: probability - from.probabilities[c].probability,
    probability,
  }));
  const most = moved.reduce((a, b) => (Math.abs(b.by) > Math.abs(a.by) ? b : a));
  if (Math.abs(most.by) < 0.0005) return 'The probabilities stay as they are';
  return `${most.name} moves by ${signed(100 * most.by, 1)} points, to ${percent(most.probability)}`;
}
