/** The table of the external validation of the gene side. */
import { formatMarkdown } from '../../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { number } from '../../packages/subspace-fusion/dist/words/comparison.js';
import type { External, ExternalScore } from './data.js';

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
