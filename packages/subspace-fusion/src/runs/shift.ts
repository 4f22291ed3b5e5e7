import { SUBSPACES, type Cohort } from '../cohort/types.js';
import { shortNumber, type Problem } from '../files/errors.js';
import { quantile } from '../metrics/arrays.js';
import { clipOf, scaleSubspaces, type SubspaceScaling } from './scaling.js';

/** The typical gene's median may lie so many standard deviations of the training patients away from their mean. */
const FARTHEST = 1;
/** So large a part of the values may lie at or beyond the bound of ±3. */
const MOST_CLIPPED = 0.1;

/**
 * Warns where a cohort's expression does not lie where a model's training patients' did: the median |median z| of the genes, and the part of all values
 * that is clipped. Of a model that scales cohorts by themselves nothing can be told.
 */
export function shiftProblems(scaling: SubspaceScaling, cohort: Cohort, file: string): Problem[] {
  if (scaling.tumour.cohorts !== undefined) return [];
  const ids = cohort.patients.map(({ id }) => id);
  if (ids.length === 0) return [];
  const scaled = scaleSubspaces(scaling, cohort, ids);
  const medians: number[] = [];
  let clipped = 0;
  for (const subspace of SUBSPACES) {
    const [z, bound] = [scaled[subspace], clipOf(scaling[subspace])];
    const width = scaling[subspace].genes.length;
    for (let g = 0; g < width; g++) {
      const own = Float64Array.from(ids, (_, p) => z[p * width + g]);
      medians.push(Math.abs(quantile(own, 0.5)));
      clipped += own.filter((x) => Math.abs(x) >= bound).length;
    }
  }
  const problems: Problem[] = [];
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file, message, remedy });
  const typical = quantile(medians, 0.5);
  const share = clipped / (medians.length * ids.length);
  if (typical > FARTHEST) {
    const message = `the typical gene of '${cohort.name}' lies ${shortNumber(Number(typical.toFixed(1)))} standard deviations of the training patients away from their mean`;
    warn(
      message,
      'Check that the expression is of the same unit (expression.transform), and that the patients are alike',
    );
  }
  if (share > MOST_CLIPPED) {
    warn(
      `${Math.round(100 * share)} % of the expression of '${cohort.name}' lies where hardly a training patient's does`,
      'It is clipped; do not trust what rests on it',
    );
  }
  return problems;
}
