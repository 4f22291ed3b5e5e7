import {
  type CohortExplanation,
  type Completeness,
  type GeneExplanation,
  type PatientExplanation,
  type SetEnrichment,
  type Shares,
} from '../explanation/index.js';
import { outputWords } from '../words/prediction.js';

const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toPrecision(3)}`;
const percent = (x: number) => `${(100 * x).toFixed(0)} %`;

/** Lines on one patient's explanation. */
export function describePatient({
  patient,
  task,
  output,
  value,
  genes,
  subspaces,
  modalities,
  slides,
  notes,
}: PatientExplanation): string[] {
  return [
    `${patient}: ${task}; explained: ${outputWords(output)}, ${value.toPrecision(4)}`,
    ...(genes ? describeGenes(genes) : []),
    ...(subspaces ? [describeShares('subspaces, against their training mean', subspaces)] : []),
    ...(modalities ? [describeShares('modalities, against mean genes and a bag of mean patches', modalities)] : []),
    ...slides.flatMap(({ slide, completeness }) =>
      completeness ? [`patches of ${slide}: ${complete(completeness)}`] : [],
    ),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** The genes that moved the output most, up and down. */
function describeGenes({ subspaces, completeness }: GeneExplanation): string[] {
  const all = Object.values(subspaces).flatMap(({ genes }) => genes);
  const most = (sign: number) =>
    all
      .filter(({ attribution }) => sign * attribution > 0)
      .sort((a, b) => sign * (b.attribution - a.attribution))
      .slice(0, 5)
      .map(({ gene, attribution }) => `${gene} ${signed(attribution)}`)
      .join(', ');
  return [
    `genes, against the training mean: ${complete(completeness)}`,
    ...Object.entries(subspaces).map(([subspace, { sum }]) => `  ${subspace.padEnd(18)}${signed(sum)}`),
    `  ${'up'.padEnd(18)}${most(1)}`,
    `  ${'down'.padEnd(18)}${most(-1)}`,
  ];
}

function complete({ from, to, error, steps, holds }: Completeness): string {
  return `${signed(to - from)}; attributions sum to it within ${(100 * error).toFixed(2)} % (${steps} steps)${holds ? '' : ', NOT within 1 %: read them with caution'}`;
}

function describeShares(what: string, { contribution, share }: Shares<string>): string {
  const parts = Object.keys(contribution).map(
    (player) => `${player} ${signed(contribution[player])} (${percent(share[player])})`,
  );
  return `${what}: ${parts.join(', ')}`;
}

/** Lines on what moves a model over a cohort. */
export function describeCohort({
  task,
  split,
  patients,
  output,
  rankings,
  untrained,
  groups,
  enrichment,
  completeness,
}: CohortExplanation): string[] {
  const { worst, over, samples } = completeness;
  return [
    `${task}, ${patients} ${split} patients; explained: ${output}`,
    over === 0
      ? `attributions are complete within ${(100 * worst).toFixed(2)} %`
      : `attributions of ${over} of ${samples} slides are NOT complete within 1 % (worst ${(100 * worst).toFixed(1)} %)`,
    ...rankings.flatMap(({ subspace, genes, chance }) => [
      `${subspace}: ${genes.filter(({ p }) => p <= 0.05).length} of ${genes.length} genes beyond chance (${chance.toPrecision(3)}); order before training: correlation ${untrained[subspace].toFixed(2)}`,
      ...genes
        .slice(0, 10)
        .map(
          ({ rank, gene, importance, low, high, rankLow, rankHigh, slope, p }) =>
            `  ${String(rank).padStart(3)} (${Math.round(rankLow)} to ${Math.round(rankHigh)})  ${gene.padEnd(12)} ${importance.toPrecision(3)} (95 % ${low.toPrecision(3)} to ${high.toPrecision(3)}), slope ${signed(slope)}, p ${p.toFixed(3)}`,
        ),
    ]),
    ...(groups ? describeGroups(groups) : []),
    ...(enrichment ?? []).map(describeSet),
  ];
}

function describeGroups({ groups, p }: NonNullable<CohortExplanation['groups']>): string[] {
  return [
    `share of the tumour subspace${p === undefined ? '' : `, p of a difference ${p.toFixed(3)}`}`,
    ...groups.map(
      ({ group, patients, tumourShare: { mean, low, high } }) =>
        `  ${group.padEnd(18)}${percent(mean)} (95 % ${percent(low)} to ${percent(high)}; n ${patients})`,
    ),
  ];
}

function describeSet({ set, read, genes, auc, chance, p, adjustedP, reason }: SetEnrichment): string {
  if (auc === undefined || !chance || p === undefined || adjustedP === undefined)
    return `set ${set} (${read} of ${genes} genes): not tested, ${reason ?? ''}`;
  return `set ${set} (${read} of ${genes} genes): area ${auc.toFixed(3)} (chance ${chance.low.toFixed(3)} to ${chance.high.toFixed(3)}), p ${p.toFixed(3)}, adjusted ${adjustedP.toFixed(3)}`;
}
