import { append } from '../files/lists.js';
import { loadConfig, type Config } from '../config/config.js';
import { badInput, collecting, groupProblems, InputError, someOf, type Problem } from '../files/errors.js';
import { sameEncoder } from './bags/agreement.js';
import { summarise } from './bags/provenance.js';
import { checkCovariates, checkOutcomes } from './check-task.js';
import { inTimeUnit, readCohortFiles, type CohortFiles } from './cohort-files.js';
import { permuteBags, withShuffledOutcomes } from './controls.js';
import type { GeneMap } from './expression/gene-names.js';
import { readGeneMap } from './expression/read.js';
import { requireGroups } from './genes/choose.js';
import {
  genesSought,
  presentGenes,
  readSubspaceGenes,
  settleDescriptions,
  type ReadGeneSets,
} from './genes/gene-sets.js';
import { cohortDisagreements, mergeExpressions, mergePatients } from './merge.js';
import type { Cohort } from './types.js';

/** All that was read of a study's files; what could not be read is undefined and stands in `problems`. */
export interface Gathered {
  /** The files of each cohort, the config's own first. */
  readonly files: readonly [CohortFiles, ...CohortFiles[]];
  readonly geneSets: Cohort['genes'] | undefined;
  /** Undefined where a problem is an error. */
  readonly cohort: Cohort | undefined;
  readonly problems: readonly Problem[];
}

/** What a cohort is read for: to learn from it, or to be read by a model that has its genes already. */
type Purpose = 'study' | { readonly genes: Cohort['genes'] };

/** Reads the files of a config's cohort and of `moreCohorts`, joins them, and collects everything that is wrong instead of stopping at the first. */
export async function gatherCohort(config: Config, purpose: Purpose = 'study'): Promise<Gathered> {
  const problems: Problem[] = [];
  const configs = [config, ...(await otherConfigs(config, problems))];
  const geneMaps: (GeneMap | undefined)[] = [];
  for (const { expression } of configs) {
    const file = expression.geneMap;
    geneMaps.push(file === undefined ? undefined : await collecting(problems, () => readGeneMap(file, problems)));
  }
  const readSets: ReadGeneSets | undefined =
    purpose === 'study'
      ? await collecting(problems, () => readSubspaceGenes(config.geneSets, problems, geneMaps[0]))
      : purpose.genes;
  const genes = readSets ? genesSought(readSets) : new Set<string>();
  const files: CohortFiles[] = [];
  for (const [i, one] of configs.entries()) files.push(await readCohortFiles(one, genes, geneMaps[i], problems));

  const matrices = files.flatMap(({ expression }) => (expression ? [new Set(expression.expression.genes)] : []));
  const isGene = (name: string) => matrices.length > 0 && matrices.every((own) => own.has(name));
  const geneSets = readSets && settleDescriptions(config.geneSets, readSets, isGene, problems);
  const tables = files.flatMap(({ clinical }) => clinical ?? []);
  if (purpose === 'study' && tables.length > 0) {
    checkOutcomes(tables, config, problems);
    checkCovariates(tables, config, problems);
  }
  append(problems, cohortDisagreements(files));
  const cohort =
    geneSets && files.every(isRead)
      ? await collecting(problems, () => assemble(files, geneSets, purpose, problems))
      : undefined;
  const failed = problems.some(({ severity }) => severity === 'error');
  return {
    files: files as [CohortFiles, ...CohortFiles[]],
    geneSets,
    cohort: failed ? undefined : cohort,
    problems: groupProblems(problems),
  };
}

/** The configs of `moreCohorts`, with what a study has once taken from its own config. */
async function otherConfigs(
  { moreCohorts = [], task, labels, model, geneSets }: Config,
  problems: Problem[],
): Promise<Config[]> {
  const configs: Config[] = [];
  for (const path of moreCohorts) {
    const other = await collecting(problems, () => loadConfig(path));
    if (other?.moreCohorts) {
      problems.push({
        severity: 'error',
        file: path,
        message: "a config that 'moreCohorts' names has 'moreCohorts' itself",
        remedy: 'List all cohorts in one config',
      });
    }
    if (other) configs.push({ ...other, task, labels, model, geneSets });
  }
  return configs;
}

/**
 * Loads a cohort, or the cohorts of a study as one: the patients with clinical data, expression and at least one slide. Bags stay on the disk.
 * @throws {InputError} naming every error in the files at once. The problems that come back are warnings.
 */
export async function loadCohort(config: Config): Promise<{ cohort: Cohort; problems: readonly Problem[] }> {
  return loaded(await gatherCohort(config));
}

/**
 * Loads another cohort for a model that exists: by its own config, but for the task, and with the model's genes, whatever sets its config names.
 * @param model.timeUnit Unit that the times of survival are brought to.
 * @throws {InputError} as {@link loadCohort} does, and for genes of the model that the matrix lacks.
 */
export async function loadExternalCohort(
  config: Config,
  {
    genes,
    timeUnit,
    ...study
  }: Pick<Config, 'task' | 'labels' | 'model'> & {
    readonly genes: Cohort['genes'];
    readonly timeUnit?: Cohort['timeUnit'] | undefined;
  },
): Promise<{ cohort: Cohort; problems: readonly Problem[] }> {
  const { cohort, problems } = loaded(await gatherCohort({ ...config, ...study }, { genes }));
  const unit = timeUnit ?? cohort.timeUnit;
  const inUnit = {
    patients: inTimeUnit(cohort.patients, cohort.timeUnit, unit),
    incomplete: inTimeUnit(cohort.incomplete, cohort.timeUnit, unit),
  };
  return { cohort: { ...cohort, ...inUnit, timeUnit: unit }, problems };
}

function loaded({ cohort, problems }: Gathered): { cohort: Cohort; problems: readonly Problem[] } {
  if (!cohort) throw new InputError(problems.filter(({ severity }) => severity === 'error'));
  return { cohort, problems };
}

/** A cohort whose files could be read. */
type ReadFiles = { readonly [K in keyof CohortFiles]: NonNullable<CohortFiles[K]> };

function isRead(files: CohortFiles): files is ReadFiles {
  const { clinical, expression, transform, flow } = files;
  return clinical !== undefined && expression !== undefined && transform !== undefined && flow !== undefined;
}

function assemble(
  files: readonly ReadFiles[],
  geneSets: Cohort['genes'],
  purpose: Purpose,
  problems: Problem[],
): Cohort {
  const [{ config, clinical, transform }] = files as readonly [ReadFiles];
  const matrices = files.map((one) => ({
    name: one.config.name,
    file: one.config.expression.file,
    expression: one.expression.expression,
    transform: one.transform,
  }));
  const expression = mergeExpressions(matrices, problems);
  const genes =
    purpose === 'study'
      ? presentGenes(config, geneSets, expression, problems)
      : requireGenes(config, geneSets, expression);
  const headers = files.flatMap((one) => [...one.headers.values()]);
  if (purpose === 'study') append(problems, scalingProblems(config));
  const { leaveOutFloorsBy } = config.expression;
  if (purpose === 'study' && leaveOutFloorsBy !== undefined) requireGroups(clinical, leaveOutFloorsBy);
  const patients = mergePatients(files, ({ joined }) => joined.complete);
  const cohort: Cohort = {
    name: config.name,
    names: files.map((one) => one.config.name),
    patients: config.features.permuteBags === undefined ? patients : permuteBags(patients, config.features.permuteBags),
    incomplete: mergePatients(files, ({ joined }) => joined.incomplete),
    flow: files.map(({ flow }) => flow),
    endpoint: clinical.endpoint,
    expression,
    transform,
    scaling: config.expression.scaling ?? 'training',
    genes,
    timeUnit: config.clinical.timeUnit,
    encoder: files.map((one) => encoder(one.config, one.headers, problems))[0],
    provenance: summarise(headers),
    width: headers[0]?.width ?? 0,
  };
  const { shuffleOutcomes } = config.clinical;
  return shuffleOutcomes === undefined ? cohort : withShuffledOutcomes(cohort, shuffleOutcomes);
}

/** The genes of a model, all of which a matrix must have. */
function requireGenes(
  { expression: { file } }: Config,
  genes: Cohort['genes'],
  { genes: there }: Cohort['expression'],
): Cohort['genes'] {
  const inMatrix = new Set(there);
  const needed = [...new Set([...genes.tumour, ...genes.microenvironment])];
  const absent = needed.filter((gene) => !inMatrix.has(gene));
  if (absent.length === 0) return genes;
  const message = `the matrix lacks ${absent.length} of the ${needed.length} genes that the model reads (${someOf(absent, 10)})`;
  const remedy =
    'Where they have other names there, give expression.geneMap; otherwise train on the genes that both cohorts have (moreCohorts)';
  throw badInput({ file, message, remedy });
}

/** What scaling each cohort by itself does. */
function scalingProblems({ expression: { scaling, file } }: Config): Problem[] {
  if (scaling !== 'cohort') return [];
  const message =
    "expression.scaling is 'cohort': each cohort's genes are scaled by its own patients. That hides batch effects and real differences between the cohorts alike, " +
    'makes new ones where the cohorts are of different patients, and the model can read no single patient';
  return [
    {
      severity: 'warning',
      file,
      message,
      remedy: "Leave it at 'training' where the cohorts can be brought to one unit",
    },
  ];
}

/** The encoder as the config says it, or the first file that does. */
function encoder({ features }: Config, headers: CohortFiles['headers'], problems: Problem[]): string | undefined {
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
