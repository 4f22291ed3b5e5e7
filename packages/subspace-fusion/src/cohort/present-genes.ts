import type { Config } from './config.js';
import { geneSetsFile } from './default-gene-sets.js';
import { someOf, type Problem } from './problems.js';
import type { Cohort, Expression, Subspace } from './types.js';

/** Genes of each set that the matrix has; the others are counted. */
export function presentGenes(
  { geneSets: config }: Pick<Config, 'geneSets'>,
  geneSets: Cohort['genes'],
  expression: Expression,
  problems: Problem[],
): Cohort['genes'] {
  const inMatrix = new Set(expression.genes);
  const present = (subspace: Subspace) => {
    const all = geneSets[subspace];
    const set = config[subspace];
    const absent = all.filter((gene) => !inMatrix.has(gene));
    const kept = all.filter((gene) => inMatrix.has(gene));
    const note = (severity: Problem['severity'], message: string, remedy: string) =>
      problems.push({ severity, file: geneSetsFile(config), message, remedy });
    if (kept.length === 0)
      note('error', `no gene of ${set} is left of ${all.length}`, 'Use the gene symbols of the expression matrix');
    else if (absent.length > 0) {
      note(
        'warning',
        `${absent.length} of ${all.length} genes of ${set} are not in the matrix (${someOf(absent)})`,
        'The model is built without them',
      );
    }
    return kept;
  };
  return { tumour: present('tumour'), microenvironment: present('microenvironment') };
}
