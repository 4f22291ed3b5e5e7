import { z } from 'zod';
import type { Split } from '../cohort/types.js';
import { schema as configSchema, type Config } from '../config/schema.js';
import type { Stored } from '../files/json.js';
import type { Branch } from '../model/parts.js';
import { count, format, number, texts } from './values.js';

/** `config.json`: the resolved config, with every path absolute. */
export const configFile = z.preprocess(withoutFormat, configSchema);

/** The keys of a config are checked strictly, and `format` is none of them. */
function withoutFormat(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('format' in value)) return value;
  const { format: written, ...config } = value;
  return written === 1 ? config : value;
}

/** `split.json`: who was in which part. */
export const splitFile = z
  .object({
    format,
    train: texts.describe('Patients that the model was fitted to'),
    validation: texts.describe('Patients that the epoch was chosen on'),
    test: texts.describe('Patients who had no part in the model'),
    conformal: texts.optional().describe('Patients set aside for prediction sets'),
  })
  .transform(({ format: _, ...split }): Split => split);

const byBranch = z.partialRecord(z.enum(['tumour', 'microenvironment', 'joint']), number) satisfies z.ZodType<
  Readonly<Partial<Record<Branch, number>>>
>;

/** One line of `metrics.jsonl`. */
export const epochLine = z.object({
  epoch: z.int().positive().describe('Counted from 1'),
  learningRate: z.number(),
  loss: number.describe("Mean over the epoch's steps of the whole loss"),
  taskLoss: number.describe("The same of the task's own"),
  consistency: byBranch.describe('The same of the consistency of each branch of the network; a peer has none'),
  coordination: z
    .object({ steps: count, tumourYielded: count, microenvironmentYielded: count })
    .optional()
    .describe('Steps of the epoch, and in how many a subspace gave way; for networks of two subspaces'),
  geneCodeRank: byBranch
    .optional()
    .describe(
      'Directions that the gene codes of the validation patients use, by branch of the network; a peer has none',
    ),
  validation: z
    .object({ metric: z.string(), value: z.number().nullable(), loss: number })
    .describe('What the epoch is selected by, and the task loss, on the validation patients'),
  seconds: z.number(),
});
export type EpochRecord = Stored<typeof epochLine>;
type Selection = Config['training']['select'];

/**
 * What the kept epoch is chosen by, higher is better: the validation metric, minus the validation task loss (for classes, each
 * patient weighs as in training), or the number of the epoch. null where the metric could not be computed.
 */
export function selectionValue({ epoch, validation }: EpochRecord, select: Selection): number | null {
  if (select === 'metric') return validation.value;
  return select === 'likelihood' ? -validation.loss : epoch;
}

/**
 * Whether an epoch's validation value is better than the best before it: the earliest of equals wins, and where none could be scored, the
 * last one.
 */
export const isBetterEpoch = (value: number | null, best: number | null): boolean =>
  value === null ? best === null : best === null || value > best;

/** What the metadata of `state.safetensors` hold: how far training is, and the best epoch so far. */
export const stateMetadata = z.object({
  epoch: count.describe('Epochs done'),
  step: count.describe('Steps of the optimiser'),
  best: z
    .object({ epoch: count, value: z.number().nullable() })
    .describe('Best validation value so far, and its epoch'),
});

/** What the metadata of `checkpoint.safetensors` hold. */
export const checkpointMetadata = z.object({
  epoch: z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .describe('The epoch that the parameters are of; 0 of an imported model'),
  task: z.string().describe('What is predicted'),
  model: z.string().describe('SHA-256 of the meaning of `model.json`: a checkpoint of another model is refused'),
});
