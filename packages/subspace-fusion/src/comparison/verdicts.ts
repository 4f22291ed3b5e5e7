import { byName } from '../evaluation/score.js';
import type { Metric } from '../metrics/bootstrap.js';
import { holm, verdict } from '../metrics/significance.js';
import type { Difference } from './file.js';
import type { FoldScores } from './fold-scores.js';
import { differenceName, type FoundDifference, type Pair } from './means.js';
import { combinedName, REFERENCE } from './simple-models.js';

/**
 * The differences that a comparison tests: the first model to each other one, except to its own superset, which it cannot be expected to
 * beat; of that, what it adds to the clinical model.
 */
export function testedPairs(model: string, names: readonly string[]): Pair[] {
  const superset = combinedName(model);
  const others = names.filter((name) => name !== model && name !== superset);
  return [
    ...others.map((other): Pair => [model, other]),
    ...(names.includes(superset) && others.includes(REFERENCE) ? [[superset, REFERENCE] as const] : []),
  ];
}

/**
 * What each difference says: p-values after Holm, and a verdict, where there are p-values. Pairs of models that say the same of every
 * patient under two names are one test.
 * @returns by name of the difference, and how many tests Holm adjusts together
 */
export function testDifferences(
  folds: readonly FoldScores[],
  differences: readonly FoundDifference[],
  margin: number,
): { found: Record<string, Difference>; family: number } {
  const firstName = firstNames(folds);
  const pairOf = ({ model, reference }: FoundDifference) => differenceName(firstName(model), firstName(reference));
  const tested = new Map<string, FoundDifference & { p: number }>();
  for (const one of differences) {
    const { p } = one;
    if (p !== undefined && !tested.has(pairOf(one))) tested.set(pairOf(one), { ...one, p });
  }
  const adjusted = holm([...tested.values()].map(({ p }) => p));
  const adjustedOf = new Map([...tested.keys()].map((pair, place) => [pair, adjusted[place]]));
  const found = differences.map((one): [string, Difference] => {
    const { model, reference, value, p } = one;
    const own = tested.get(pairOf(one));
    const twin = own && own.reference !== reference ? { sameAs: own.reference } : {};
    const adjustedP = adjustedOf.get(pairOf(one));
    const says =
      p === undefined || adjustedP === undefined
        ? {}
        : { p, adjustedP, ...verdictOf(value, margin, adjustedP), ...twin };
    const name = differenceName(model, reference);
    return [name, { ...byName([{ ...value, name }])[name], ...says }];
  });
  return { found: Object.fromEntries(found), family: tested.size };
}

function verdictOf(value: Metric, margin: number, adjustedP: number): Pick<Difference, 'verdict'> {
  if (value.value === null || value.low === undefined || value.high === undefined) return {};
  return { verdict: verdict(value.low, value.high, margin, adjustedP) };
}

/** Scores that differ by less, relatively, are of one model: its columns may have come in another order. */
const ROUNDING = 1e-6;

/** The first name of the model that a name denotes. */
function firstNames(folds: readonly FoldScores[]): (name: string) => string {
  const names = Object.keys(folds[0].models);
  const first = new Map<string, string>();
  for (const name of names)
    first.set(
      name,
      names.find((other) => other === name || (first.get(other) === other && isSame(folds, other, name))) ?? name,
    );
  return (name) => first.get(name) ?? name;
}

function isSame(folds: readonly FoldScores[], one: string, other: string): boolean {
  return folds.every(({ models }) => {
    const [a, b] = [models[one], models[other]];
    if ('reason' in a || 'reason' in b) return false;
    return a.runs.length === b.runs.length && a.runs.every((run, r) => isClose(run, b.runs[r]));
  });
}

function isClose(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  return Array.from(one).every((x, i) => Math.abs(x - other[i]) <= ROUNDING * (1 + Math.abs(x)));
}
