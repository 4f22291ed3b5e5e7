import { z } from 'zod';
import type { Stored } from '../files/json.js';
import { count, format, number, texts } from './values.js';

const subspaceName = z.enum(['tumour', 'microenvironment']);
const measured = z.array(number);

const completeness = z.object({
  from: number.describe('The output at the baseline'),
  to: number.describe('The output at the input'),
  sum: number.describe('Sum of all attributions'),
  error: number.describe('|sum − (to − from)| over |to − from|'),
  steps: count.describe('Intervals of the path'),
  holds: z
    .boolean()
    .describe("Whether the error is within 1 %, or within float32's rounding where the output hardly changes"),
});
/** How well attributions add up to the change that they explain. */
export type Completeness = Stored<typeof completeness>;

const geneAttribution = z.object({
  gene: z.string(),
  z: number.describe('Scaled expression: standard deviations from the training mean'),
  attribution: number.describe(
    "Part of the change of the output that it accounts for; the mean over the patient's slides",
  ),
});

const ofGenes = z.object({ sum: number, genes: z.array(geneAttribution) });
const geneExplanation = z.object({
  subspaces: z.object({ tumour: ofGenes, microenvironment: ofGenes }),
  completeness: completeness.describe('Over the slides: the one that is least complete'),
});
/** Which genes moved a prediction, against the training mean. */
export type GeneExplanation = Stored<typeof geneExplanation>;

const sampledPoint = z.object({
  head: count,
  x: number,
  y: number,
  fromX: number.describe('Where it would be without its offset'),
  fromY: number,
  attention: number.describe('What it receives, the mean over the queries; sums to 1 over the points of a head'),
});
/** A place where deformable attention read, in columns and rows of the bag's grid. */
export type SampledPoint = Stored<typeof sampledPoint>;

const branchView = z.object({
  heads: z.array(measured).describe('Attention that each patch receives from each head, `[8][patches]`'),
  outside: measured.describe("Attention that points beyond the border of the bag's grid receive from each head"),
  attention: measured.describe('Mean over the heads, `[patches]`'),
  points: z.array(sampledPoint).describe('Where deformable attention read; empty for plain attention'),
  moved: measured
    .optional()
    .describe(
      'Part of the change from a bag of mean patches that each patch accounts for in this branch; absent without a background',
    ),
});
/** Where one branch looked on a slide, and what there moved the prediction. Lists over patches follow the slide's `rows`. */
export type BranchView = Stored<typeof branchView>;

const patchLayout = z.object({
  kind: z
    .enum(['slide', 'grid'])
    .describe(
      "`slide`: the file's coordinates. `grid`: the file has none; patches are in the order of the file on the bag's grid, which is no place on the slide",
    ),
  x: measured.describe('Left edge of each patch'),
  y: measured.describe('Upper edge of each patch'),
  edge: number.describe('Edge of a patch'),
});
export type PatchLayout = Stored<typeof patchLayout>;

const slideExplanation = z
  .object({
    slide: z.string(),
    patches: count.describe('Patches of the file'),
    rows: z.array(count).describe('Those of them that are in the bag'),
    tokens: count,
    layout: patchLayout.describe('Places of the patches'),
    branches: z.object({
      tumour: branchView.optional(),
      microenvironment: branchView.optional(),
      joint: branchView.optional(),
    }),
    completeness: completeness.optional(),
  })
  .refine(({ rows, layout, branches }) => {
    const views = Object.values(branches);
    const lists = views.flatMap(({ heads, attention, moved = attention }) => [...heads, attention, moved]);
    return [layout.x, layout.y, ...lists].every((list) => list.length === rows.length);
  }, 'its lists over patches differ in length');
export type SlideExplanation = Stored<typeof slideExplanation>;

const explainedOutput = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('risk') }).describe('Survival: −Σ_j S_j, higher is worse'),
  z
    .object({ kind: z.literal('logProbability'), class: count, className: z.string() })
    .describe('Classes: the natural logarithm of the probability of one class, the one that is predicted'),
]);
export type ExplainedOutput = Stored<typeof explainedOutput>;

const sharesOf = <A extends string, B extends string>(a: A, b: B) => {
  const each = z.object({ [a]: number, [b]: number } as Record<A | B, typeof number>);
  return z.object({
    neither: number,
    alone: each,
    both: number,
    contribution: each.describe('Shapley values; they sum to `both − neither`'),
    share: each.describe('|contribution| over the sum of both; they sum to 1, or are 0 where nothing is shared'),
  });
};

const shownRow = z
  .object({
    name: z.string(),
    text: z.string(),
    value: number.optional().describe('The number behind the text, where there is one'),
    most: z.boolean().optional().describe('The most probable class'),
  })
  .describe('One line of what is shown of a prediction: the same in a terminal, in a report and on the page');
export type ShownRow = Stored<typeof shownRow>;

/** `explanations/PATIENT.json`: why one patient's prediction is what it is. */
export const patientExplanationFile = z.object({
  format,
  patient: z.string(),
  task: z.string(),
  output: explainedOutput.describe('What is explained'),
  value: number.describe('The explained output, the mean over the slides'),
  prediction: z
    .array(shownRow)
    .optional()
    .describe('The prediction and what it is worth, as `subspace predict` prints them'),
  genes: geneExplanation.optional().describe('What each gene moved'),
  subspaces: sharesOf('tumour', 'microenvironment')
    .optional()
    .describe('Shapley values of the two subspaces: one that is away has its feature z at the training mean'),
  modalities: sharesOf('genes', 'slide')
    .optional()
    .describe(
      'Shapley values of the modalities: genes that are away are at the training mean, a slide that is away is a bag of mean patches',
    ),
  slides: z.array(slideExplanation).describe('Where the model looked'),
  notes: texts.describe('What is missing here, and why'),
});
export type PatientExplanation = Stored<typeof patientExplanationFile>;

const rankedGene = z.object({
  subspace: subspaceName,
  gene: z.string(),
  importance: number.describe('Mean |attribution| over the patients, with its 95 % bootstrap interval'),
  low: number,
  high: number,
  rank: number.describe('Place in its subspace, 1 is the most important, with its 95 % bootstrap interval'),
  rankLow: number,
  rankHigh: number,
  slope: number.describe('How much the output rises with a standard deviation of the gene'),
  p: number.describe('Permutation p-value, adjusted for all genes of the subspace'),
});
export type RankedGene = Stored<typeof rankedGene>;

const geneRanking = z.object({
  subspace: subspaceName,
  genes: z.array(rankedGene).describe('From the most important'),
  chance: number.describe('Importance that the largest of all genes stays under in 95 % of the shuffles'),
});
export type GeneRanking = Stored<typeof geneRanking>;

const meanInterval = z.object({ mean: number, low: number, high: number });
export type MeanInterval = Stored<typeof meanInterval>;

const groupShares = z.object({
  group: z.string(),
  patients: count,
  tumourShare: meanInterval.describe(
    'Share of the tumour subspace in the prediction; that of the microenvironment is the rest',
  ),
  tumour: meanInterval.describe('Shapley values'),
  microenvironment: meanInterval,
});
export type GroupShares = Stored<typeof groupShares>;

const groupComparison = z.object({
  groups: z.array(groupShares),
  p: number
    .optional()
    .describe(
      "Whether the tumour's share differs between the groups: permutation p-value of the spread of the groups' means; absent with one group",
    ),
});
export type GroupComparison = Stored<typeof groupComparison>;

const setEnrichment = z.object({
  set: z.string(),
  read: count.describe('Genes of the set that the model reads'),
  genes: count.describe('All of the set'),
  auc: number
    .optional()
    .describe('Probability that a gene of the set ranks above another gene of its subspace; absent with `reason`'),
  chance: z
    .object({ low: number, high: number })
    .optional()
    .describe('95 % of the areas of random sets with as many genes of each subspace'),
  p: number.optional().describe('Permutation p-value of an area as large by chance'),
  adjustedP: number.optional().describe('The same adjusted for the number of sets (Holm)'),
  reason: z.string().optional(),
});
export type SetEnrichment = Stored<typeof setEnrichment>;

/** `explanations/cohort-PART.json`: a model over a part of its cohort. */
export const cohortExplanationFile = z.object({
  format,
  task: z.string(),
  split: z.enum(['train', 'validation', 'test']),
  patients: count,
  output: z.string().describe('What is explained in each patient, in words'),
  rankings: z.array(geneRanking).describe('Genes of each subspace by importance'),
  untrained: z
    .object({ tumour: number, microenvironment: number })
    .describe(
      "Spearman correlation of each subspace's ranking with that of the same network before training: near 1, the ranking says little of what was learned",
    ),
  groups: groupComparison
    .optional()
    .describe(
      'The subspaces compared between low and high risk, or between predicted classes; absent for a joint branch',
    ),
  enrichment: z.array(setEnrichment).optional(),
  completeness: z
    .object({ worst: number, over: count, samples: count })
    .describe(
      'The least complete of all attributions: |sum − change| over |change|, and of how many samples it was over 1 %',
    ),
});
export type CohortExplanation = Stored<typeof cohortExplanationFile>;

/** `explanations/background.json`: what explanations compare a patient with: means over the training patients, each counting once. */
export const backgroundFile = z.object({
  format,
  checkpoint: z.string().describe('SHA-256 of the checkpoint that it was computed with'),
  patients: count.describe('Training patients with slides and genes'),
  meanPatch: measured.describe('Mean patch of their bags, `[width]`'),
  meanZ: z
    .object({ tumour: measured.optional(), microenvironment: measured.optional(), joint: measured.optional() })
    .describe('Mean feature z of each branch, `[128]`'),
  riskCut: number.optional().describe('Survival: the median risk, which parts low from high'),
});
export type Background = Stored<typeof backgroundFile>;
