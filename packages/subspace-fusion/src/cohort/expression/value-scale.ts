import { InputError, required, someOf, type Problem } from '../../files/errors.js';
import { quantile } from '../../metrics/arrays.js';
import type { Expression, ExpressionTransform } from '../types.js';

/** What kind of values a matrix holds, by their look. */
export type ValueScale = 'z-scores' | 'logarithms' | 'counts' | 'linear' | 'unclear';

/** A look at fewer genes or patients says nothing. */
const FEWEST_GENES = 20;
const FEWEST_PATIENTS = 3;
/** log2 of a thousand million: no logarithm of expression is higher. */
export const HIGHEST_LOGARITHM = 30;
/** Medians of z-scored genes lie about 0; those of logarithms spread over several doublings. */
const WIDEST_CENTRES = 1.5;

const WORDS: Readonly<Record<ValueScale, string>> = {
  'z-scores': 'z-scores',
  logarithms: 'logarithms',
  counts: 'counts',
  linear: 'TPM or FPKM',
  unclear: 'nothing known',
};

export const describeScale = (scale: ValueScale): string => WORDS[scale];

/** Median of each gene over the patients; NaN for a gene without a value. */
function geneMedians({ patients, genes, values }: Expression): Float64Array {
  return Float64Array.from(genes, (_, g) => {
    const own = Float64Array.from(patients, (__, p) => values[p * genes.length + g]).filter((x) => !Number.isNaN(x));
    return own.length > 0 ? quantile(own, 0.5) : NaN;
  });
}

/**
 * Tells by the look of them what the values are. With negative values: z-scores where the genes' medians lie together (central half within
 * 1.5), otherwise logarithms. Without: logarithms up to 30, counts where all are integers, otherwise TPM or FPKM.
 */
export function valueScale(expression: Expression): ValueScale {
  const { patients, genes, values } = expression;
  if (genes.length < FEWEST_GENES || patients.length < FEWEST_PATIENTS) return 'unclear';
  let [lowest, highest, integers] = [Infinity, -Infinity, true];
  for (const x of values) {
    if (Number.isNaN(x)) continue;
    lowest = Math.min(lowest, x);
    highest = Math.max(highest, x);
    integers &&= Number.isInteger(x);
  }
  if (lowest < 0) {
    const medians = geneMedians(expression).filter((x) => !Number.isNaN(x));
    const spread = quantile(medians, 0.75) - quantile(medians, 0.25);
    return spread < WIDEST_CENTRES && Math.abs(quantile(medians, 0.5)) < WIDEST_CENTRES ? 'z-scores' : 'logarithms';
  }
  if (integers) return highest > HIGHEST_LOGARITHM ? 'counts' : 'unclear';
  return highest <= HIGHEST_LOGARITHM ? 'logarithms' : 'linear';
}

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
  return Float64Array.from(genes, (gene) => found[required(at, gene)]);
}

function typicalShift(first: Float64Array, second: Float64Array): number {
  const shifts = second.map((x, i) => x - first[i]).filter((x) => !Number.isNaN(x));
  return shifts.length > 0 ? quantile(shifts, 0.5) : 0;
}

/** Ranks of values within one patient, scaled to (0, 1): (rank − ½)/n, ties share their mean rank. */
function ranks(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a] - values[b]);
  const ranked = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    // Ranks from + 1 … to, so their mean is (from + to + 1)/2.
    for (let i = from; i < to; i++) ranked[order[i]] = (from + to) / 2 / order.length;
    from = to;
  }
  return ranked;
}

/** The part of a transform that looks at one value; ranks are taken among the genes of a patient. */
const ELEMENTWISE: { readonly [T in ExpressionTransform]: (x: number) => number } = {
  none: (x) => x,
  log2p1: (x) => Math.log2(1 + x),
  rank: (x) => x,
};

/** A matrix as it stands in its file, after the transform; values of several files are then on one scale. */
export function transformExpression(expression: Expression, transform: ExpressionTransform): Expression {
  const values = transform === 'log2p1' ? expression.values.map(ELEMENTWISE.log2p1) : expression.values;
  return { ...expression, values, transformed: transform };
}

/** Transformed values of the patients, one row each, in the order of `genes`. Ranks are among these genes. Values that are transformed already are taken as they are. */
export function transformed(
  expression: Expression,
  patients: readonly string[],
  genes: readonly string[],
  transform: ExpressionTransform,
): Float64Array[] {
  const done = expression.transformed;
  if (done !== undefined && (done === 'rank') !== (transform === 'rank')) {
    throw new InputError(
      `The model reads expression after the transform '${transform}', and this is after '${done}'. Set expression.transform to '${transform}'.`,
    );
  }
  const onValue = done === undefined ? ELEMENTWISE[transform] : ELEMENTWISE.none;
  const geneAt = new Map(expression.genes.map((gene, g) => [gene, g]));
  const patientAt = new Map(expression.patients.map((id, p) => [id, p]));
  const absent = genes.filter((gene) => !geneAt.has(gene));
  if (absent.length > 0) {
    throw new InputError(
      `The expression matrix lacks ${absent.length} of the ${genes.length} genes that the model needs (${someOf(absent)}). Add them.`,
    );
  }
  const columns = genes.map((gene) => required(geneAt, gene));
  return patients.map((id) => {
    const p = patientAt.get(id);
    if (p === undefined) throw new InputError(`The expression matrix has no patient '${id}'. Add the patient.`);
    const values = Float64Array.from(columns, (g) => onValue(expression.values[p * expression.genes.length + g]));
    return transform === 'rank' ? ranks(values) : values;
  });
}
