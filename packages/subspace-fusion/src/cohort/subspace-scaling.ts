import { UserError } from '../files/user-error.js';
import { counted } from './problems.js';
import { applyGeneScaling, fitGeneScaling, type GeneMoments, type GeneScaling } from './scaling.js';
import type { Cohort, Subspace } from './types.js';

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
    throw new UserError(
      `expression.scaling is 'cohort', and ${counted(ids.length, 'patient')} of '${name}' cannot tell its scale; ${FEWEST} are needed. ` +
        'Set expression.scaling to training, or use more patients.',
    );
  }
  const { mean, deviation } = fitGeneScaling(expression, ids, genes, transform);
  return { mean, deviation };
}

/**
 * Learns the scaling of both subspaces' genes from the training patients; where the cohort's rule is `cohort`, that of each cohort from its own training patients.
 * @throws {UserError} for a patient that the matrix lacks, and a cohort with too few training patients to be scaled by.
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
 * @throws {UserError} as {@link applyGeneScaling} and {@link fitSubspaceScaling} do.
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
    own.forEach((id, i) => scaled.set(rows.subarray(i * width, (i + 1) * width), rowOf.get(id)! * width));
  }
  return scaled;
}
