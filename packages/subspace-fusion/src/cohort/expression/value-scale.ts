import { quantile } from '../quantile.js';
import type { Expression } from '../types.js';

/** What kind of values a matrix holds, by their look. */
export type ValueScale = 'z-scores' | 'logarithms' | 'counts' | 'linear' | 'unclear';

/** A look at fewer genes or patients says nothing. */
const FEWEST_GENES = 20;
const FEWEST_PATIENTS = 3;
/** log2 of a thousand million: no logarithm of expression is higher. */
const HIGHEST_LOGARITHM = 30;
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
export function geneMedians({ patients, genes, values }: Expression): Float64Array {
  return Float64Array.from(genes, (_, g) => {
    const own = Float64Array.from(patients, (__, p) => values[p * genes.length + g])
      .filter((x) => !Number.isNaN(x))
      .sort();
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
    const medians = geneMedians(expression)
      .filter((x) => !Number.isNaN(x))
      .sort();
    const spread = quantile(medians, 0.75) - quantile(medians, 0.25);
    return spread < WIDEST_CENTRES && Math.abs(quantile(medians, 0.5)) < WIDEST_CENTRES ? 'z-scores' : 'logarithms';
  }
  if (integers) return highest > HIGHEST_LOGARITHM ? 'counts' : 'unclear';
  return highest <= HIGHEST_LOGARITHM ? 'logarithms' : 'linear';
}
