import { someOf, type Problem } from '../problems.js';
import { quantile } from '../quantile.js';
import type { Expression } from '../types.js';
import { describeScale, geneMedians, valueScale } from './value-scale.js';

/** A cohort's expression as it goes into scaling. */
export interface ComparedExpression {
  readonly name: string;
  /** Where its values come from, for the message. */
  readonly file: string;
  /** Values after the cohort's own transform. */
  readonly expression: Expression;
}

/** Shared genes whose typical value differs by more than this (in the units after the transform, a doubling for logarithms) come from another scale. */
const LARGEST_SHIFT = 1;
const FEWEST_SHARED = 20;

/**
 * What makes two cohorts' expression no common scale, each after its own transform, as warnings about the second: another kind of values, ranks beside
 * values, few shared genes, or shared genes whose medians are shifted by more than a doubling for the typical gene.
 */
export function compareExpressions(first: ComparedExpression, second: ComparedExpression): Problem[] {
  const problems: Problem[] = [];
  const warn = (message: string, remedy: string) =>
    problems.push({ severity: 'warning', file: second.file, message, remedy });
  const [before, after] = [first.expression.transformed, second.expression.transformed];
  const [one, other] = [valueScale(first.expression), valueScale(second.expression)];
  const ranked = before === 'rank' || after === 'rank';
  if (ranked && before !== after) {
    warn(
      `the transform of '${second.name}' is '${after}', that of '${first.name}' '${before}'`,
      'Choose ranks for both, or for none',
    );
  } else if (one !== other && !ranked) {
    warn(
      `the values of '${second.name}' look like ${describeScale(other)} after the transform '${after}', those of '${first.name}' like ${describeScale(one)} after '${before}'`,
      'Bring both to one unit, or scale each cohort by itself',
    );
  }
  const genes = new Set(second.expression.genes);
  const shared = first.expression.genes.filter((gene) => genes.has(gene));
  const lacking = first.expression.genes.filter((gene) => !genes.has(gene));
  if (lacking.length > 0) {
    warn(
      `${lacking.length} of ${first.expression.genes.length} genes of '${first.name}' are not in '${second.name}' (${someOf(lacking)})`,
      'A model of both is built without them',
    );
  }
  if (shared.length < FEWEST_SHARED || one !== other || ranked) return problems;
  const shift = typicalShift(medians(first, shared), medians(second, shared));
  if (Math.abs(shift) > LARGEST_SHIFT) {
    warn(
      `the typical gene of '${second.name}' is ${Math.abs(shift).toFixed(1)} ${shift > 0 ? 'higher' : 'lower'} than in '${first.name}' after the transform`,
      'Check that both are of the same unit',
    );
  }
  return problems;
}

/** Medians of these genes, in their order. */
function medians({ expression }: ComparedExpression, genes: readonly string[]): Float64Array {
  const at = new Map(expression.genes.map((gene, g) => [gene, g]));
  const found = geneMedians(expression);
  return Float64Array.from(genes, (gene) => found[at.get(gene)!]);
}

function typicalShift(first: Float64Array, second: Float64Array): number {
  const shifts = second.map((x, i) => x - first[i]).filter((x) => !Number.isNaN(x));
  return shifts.length > 0 ? quantile(shifts.sort(), 0.5) : 0;
}
