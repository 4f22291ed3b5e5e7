import { sameEncoder } from './bags/agreement.js';
import { summarise } from './bags/summary.js';
import { bagSizeProblems } from './bag-size.js';
import { checkTask } from './check-task.js';
import { readClinical, type ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import { geneSetsFile } from './default-gene-sets.js';
import { decideTransform, readExpression, transformProblems, type ExpressionFile } from './expression.js';
import { readGeneMap } from './expression/gene-names.js';
import { readSubspaceGenes } from './gene-sets.js';
import { joinPatients, readHeaders } from './join.js';
import { definingGenes } from './labels.js';
import { permuteBags } from './permuted-bags.js';
import { presentGenes } from './present-genes.js';
import { collecting, problemsError, type Problem } from './problems.js';
import { findSlides, type Slides } from './slides.js';
import type { BagHeader, Cohort, Patient } from './types.js';

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
  const clinical = await collecting(problems, () => readClinical(config.clinical, problems, config.task));
  const mapFile = config.expression.geneMap;
  const geneMap = mapFile === undefined ? undefined : await collecting(problems, () => readGeneMap(mapFile, problems));
  const geneSets = await collecting(problems, () => readSubspaceGenes(config.geneSets, problems, geneMap));
  const ids = clinical && new Set(clinical.patients.map(({ id }) => id));
  const genes = new Set(geneSets && [...geneSets.tumour, ...geneSets.microenvironment]);
  const context = { patients: ids, genes, geneMap, samples: clinical?.samples };
  const expression = await collecting(problems, () => readExpression(config.expression.file, context, problems, config.expression));
  const slides = await collecting(problems, () => findSlides(config.features, ids ?? [], problems));

  if (clinical) checkTask(clinical, config, problems);
  const joined = clinical && expression && slides ? joinPatients(clinical, expression, slides, config, problems) : [];
  const bags = expression ? joined.flatMap(({ bags }) => bags) : [...(slides?.byPatient.values() ?? [])].flat();
  const headers = await readHeaders(bags, config.features, problems);
  problems.push(...bagSizeProblems(config, headers));
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
  const { expression, linear } = parts.expression;
  const genes = presentGenes(config, parts.clinical, parts.geneSets, expression, problems);
  problems.push(...definitionProblems(config, genes));
  const transform = decideTransform(config.expression, expression, linear);
  problems.push(...transformProblems(config.expression.file, expression, transform));
  const [header] = parts.headers.values();
  return {
    name: config.name,
    patients: config.features.permuteBags === undefined ? patients : permuteBags(patients, config.features.permuteBags),
    expression,
    transform,
    genes,
    timeUnit: config.clinical.timeUnit,
    encoder: encoder(config, parts.headers, problems),
    provenance: summarise(parts.headers.values()),
    width: header?.width ?? 0,
  };
}

/** Genes of the input that are part of the label's definition. */
function definitionProblems({ task, labels, geneSets }: Config, genes: Cohort['genes']): Problem[] {
  const defining = new Set(definingGenes(task, labels));
  const given = [...genes.tumour, ...genes.microenvironment].filter((gene) => defining.has(gene));
  if (given.length === 0) return [];
  const message = `the expression of ${given.join(', ')} is an input, and the state of ${given.length === 1 ? 'this gene' : 'these genes'} is part of the label's definition`;
  const remedy = 'The model may read a part of the answer there: say so, or take them out of the gene set';
  return [{ severity: 'warning', file: geneSetsFile(geneSets), message, remedy }];
}

/** The encoder as the config says it, or the first file that does. */
function encoder({ features }: Config, headers: Gathered['headers'], problems: Problem[]): string | undefined {
  const said = [...headers.values()].find((header) => header.encoder !== undefined)?.encoder;
  if (features.encoder !== undefined && said !== undefined && !sameEncoder(features.encoder, said)) {
    problems.push({
      severity: 'error',
      file: features.folder,
      message: `the config says that the encoder is '${features.encoder}', the files say '${said}'`,
      remedy: 'Correct features.encoder, or leave it out',
    });
  }
  return features.encoder ?? said;
}
