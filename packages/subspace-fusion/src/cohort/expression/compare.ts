import { someOf, type Problem } from '../problems.js';
import { quantile } from '../quantile.js';
import type { Expression, ExpressionTransform } from '../types.js';
import { describeScale, geneMedians, valueScale } from './value-scale.js';

/** A cohort's expression as it goes into scaling. */
export interface ComparedExpression {
  readonly name: string;
  /** Where its values come from, for the message. */
  readonly file: string;
  readonly expression: Expression;
  readonly transform: ExpressionTransform;
}

/** Shared genes whose typical value differs by more than this (in the units after the transform, a doubling for logarithms) come from another scale. */
const LARGEST_SHIFT = 1;
const FEWEST_SHARED = 20;

/**
 * What makes two cohorts' expression no common scale, as warnings about the second: another kind of values, another transform, few shared genes, or
 * shared genes whose medians are shifted by more than a doubling for the typical gene.
 */
export function compareExpressions(first: ComparedExpression, second: ComparedExpression): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, remedy: string) => problems.push({ severity: 'warning', file: second.file, message, remedy });
  const [one, other] = [valueScale(first.expression), valueScale(second.expression)];
  if (one !== other) {
    warn(
      `the values of '${second.name}' look like ${describeScale(other)}, those of '${first.name}' like ${describeScale(one)}`,
      'Bring both to one unit, or scale each cohort by itself',
    );
  }
  if (first.transform !== second.transform) {
    warn(`the transform of '${second.name}' is '${second.transform}', that of '${first.name}' '${first.transform}'`, 'Choose one transform for both');
  }
  const genes = new Set(second.expression.genes);
  const shared = first.expression.genes.filter((gene) => genes.has(gene));
  const lacking = first.expression.genes.filter((gene) => !genes.has(gene));
  if (lacking.length > 0) {
    warn(`${lacking.length} of ${first.expression.genes.length} genes of '${first.name}' are not in '${second.name}' (${someOf(lacking)})`, 'A model of both is built without them');
  }
  if (shared.length < FEWEST_SHARED || one !== other || first.transform !== second.transform) return problems;
  const shift = typicalShift(medians(first, shared), medians(second, shared));
  if (Math.abs(shift) > LARGEST_SHIFT && first.transform !== 'rank') {
    warn(
      `the typical gene of '${second.name}' is ${Math.abs(shift).toFixed(1)} ${shift > 0 ? 'higher' : 'lower'} than in '${first.name}' after the transform`,
      'Check that both are of the same unit',
    );
  }
  return problems;
}

/** Transformed medians of these genes, in their order. */
function medians({ expression, transform }: ComparedExpression, genes: readonly string[]): Float64Array {
  const at = new Map(expression.genes.map((gene, g) => [gene, g]));
  const chosen = genes.map((gene) => at.get(gene)!);
  const values = Float32Array.from({ length: expression.patients.length * genes.length }, (_, i) => {
    const p = Math.floor(i / genes.length);
    return expression.values[p * expression.genes.length + chosen[i % genes.length]!]!;
  });
  const found = geneMedians({ patients: expression.patients, genes, values });
  // A logarithm keeps order, so the median of logarithms is the logarithm of the median.
  return transform === 'log2p1' ? found.map((x) => Math.log2(1 + x)) : found;
}

function typicalShift(first: Float64Array, second: Float64Array): number {
  const shifts = second.map((x, i) => x - first[i]!).filter((x) => !Number.isNaN(x));
  return shifts.length > 0 ? quantile(shifts.sort(), 0.5) : 0;
}
