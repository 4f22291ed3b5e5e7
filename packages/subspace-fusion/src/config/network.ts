import { z } from 'zod';
import { count, MOST, seed, share } from './values.js';

/** Forms of a part of the method: as it is meant, as it was published, or left out. */
const FORMS = ['corrected', 'reference', 'none'] as const;
/** What the kept epoch is chosen by. */
const SELECTIONS = ['metric', 'likelihood', 'last'] as const;
/** Networks that can be trained. */
const NETWORKS = ['subspace', 'abmil', 'transmil', 'snn', 'mean-snn', 'pathomic', 'mcat', 'cmta'] as const;

const BAG = { error: 'a bag is a square number of tokens from 36 up (400, 900, 2500)' };

export const model = z.strictObject({
  name: z
    .enum(NETWORKS)
    .default('subspace')
    .describe('Network: the method (subspace), or a published model that it is compared with.'),
  bag: z
    .int()
    .min(36, BAG)
    .max(MOST.bag)
    .refine((n) => n < 36 || Number.isInteger(Math.sqrt(n)), BAG)
    .default(2500)
    .describe(
      'Tokens of a bag, a square number from 36 up; 36 and 49 leave the attention a single key, so take 400 or more.',
    ),
  dropout: share
    .default(0.1)
    .describe(
      'Dropout of the method; the other models keep the rates of their papers, and 0 turns dropout off in all of them.',
    ),
  survivalHead: z
    .enum(['paper', 'calibrated'])
    .default('paper')
    .describe(
      "Survival: the paper's four quartile bins, or bins with clinical horizons, where censored patients are credited with the part that was seen (calibrated).",
    ),
  subspaces: z
    .enum(['two', 'joint'])
    .default('two')
    .describe('Branches of the genes: one for each set, or an ablation, one for all genes (joint).'),
  attention: z
    .enum(['deformable', 'plain'])
    .default('deformable')
    .describe('Keys of the attention: tokens at learned places, or an ablation, every token (plain).'),
  positionBias: z
    .enum(['continuous', 'none'])
    .default('continuous')
    .describe('Bias of the attention by the distance of query and key, or an ablation without it (none).'),
});

export const training = z.strictObject({
  epochs: count(MOST.epochs).default(20).describe('Passes over the training patients.'),
  batch: count(MOST.batch).default(8).describe('Samples that each update of the parameters is computed from.'),
  microBatch: count(MOST.batch)
    .optional()
    .describe(
      'Samples that go through the network at once, which changes memory and not the gradients; by default as many as have 2,500 tokens.',
    ),
  learningRate: z
    .number()
    .positive()
    .max(1)
    .default(1e-3)
    .describe('Learning rate of Adam at the start; it falls to 0 over the epochs by a cosine.'),
  weightDecay: z.number().nonnegative().max(1).default(1e-4).describe('L2 penalty that is added to the gradient.'),
  seed: seed
    .default(1)
    .describe('Seed of starting values, dropout, order of the patients, drawn slides and bootstrap.'),
  consistency: z
    .enum([...FORMS, 'offsets'])
    .default('corrected')
    .describe(
      'Consistency loss of the two subspaces: as it is meant, as in the published code (reference), or left out (none); offsets, a control, compares offsets without the grid.',
    ),
  coordination: z
    .enum([...FORMS, 'random'])
    .default('corrected')
    .describe(
      'Coordination of the gradients of the two subspaces: as it is meant, as in the published code (reference), or left out (none); random, a control, draws the subspace that gives way.',
    ),
  modalityDropout: share
    .default(0)
    .describe(
      'Share of training samples that lose their slide or their genes, so that the model can do without; 0 for none.',
    ),
  select: z
    .enum(SELECTIONS)
    .default('metric')
    .describe(
      'Which epoch is kept: the best validation C-index or macro AUC (metric), the smallest validation task loss, a negative log likelihood (likelihood), or the last one.',
    ),
  threads: count(MOST.threads).optional().describe('Threads of the processor; by default one a core.'),
});
