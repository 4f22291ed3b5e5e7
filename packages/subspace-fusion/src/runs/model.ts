import { z } from 'zod';
import type { LabelRule, ProvenanceSummary, Task } from '../cohort/types.js';
import type { Layout } from '../config/values.js';
import type { Stored } from '../files/json.js';
import type { NetworkChoice } from '../model/choice.js';
import type { NetworkSize } from '../model/layers.js';
import { WHOLE } from '../model/parts.js';
import type { PeerName } from '../model/peers/index.js';
import { componentsPart } from './components.js';
import { covariateEncoding } from './covariates.js';
import { geneScaling } from './scaling.js';
import { count, numbers, texts, TIME_UNITS } from './values.js';

const task = z.union([
  z.enum(['survival', 'diagnosis', 'grade', 'subtype']),
  z.object({ column: z.string() }),
]) satisfies z.ZodType<Task>;

const network = z.union([
  z.object({
    name: z.literal('subspace'),
    parts: z.object({
      subspaces: z.enum(['two', 'joint']),
      attention: z.enum(['deformable', 'plain']),
      positionBias: z.boolean(),
      standIns: z.boolean(),
    }),
  }),
  z.object({
    name: z.enum(['abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta']) satisfies z.ZodType<PeerName>,
  }),
]) satisfies z.ZodType<NetworkChoice>;

const outcome = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('classes'),
    classes: texts.min(1).describe('In the order of the outputs'),
    weights: numbers.describe("Each class's weight in the training loss"),
  }),
  z.object({
    kind: z.literal('survival'),
    timeUnit: z.enum(TIME_UNITS),
    cuts: numbers.min(1).describe('Cuts between the bins, in `timeUnit`'),
    end: z
      .number()
      .optional()
      .describe(
        'Of the calibrated head: where the last bin ends, and censored patients are credited with the part of their bin that they were seen in',
      ),
  }),
]);

const size = z.object({
  patchWidth: count.describe("Width of a patch's features as the network takes them"),
  genes: z.object({ tumour: count, microenvironment: count }),
  classes: count.describe('Classes, or survival bins'),
  covariates: count.optional().describe('Numbers that the clinical covariates are; none, where it is absent'),
}) satisfies z.ZodType<NetworkSize>;

const facts = <S extends z.ZodType>(value: S) => z.array(value).optional();
const provenance = z.object({
  encoder: facts(z.string()),
  magnification: facts(z.number()),
  level0Magnification: facts(z.number()),
  patchLevel: facts(z.number()),
  patchSize: facts(z.number()),
  patchSizeLevel0: facts(z.number()),
  patchSizeMicrometres: facts(z.number()),
  overlap: facts(z.number()),
  unit: facts(z.enum(['pixels', 'micrometres'])),
}) satisfies z.ZodType<ProvenanceSummary>;

const imported = z.object({
  checkpoint: z.string().describe('Name of the file'),
  sha256: z.string(),
  scaling: z
    .enum(['none', 'training'])
    .describe('Whether expression reaches the network as it stands in the matrix, or scaled on the training patients'),
  decidedHere: texts.describe("What was decided here, not by the checkpoint's authors"),
  ignored: texts.describe('Parameters that never reach the loss of the published network'),
  unknown: texts.describe('Names that the network does not have'),
});

/** `model.json`: everything but the parameters that a prediction needs. */
export const modelFile = z.object({
  format: z.literal(1).describe('Form of the file'),
  task: task.describe('What is predicted'),
  labels: z.enum(['who2021', 'paper']).describe('Rule of the diagnosis') satisfies z.ZodType<LabelRule>,
  network: network
    .default({ name: 'subspace', parts: { ...WHOLE } })
    .describe('Which network it is, and its parts; the method, where it is absent'),
  outcome: outcome.describe("What the network's outputs mean"),
  tokens: count.describe('Tokens of a bag'),
  layout: z
    .enum(['raster', 'spatial'])
    .optional()
    .describe('How tokens stand on the grid; in the order of the file, where it is absent') satisfies z.ZodType<
    Layout | undefined
  >,
  size: size.describe('Widths of inputs and outputs'),
  components: componentsPart
    .optional()
    .describe('How the features of the files become those of the network; as they are, where it is absent'),
  scaling: z
    .object({ tumour: geneScaling, microenvironment: geneScaling })
    .describe('Gene order and scaling of each subspace'),
  covariates: covariateEncoding.optional().describe('How clinical covariates become inputs of the head'),
  definingCovariates: texts.optional().describe("Those of them that are part of the label's definition"),
  encoder: z.string().optional().describe('Patch encoder, as far as the files say'),
  provenance: provenance.optional().describe('How the patches were cut and encoded, as far as the files say'),
  inputs: z
    .record(z.string(), z.string())
    .describe(
      'SHA-256 of clinical table, matrix and gene sets; `features`: of names, sizes and both ends of the feature files',
    ),
  version: z.string().describe('Of the program'),
  imported: imported.optional().describe('Where a model came from that was not trained here'),
});

/** Everything but the parameters that a prediction needs; stored as `model.json` beside the checkpoint. */
export type Model = Stored<typeof modelFile>;
/** What the network's outputs mean. Learned from the training patients alone. */
export type Outcome = Model['outcome'];
/** Where a model came from that was not trained here. */
export type ImportRecord = Stored<typeof imported>;

/** The name of a task in results: `survival`, `diagnosis`, or the column. */
export function taskName(task: Task): string {
  return typeof task === 'string' ? task : task.column;
}
