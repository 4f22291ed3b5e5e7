import { z } from 'zod';
import { transformed } from '../cohort/expression/value-scale.js';
import type { Cohort, Expression, ExpressionTransform, Subspace } from '../cohort/types.js';
import { counted, InputError, required } from '../files/errors.js';
import type { Stored } from '../files/json.js';
import { quantile } from '../metrics/arrays.js';

const moments = z.object({
  mean: z.array(z.number()).describe("Mean of each gene's transformed values, without their tails"),
  deviation: z.array(z.number()).describe('Their standard deviation; 0 marks a constant gene'),
});

/** How expression becomes the network's input; learned from the training patients and stored with the model. */
export const geneScaling = z.object({
  transform: z.enum(['none', 'log2p1', 'rank']) satisfies z.ZodType<ExpressionTransform>,
  genes: z.array(z.string()).describe("Genes by symbol, in the order of the network's input"),
  ...moments.shape,
  cohorts: z
    .record(z.string(), moments)
    .optional()
    .describe(
      "By cohort, where each is scaled by itself; a patient of another cohort is then scaled by that one's patients, and never alone",
    ),
  clip: z
    .number()
    .nullable()
    .optional()
    .describe('What z-scores are clipped to, ±; null where they are not, 3 where it is absent'),
});
export type GeneScaling = Stored<typeof geneScaling>;

/** Mean and standard deviation of each gene's transformed values, without their tails; a deviation of 0 marks a constant gene. */
export type GeneMoments = Stored<typeof moments>;

/** z-scores are clipped to ±3. */
const CLIP = 3;

const NO_SINGLE_PATIENT =
  "This model was trained with expression.scaling: cohort: a patient's genes are scaled by the other patients of the cohort, so it cannot read a single patient. " +
  'Evaluate it on a whole cohort (evaluate --cohort), or train it with expression.scaling: training.';

/** The bound that a scaling clips z-scores to, ±. */
export function clipOf({ clip = CLIP }: GeneScaling): number {
  return clip ?? Infinity;
}

/** Part of the training patients at either end whose values do not set a gene's scale. */
const TAIL = 0.01;

/**
 * Mean and standard deviation of a gene over the training patients, its extremes pulled in to the central 98 %. Expression
 * has tails that would otherwise set the scale: among published z-scores one value of 3515 makes all other patients look equal.
 */
function robustMoments(values: Float64Array): { mean: number; deviation: number } {
  const [low, high] = [quantile(values, TAIL), quantile(values, 1 - TAIL)];
  // Rounding of the mean would give a constant gene a tiny deviation.
  if (low === high) return { mean: low, deviation: 0 };
  const pulledIn = values.map((x) => Math.min(Math.max(x, low), high));
  const mean = pulledIn.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = pulledIn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

/**
 * Learns the scaling of each gene's transformed values from the training patients. An expression that is transformed already is taken as it is.
 * @throws {InputError} for a gene or patient that the matrix lacks.
 */
export function fitGeneScaling(
  expression: Expression,
  trainingPatients: readonly string[],
  genes: readonly string[],
  transform: ExpressionTransform,
): GeneScaling {
  const rows = transformed(expression, trainingPatients, genes, transform);
  const moments = genes.map((_, g) => robustMoments(Float64Array.from(rows, (row) => row[g])));
  return {
    transform,
    genes,
    mean: moments.map(({ mean }) => mean),
    deviation: moments.map(({ deviation }) => deviation),
  };
}

/**
 * The network's gene input: `[patients, genes]` row-major, z-scores clipped; a gene that was constant in training gives 0.
 * @throws {InputError} for a gene or patient that the matrix lacks, ranks where the model reads values or the reverse, and a model that scales
 * cohorts by themselves: see {@link scaleSubspaces}.
 */
export function applyGeneScaling(
  scaling: GeneScaling,
  expression: Expression,
  patients: readonly string[],
): Float32Array {
  if (scaling.cohorts !== undefined) throw new InputError(NO_SINGLE_PATIENT);
  const { transform, genes, mean, deviation } = scaling;
  const z = (x: number, g: number) => (deviation[g] === 0 ? 0 : (x - mean[g]) / deviation[g]);
  const bound = clipOf(scaling);
  const scaled = new Float32Array(patients.length * genes.length);
  transformed(expression, patients, genes, transform).forEach((row, p) => {
    row.forEach((x, g) => (scaled[p * genes.length + g] = Math.max(-bound, Math.min(bound, z(x, g)))));
  });
  return scaled;
}

/** Fewer patients do not tell the scale of their cohort. */
const FEWEST = 10;

export type SubspaceScaling = Readonly<Record<Subspace, GeneScaling>>;

const bySubspace = <T>(make: (subspace: Subspace) => T): Record<Subspace, T> => ({
  tumour: make('tumour'),
  microenvironment: make('microenvironment'),
});

/** The cohorts of these patients, each with its own of them. */
function byCohort({ patients, incomplete }: Cohort, ids: readonly string[]): Map<string, string[]> {
  const cohortOf = new Map([...patients, ...incomplete].map(({ id, cohort }) => [id, cohort ?? '']));
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const name = cohortOf.get(id) ?? '';
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return groups;
}

/** Moments of one cohort's patients. */
function momentsOf(
  { expression, transform }: Cohort,
  name: string,
  ids: readonly string[],
  genes: readonly string[],
): GeneMoments {
  if (ids.length < FEWEST) {
    throw new InputError(
      `expression.scaling is 'cohort', and ${counted(ids.length, 'patient')} of '${name}' cannot tell its scale; ${FEWEST} are needed. ` +
        'Set expression.scaling to training, or use more patients.',
    );
  }
  const { mean, deviation } = fitGeneScaling(expression, ids, genes, transform);
  return { mean, deviation };
}

/**
 * Learns the scaling of both subspaces' genes from the training patients; where the cohort's rule is `cohort`, that of each cohort from its own training patients.
 * @throws {InputError} for a patient that the matrix lacks, and a cohort with too few training patients to be scaled by.
 */
export function fitSubspaceScaling(
  cohort: Cohort,
  genes: Cohort['genes'],
  training: readonly string[],
): SubspaceScaling {
  return bySubspace((subspace) => {
    const own = genes[subspace];
    const scaling = fitGeneScaling(cohort.expression, training, own, cohort.transform);
    if (cohort.scaling === 'training') return scaling;
    const cohorts = [...byCohort(cohort, training)].map(
      ([name, ids]) => [name, momentsOf(cohort, name, ids, own)] as const,
    );
    return { ...scaling, cohorts: Object.fromEntries(cohorts) };
  });
}

/**
 * The network's gene inputs of these patients, `[patients, genes]` row-major for each subspace. Of a model that scales cohorts by themselves, a cohort that
 * it was not trained on is scaled by its own complete patients.
 * @throws {InputError} as {@link applyGeneScaling} and {@link fitSubspaceScaling} do.
 */
export function scaleSubspaces(
  scaling: SubspaceScaling,
  cohort: Cohort,
  ids: readonly string[],
): Record<Subspace, Float32Array> {
  return bySubspace((subspace) => scaleGenes(scaling[subspace], cohort, ids));
}

function scaleGenes({ cohorts, ...scaling }: GeneScaling, cohort: Cohort, ids: readonly string[]): Float32Array {
  if (cohorts === undefined) return applyGeneScaling(scaling, cohort.expression, ids);
  const width = scaling.genes.length;
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const everybody = byCohort(
    cohort,
    cohort.patients.map(({ id }) => id),
  );
  const scaled = new Float32Array(ids.length * width);
  for (const [name, own] of byCohort(cohort, ids)) {
    const moments = cohorts[name] ?? momentsOf(cohort, name, everybody.get(name) ?? [], scaling.genes);
    const rows = applyGeneScaling({ ...scaling, ...moments }, cohort.expression, own);
    own.forEach((id, i) => scaled.set(rows.subarray(i * width, (i + 1) * width), required(rowOf, id) * width));
  }
  return scaled;
}
