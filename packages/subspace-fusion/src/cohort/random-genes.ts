import { key, permutation } from '../random/counter.js';
import type { Config } from './config.js';
import { badInput, type Problem } from './problems.js';
import type { Cohort, Expression } from './types.js';

/** Whether a gene is measured in every patient and not the same in all of them. */
function varies({ patients, genes, values }: Expression, gene: number): boolean {
  let differs = false;
  for (let p = 0; p < patients.length; p++) {
    const x = values[p * genes.length + gene]!;
    if (Number.isNaN(x)) return false;
    differs ||= x !== values[gene];
  }
  return differs;
}

/**
 * The control to gene sets made from knowledge: as many genes as the sets have, drawn at random among the matrix's genes that are in neither set, measured
 * in every patient, not constant, and not left out for their floor.
 * @param used The genes that the sets would give, whose numbers are taken.
 * @param excluded Genes of the sets, present or not, and those with a tell-tale floor.
 * @throws {UserError} where the matrix has too few other genes.
 */
export function randomGenes(
  { expression: { file } }: Pick<Config, 'expression'>,
  seed: number,
  used: Cohort['genes'],
  excluded: ReadonlySet<string>,
  expression: Expression,
  problems: Problem[],
): Cohort['genes'] {
  const candidates = expression.genes.filter((gene, g) => !excluded.has(gene) && varies(expression, g)).sort();
  const [T, M] = [used.tumour.length, used.microenvironment.length];
  if (candidates.length < T + M) {
    const message = `random gene sets of ${T} and ${M} genes (geneSets.random) need ${T + M} genes outside both sets, and the matrix has ${candidates.length} that are measured in all patients and vary`;
    throw badInput({ file, message, remedy: 'Give a matrix of all genes, or smaller gene sets' });
  }
  const order = permutation(key(seed, 'random gene sets'), candidates.length);
  const drawn = (from: number, count: number) => Array.from(order.subarray(from, from + count), (i) => candidates[i]!);
  const message = `geneSets.random: the model reads ${T} and ${M} genes drawn from the ${candidates.length} genes of the matrix that are in neither set (seed ${seed})`;
  problems.push({ severity: 'warning', file, message, remedy: 'This is a control: of the gene sets only the sizes are used' });
  return { tumour: drawn(0, T), microenvironment: drawn(T, M) };
}
