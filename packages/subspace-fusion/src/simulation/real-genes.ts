import { join, resolve } from 'node:path';
import { readClinical } from '../cohort/clinical/read.js';
import { readExpression } from '../cohort/expression/read.js';
import { groupsOf } from '../cohort/genes/choose.js';
import { floorGenes } from '../cohort/genes/floors.js';
import { genesSought, readSubspaceGenes, settleDescriptions } from '../cohort/genes/gene-sets.js';
import { SUBSPACES, type Expression, type ExpressionTransform } from '../cohort/types.js';
import { writeFileAtomic } from '../files/atomic.js';
import { InputError, type Problem } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { derangement, key } from '../random/counter.js';
import { applyGeneScaling, fitGeneScaling } from '../runs/scaling.js';
import { SIMULATED_ENCODER, writeBags, type BagOptions } from './bags.js';
import { cohortConfig } from './cohort.js';
import { drawLatents } from './latents.js';
import { standardise } from './slide.js';

const PROGRAMMES_PER_SUBSPACE = 3;

export interface RealGenesOptions extends BagOptions {
  /** Expression matrix, clinical table (`patient_id`, `survival_months`, `event`) and GMT file of real patients. */
  readonly expression: string;
  readonly clinical: string;
  readonly geneSets: string;
  /** Published folds (`patient_id,fold`) that the config shall name, and which fold is the test set. */
  readonly folds?: string;
  readonly fold?: number;
  /** A clinical column: genes whose floor gives its groups away take no part, here and in the config. */
  readonly leaveOutFloorsBy?: string;
  readonly out: string;
  /** The control: every patient is given the bag of another one. */
  readonly permuteBags?: boolean;
}

export interface SimulatedBags {
  readonly folder: string;
  readonly config: string;
  readonly patients: number;
}

/**
 * Simulates slides for real patients from their own genes and writes `bags/PATIENT-DX1.h5`, a `cohort.yaml` that points at the
 * real files, and `truth.json`. A slide follows six programme scores, each the mean of every third gene of TUMOUR or of
 * MICROENVIRONMENT, the genes that the model itself is given; outcomes and other genes are never read. h, φ, marker and stain are
 * drawn at random, the stain too: a real site would tell the study. So a bag tells nothing of the outcome beyond what the genes do. Genes are left out for
 * their floor among all patients: slides are made before there is a split, and no model learns here.
 * Throws a InputError for files that cannot be read or that have no patient or gene in common.
 */
export function simulateBagsForCohort(options: RealGenesOptions): Promise<SimulatedBags> {
  return holdingFolder(options.out, () => simulateHeld(options));
}

async function simulateHeld(options: RealGenesOptions): Promise<SimulatedBags> {
  const { out, bag = 400, seed = 1, permuteBags = false, leaveOutFloorsBy } = options;
  const problems: Problem[] = [];
  const names = { file: options.geneSets, tumour: 'TUMOUR', microenvironment: 'MICROENVIRONMENT' };
  const read = await readSubspaceGenes(names, problems);
  const table = await readClinical({ file: options.clinical, patient: 'patient_id', timeUnit: 'months' }, problems);
  const listed = table.patients;
  const context = { patients: new Set(listed.map(({ id }) => id)), genes: genesSought(read) };
  const { expression } = await readExpression(options.expression, context, problems);
  const inMatrix = new Set(expression.genes);
  const sets = settleDescriptions(names, read, (gene) => inMatrix.has(gene), problems);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new InputError(errors);
  const measured = new Set(expression.patients);
  const ids = listed.map(({ id }) => id).filter((id) => measured.has(id));
  if (ids.length < 2) {
    throw new InputError(
      `${options.expression}: ${ids.length} patients of ${options.clinical} are in it; 2 are needed. Check the patient ids.`,
    );
  }

  const transform = expression.values.some((value) => value < 0) ? 'none' : 'log2p1';
  const tellTale = new Set(
    leaveOutFloorsBy === undefined ? [] : floorGenes(expression, groupsOf(table, leaveOutFloorsBy)),
  );
  const present = new Set(expression.genes.filter((gene) => !tellTale.has(gene)));
  const scores = SUBSPACES.flatMap((subspace) => {
    const genes = sets[subspace].filter((gene) => present.has(gene));
    if (genes.length < PROGRAMMES_PER_SUBSPACE) {
      const found = `${genes.length} genes of the ${subspace} set are in ${options.expression}`;
      throw new InputError(
        `${options.geneSets}: ${found}; ${PROGRAMMES_PER_SUBSPACE} are needed. Use the matrix's gene symbols.`,
      );
    }
    return programmeScores(expression, ids, genes, transform);
  });
  const donors = permuteBags ? derangement(key(seed, 'permuted-bags'), ids.length) : Uint32Array.from(ids.keys());
  const patients = ids.map((id, i) => {
    const donor = donors[i];
    return {
      id,
      donor: ids[donor],
      latents: { ...drawLatents(seed, donor), programmes: Float64Array.from(scores, (score) => score[donor]) },
    };
  });
  await writeBags(join(out, 'bags'), patients, options);

  const config = join(out, 'cohort.yaml');
  const truth = patients.map(({ id, donor, latents }) => ({
    id,
    bagOf: donor,
    ...latents,
    programmes: Array.from(latents.programmes),
  }));
  await writeFileAtomic(
    join(out, 'truth.json'),
    `${JSON.stringify({ seed, permuteBags, patients: truth }, null, 1)}\n`,
  );
  await writeFileAtomic(
    config,
    cohortConfig({
      name: `real genes, ${permuteBags ? 'permuted' : 'simulated'} bags`,
      clinical: resolve(options.clinical),
      expression: resolve(options.expression),
      transform,
      leaveOutFloorsBy,
      geneSets: resolve(options.geneSets),
      encoder: SIMULATED_ENCODER,
      split:
        options.folds === undefined
          ? { seed, test: 0.2, validation: 0.1 }
          : { file: resolve(options.folds), fold: options.fold ?? 0 },
      bag,
    }),
  );
  return { folder: out, config, patients: ids.length };
}

/**
 * Three scores a patient, standardised over the cohort: score j is the mean of the genes j, j + 3, j + 6, … as z-scores
 * clipped to ±3. `[3][patients]`.
 */
function programmeScores(
  expression: Expression,
  patients: readonly string[],
  genes: readonly string[],
  transform: ExpressionTransform,
): Float64Array[] {
  const z = applyGeneScaling(fitGeneScaling(expression, patients, genes, transform), expression, patients);
  return Array.from({ length: PROGRAMMES_PER_SUBSPACE }, (_, programme) => {
    const sums = Float64Array.from(patients, (__, p) => {
      let sum = 0;
      for (let g = programme; g < genes.length; g += PROGRAMMES_PER_SUBSPACE) sum += z[p * genes.length + g];
      return sum;
    });
    return standardise(sums);
  });
}
