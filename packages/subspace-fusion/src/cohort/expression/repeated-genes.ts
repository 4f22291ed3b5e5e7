import { counted, someOf, type Problem } from '../problems.js';
import type { Expression } from '../types.js';
import type { RawExpression } from './raw.js';

/** Genes of the file that come to the same symbol, and which of them is read. */
export interface RepeatedGene {
  readonly symbol: string;
  readonly taken: string;
  readonly left: readonly string[];
}

/** Of the genes of one symbol the one with the highest mean over the patients is read, the first of equal ones. */
export const REPEATED_GENE_RULE = 'the one with the highest mean is read';

/** Turns a reader's rows into `[patients, genes]`, one gene a symbol. */
export function withoutRepeatedGenes(raw: RawExpression): { expression: Expression; repeated: RepeatedGene[] } {
  const { patients, genes, rows, genesAreRows } = raw;
  const value = (patient: number, gene: number) => (genesAreRows ? rows[gene][patient] : rows[patient][gene]);
  const mean = (gene: number) => {
    let sum = 0;
    let known = 0;
    for (let p = 0; p < patients.length; p++) {
      const x = value(p, gene);
      if (Number.isNaN(x)) continue;
      sum += x;
      known++;
    }
    return known === 0 ? -Infinity : sum / known;
  };
  const placesOf = new Map<string, number[]>();
  genes.forEach(({ symbol }, g) => {
    const places = placesOf.get(symbol);
    if (places) places.push(g);
    else placesOf.set(symbol, [g]);
  });
  const repeated: RepeatedGene[] = [];
  const taken = [...placesOf].map(([symbol, places]) => {
    if (places.length === 1) return places[0];
    const means = places.map(mean);
    const best = places[means.indexOf(Math.max(...means))];
    const left = places.filter((g) => g !== best).map((g) => genes[g].name);
    repeated.push({ symbol, taken: genes[best].name, left });
    return best;
  });
  const values = new Float32Array(patients.length * taken.length);
  for (let p = 0; p < patients.length; p++) {
    for (let g = 0; g < taken.length; g++) values[p * taken.length + g] = value(p, taken[g]);
  }
  return { expression: { patients, genes: [...placesOf.keys()], values }, repeated };
}

/** States which repeated genes of the gene sets were resolved; those that nobody needs go unmentioned. */
export function repeatedGeneProblems(
  file: string,
  repeated: readonly RepeatedGene[],
  needed: ReadonlySet<string>,
): Problem[] {
  const resolved = repeated.filter(({ symbol }) => needed.has(symbol));
  if (resolved.length === 0) return [];
  const named = resolved.map(({ symbol, taken, left }) =>
    left.every((name) => name === taken)
      ? `${symbol}, ${left.length + 1} times`
      : `${symbol}: ${taken} rather than ${left.join(', ')}`,
  );
  const message = `${counted(resolved.length, 'gene of the gene sets stands', 'genes of the gene sets stand')} there several times (${someOf(named)})`;
  return [{ severity: 'warning', file, message, remedy: `Of each, ${REPEATED_GENE_RULE}` }];
}
