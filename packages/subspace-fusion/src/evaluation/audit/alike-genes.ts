import { dot } from '../../metrics/linear-algebra.js';

/** Genes of a patient, standardised over patients. */
export interface StandardisedGenes {
  readonly patient: string;
  /** [genes] */
  readonly values: Float64Array;
}

/** Correlation of standardised genes above which two patients may be one. Of the gliomas of TCGA no two reach 0.95 in 100 to 1,500 genes. */
export const ALIKE = 0.99;

/** Of fewer genes two patients may correlate by chance. */
const FEWEST = 10;

type Pair = readonly [StandardisedGenes, StandardisedGenes];

/** Each of `own` with those of `others` whose genes run alike: Pearson correlation above {@link ALIKE}. */
export function alikeBetween(own: readonly StandardisedGenes[], others: readonly StandardisedGenes[]): Pair[] {
  const unit = (all: readonly StandardisedGenes[]) => all.map(({ values }) => direction(values));
  const [a, b] = [unit(own), unit(others)];
  if (own.some(({ values }) => values.length < FEWEST)) return [];
  return own.flatMap((one, i) =>
    others.flatMap((other, j): Pair[] => (product(a[i], b[j]) > ALIKE ? [[one, other]] : [])),
  );
}

/** Pairs of patients of one list whose genes run alike. */
export function alikeAmong(all: readonly StandardisedGenes[]): Pair[] {
  return all.flatMap((one, i) => alikeBetween([one], all.slice(i + 1)));
}

/** The values less their mean, at length 1; zeros where all are equal. */
function direction(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const centred = values.map((x) => x - mean);
  const length = Math.sqrt(product(centred, centred));
  return length > 0 ? centred.map((x) => x / length) : centred;
}

const product = (a: Float64Array, b: Float64Array): number => dot(a, 0, b, 0, a.length);

/** Rows [patients, genes] with each gene less its mean over patients and divided by its deviation; a gene that is the same in all is 0. */
export function standardise(
  patients: readonly string[],
  genes: number,
  values: ArrayLike<number>,
): StandardisedGenes[] {
  const n = patients.length;
  const rows = patients.map((patient) => ({ patient, values: new Float64Array(genes) }));
  for (let g = 0; g < genes; g++) {
    let mean = 0;
    for (let i = 0; i < n; i++) mean += values[i * genes + g] / n;
    let variance = 0;
    for (let i = 0; i < n; i++) variance += (values[i * genes + g] - mean) ** 2 / n;
    if (variance > 0) rows.forEach((row, i) => (row.values[g] = (values[i * genes + g] - mean) / Math.sqrt(variance)));
  }
  return rows;
}
