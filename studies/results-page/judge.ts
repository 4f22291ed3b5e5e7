/** The decision rule of docs/results.md. */
import { studentTail } from '../../packages/subspace-fusion/dist/metrics/distributions.js';
import { holm, verdict, type Verdict } from '../../packages/subspace-fusion/dist/metrics/significance.js';
import type { PlantedTruth } from './data.js';
import { LEVEL, testedMean, type TestedMean } from './power.js';

/** Differences within ± this do not matter. */
export const MARGIN = 0.01;

type Comparison = PlantedTruth['comparisons'][number];

/** A row with its test and verdict. */
export interface Judged extends Comparison {
  readonly tested: TestedMean;
  readonly adjustedP: number;
  /** The larger p-value of the two one-sided tests against ±MARGIN, after Holm. */
  readonly equivalenceP: number;
  readonly verdict: Verdict;
}

/** The decision rule, the same for every row: Student's test over cohorts, Holm over all rows, the margin. */
export function judge(comparisons: readonly Comparison[]): Judged[] {
  const tests = comparisons.map(({ differences }) => testedMean(differences));
  const adjusted = holm(tests.map(({ p = 1 }) => p));
  const equivalence = holm(tests.map(notEquivalent));
  return comparisons.flatMap((comparison, i) => {
    const [tested, adjustedP = 1, equivalenceP = 1] = [tests[i], adjusted[i], equivalence[i]];
    if (!tested) return [];
    const { low, high } = tested;
    return [{ ...comparison, tested, adjustedP, equivalenceP, verdict: verdict(low, high, MARGIN, adjustedP) }];
  });
}

/** P-value of a true difference at or beyond the nearer margin (Schuirmann 1987), one-sided. */
function notEquivalent({ value, standardError, df }: TestedMean): number {
  const t = (MARGIN - Math.abs(value)) / standardError;
  const tail = studentTail(t, df) / 2;
  return t > 0 ? tail : 1 - tail;
}

/** The level of the first test of Holm's procedure: where no row passes it, none is shown. */
export const firstLevel = (rows: number) => LEVEL / rows;
