import type { ClinicalTable } from '../../cohort/clinical.js';
import { counted, someOf, type Cohort, type Config, type Split } from '../../cohort/index.js';
import { tellTaleGenes } from '../../cohort/present-genes.js';
import type { LocalFinding } from './finding.js';

/**
 * Whether the training patients alone leave the genes out that `expression.leaveOutFloorsBy` leaves out by all patients, those to test among them. The choice
 * looks at no outcome, and yet it is made with test patients.
 * @param tables The clinical table of each cohort, the config's own first.
 * @param genes The genes of the gene sets.
 */
export function floorGenesByAll(config: Config, tables: readonly ClinicalTable[], expression: Cohort['expression'], genes: readonly string[], split: Split): LocalFinding[] {
  const { leaveOutFloorsBy } = config.expression;
  if (leaveOutFloorsBy === undefined) return [];
  const training = new Set(split.train);
  const ofTraining = tables.map((table) => ({ ...table, patients: table.patients.filter(({ id }) => training.has(id)) }));
  const byAll = tellTaleGenes(config.expression, tables, expression);
  const byTraining = tellTaleGenes(config.expression, ofTraining, expression);
  const who = genes.filter((gene) => byAll.has(gene) !== byTraining.has(gene));
  if (who.length === 0) return [];
  const leftOut = (by: ReadonlySet<string>) => genes.filter((gene) => by.has(gene)).length;
  return [{
    kind: 'genes',
    severity: 'leak',
    message:
      `expression.leaveOutFloorsBy (${leaveOutFloorsBy}) chose genes with test patients among the others: all patients leave out ${leftOut(byAll)} genes of the sets, ` +
      `the training patients alone ${leftOut(byTraining)}; ${counted(who.length, 'gene differs', 'genes differ')} (${someOf(who)})`,
    who,
    remedy: 'The choice looks at no outcome: say so beside the figures, or give gene sets without the genes of both choices',
  }];
}
