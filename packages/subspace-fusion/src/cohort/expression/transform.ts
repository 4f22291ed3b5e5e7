import { someOf, InputError } from '../../files/errors.js';
import { required } from '../../files/required.js';
import type { Expression, ExpressionTransform } from '../types.js';

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
