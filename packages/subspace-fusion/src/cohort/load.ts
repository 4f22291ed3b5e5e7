import { checkTask } from './check-task.js';
import { readClinical, type ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import { decideTransform, readExpression, type ExpressionFile } from './expression.js';
import type { BagHeader } from './features.js';
import { readSubspaceGenes } from './gene-sets.js';
import { joinPatients, readHeaders } from './join.js';
import { permuteBags } from './permuted-bags.js';
import { presentGenes } from './present-genes.js';
import { collecting, problemsError, type Problem } from './problems.js';
import { findSlides, type Slides } from './slides.js';
import type { Cohort, Patient } from './types.js';

/** All that was read of a cohort's files; what could not be read is undefined and stands in `problems`. */
export interface Gathered {
  readonly clinical: ClinicalTable | undefined;
  readonly geneSets: Cohort['genes'] | undefined;
  readonly expression: ExpressionFile | undefined;
  readonly slides: Slides | undefined;
  /** Patients that have clinical data, expression and a slide. */
  readonly joined: readonly Patient[];
  /** Headers of the joined patients' bags by path; of all patients' where the expression could not be read. */
  readonly headers: ReadonlyMap<string, BagHeader>;
  /** Undefined where a problem is an error. */
  readonly cohort: Cohort | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a cohort's files and joins them, and collects everything that is wrong instead of stopping at the first. */
export async function gatherCohort(config: Config): Promise<Gathered> {
  const problems: Problem[] = [];
  const clinical = await collecting(problems, () => readClinical(config.clinical, problems));
  const geneSets = await collecting(problems, () => readSubspaceGenes(config.geneSets, problems));
  const ids = clinical && new Set(clinical.patients.map(({ id }) => id));
  const genes = new Set(geneSets && [...geneSets.tumour, ...geneSets.microenvironment]);
  const expression = await collecting(problems, () => readExpression(config.expression.file, { patients: ids, genes }, problems));
  const slides = await collecting(problems, () => findSlides(config.features, ids ?? [], problems));

  if (clinical) checkTask(clinical, config, problems);
  const joined = clinical && expression && slides ? joinPatients(clinical, expression, slides, config, problems) : [];
  const bags = expression ? joined.flatMap(({ bags }) => bags) : [...(slides?.byPatient.values() ?? [])].flat();
  const headers = await readHeaders(bags, problems);
  const parts = { clinical, geneSets, expression, slides, joined, headers };
  const cohort =
    clinical && geneSets && expression
      ? await collecting(problems, async () => assemble(config, joined, { clinical, geneSets, expression, headers }, problems))
      : undefined;
  const failed = problems.some(({ severity }) => severity === 'error');
  return { ...parts, cohort: failed ? undefined : cohort, problems };
}

/**
 * Loads a cohort: its patients with clinical data, expression and at least one slide. Bags stay on the disk.
 * @throws {UserError} naming every error in the files at once. The problems that come back are warnings.
 */
export async function loadCohort(config: Config): Promise<{ cohort: Cohort; problems: readonly Problem[] }> {
  const { cohort, problems } = await gatherCohort(config);
  if (!cohort) throw problemsError(problems.filter(({ severity }) => severity === 'error'));
  return { cohort, problems };
}

type Readable = Pick<Gathered, 'headers'> & { readonly [P in 'clinical' | 'geneSets' | 'expression']: NonNullable<Gathered[P]> };

function assemble(config: Config, patients: readonly Patient[], parts: Readable, problems: Problem[]): Cohort {
  const { expression } = parts.expression;
  const genes = presentGenes(config, parts.clinical, parts.geneSets, expression, problems);
  const [header] = parts.headers.values();
  return {
    name: config.name,
    patients: config.features.permuteBags === undefined ? patients : permuteBags(patients, config.features.permuteBags),
    expression,
    transform: decideTransform(config.expression, expression),
    genes,
    timeUnit: config.clinical.timeUnit,
    encoder: encoder(config, header, problems),
    width: header?.width ?? 0,
  };
}

function encoder({ features }: Config, header: BagHeader | undefined, problems: Problem[]): string | undefined {
  if (features.encoder !== undefined && header?.encoder !== undefined && features.encoder !== header.encoder) {
    problems.push({
      severity: 'error',
      file: features.folder,
      message: `the config says that the encoder is '${features.encoder}', the files say '${header.encoder}'`,
      remedy: 'Correct features.encoder, or leave it out',
    });
  }
  return features.encoder ?? header?.encoder;
}
