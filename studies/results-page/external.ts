/** The record of the external validation of the gene side, and its table. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { formatMarkdown } from '../../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { number } from '../../packages/subspace-fusion/dist/words/comparison.js';
import { estimate, source } from './data.js';

export const EXTERNAL = 'studies/results/external-genes.json';

const score = z.strictObject({
  cohort: z.string(),
  trainedOn: z.string(),
  scaling: z.string(),
  patients: z.int().positive(),
  deaths: z.int().nonnegative(),
  model: z.string(),
  concordance: estimate,
});
export type ExternalScore = z.infer<typeof score>;

const external = z.strictObject({
  source,
  genes: z.int().positive().describe('Of the two sets, in all matrices'),
  trainingPatients: z.int().positive().describe('Of TCGA, validation and test patients of the training included'),
  scores: z.array(score).min(1),
});
export type External = z.infer<typeof external>;

export function readExternal(file: string): External | undefined {
  return existsSync(file) ? external.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export function writeExternal(file: string, value: External): void {
  writeFileSync(file, `${JSON.stringify(external.parse(value), null, 2)}\n`);
}

/** One row per cohort, training and scaling; both models next to each other. */
export function externalTable({ scores }: External): string {
  const shown = (own: ExternalScore | undefined) =>
    own ? `${number(own.concordance.value)} (${number(own.concordance.low)} to ${number(own.concordance.high)})` : '';
  const first = scores.filter(({ model }) => model === 'snn');
  return formatMarkdown({
    header: [
      'cohort',
      'trained on',
      'scaling',
      'patients, deaths',
      '`snn`, C-index (95 %)',
      'ridge Cox, same genes (95 %)',
    ],
    rows: first.map((own) => {
      const isBeside = (other: ExternalScore) =>
        other.model !== own.model &&
        other.cohort === own.cohort &&
        other.trainedOn === own.trainedOn &&
        other.scaling === own.scaling;
      const { cohort, trainedOn, scaling, patients, deaths } = own;
      return [cohort, trainedOn, scaling, `${patients}, ${deaths}`, shown(own), shown(scores.find(isBeside))];
    }),
  });
}
