import { append } from '../files/lists.js';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { loadConfig, type Config } from '../config/config.js';
import { collecting, someOf, type Problem } from '../files/errors.js';
import { disagreements } from './bags/agreement.js';
import { bagSizeProblems, readBagHeader } from './bags/features.js';
import { findSlides, type Slides } from './bags/slides.js';
import { checkTask } from './check-task.js';
import { convertTime } from './clinical/outcome.js';
import { readClinical, type ClinicalTable } from './clinical/read.js';
import type { GeneMap } from './expression/gene-names.js';
import { patientProblems } from './expression/patient-values.js';
import { decideTransform, readExpression, transformProblems, type ExpressionFile } from './expression/read.js';
import { includePatients, withoutLabel } from './flow.js';
import { geneSetsFile } from './genes/gene-sets.js';
import type {
  BagFile,
  BagHeader,
  CohortFlow,
  ExpressionTransform,
  IncompletePatient,
  Patient,
  TimeUnit,
} from './types.js';

/** The patients of a clinical table by what there is of them, in its order. */
export interface Joined {
  /** With expression and slides. */
  readonly complete: readonly Patient[];
  /** With one of them. */
  readonly incomplete: readonly IncompletePatient[];
  /** How many have neither. */
  readonly neither: number;
}

/** Joins expression and slides to the clinical table; patients who lack something are counted in `problems`. */
function joinPatients(
  clinical: ClinicalTable,
  { expression }: ExpressionFile,
  slides: Slides,
  config: Config,
  problems: Problem[],
): Joined {
  const measured = new Set(expression.patients);
  const warn = (file: string, names: readonly string[], what: string) => {
    if (names.length === 0) return;
    problems.push({
      severity: 'warning',
      file,
      message: `${names.length} ${what} (${someOf(names)})`,
      remedy: 'They are left out',
    });
  };
  const lacking = (has: (id: string) => boolean) => clinical.patients.filter(({ id }) => !has(id)).map(({ id }) => id);
  const total = clinical.patients.length;
  warn(
    config.expression.file,
    lacking((id) => measured.has(id)),
    `of ${total} patients have no expression`,
  );
  warn(
    config.features.folder,
    lacking((id) => slides.byPatient.has(id)),
    `of ${total} patients have no slide`,
  );
  warn(
    config.features.folder,
    slides.others,
    slides.others.length === 1 ? 'feature file belongs to no patient' : 'feature files belong to no patient',
  );
  const complete: Patient[] = [];
  const incomplete: IncompletePatient[] = [];
  for (const { id, clinical: row, survival } of clinical.patients) {
    const bags = slides.byPatient.get(id) ?? [];
    const patient: Patient = { id, cohort: config.name, clinical: row, survival, bags };
    if (bags.length > 0 && measured.has(id)) complete.push(patient);
    else if (bags.length > 0 || measured.has(id))
      incomplete.push({ ...patient, has: bags.length > 0 ? 'slides' : 'expression' });
  }
  if (complete.length < 2) {
    problems.push({
      severity: 'error',
      file: clinical.file,
      message:
        `${complete.length} of ${total} patients have expression and a slide ` +
        `(${expression.patients.length} have expression, ${slides.byPatient.size} a slide)`,
      remedy: 'Use the same patient ids in all files; a cohort needs two patients at least',
    });
  }
  return { complete, incomplete, neither: total - complete.length - incomplete.length };
}

/** Headers of all bags; a file that is no bag, or whose patches were cut or encoded differently, is an error. */
export async function readHeaders(
  bags: readonly BagFile[],
  { encoder }: Config['features'],
  problems: Problem[],
): Promise<Map<string, BagHeader>> {
  const headers = new Map<string, BagHeader>();
  for (const { path } of bags) {
    const header = await collecting(problems, () => readBagHeader(path));
    if (header) headers.set(path, header);
  }
  append(problems, disagreements(headers, encoder));
  return headers;
}

/** All that was read of one cohort's files; what could not be read is undefined. */
export interface CohortFiles {
  readonly config: Config;
  /** Patients that `include` takes. */
  readonly clinical: ClinicalTable | undefined;
  readonly expression: ExpressionFile | undefined;
  readonly transform: ExpressionTransform | undefined;
  readonly slides: Slides | undefined;
  readonly joined: Joined;
  /** Headers of the complete patients' bags by path; of all patients' where the expression could not be read. */
  readonly headers: ReadonlyMap<string, BagHeader>;
  readonly flow: CohortFlow | undefined;
}

const NOBODY: Joined = { complete: [], incomplete: [], neither: 0 };

/**
 * Reads one cohort's files and joins them by patient; what is wrong goes to `problems`.
 * @param genes The genes that a model needs.
 */
export async function readCohortFiles(
  config: Config,
  genes: ReadonlySet<string>,
  geneMap: GeneMap | undefined,
  problems: Problem[],
): Promise<CohortFiles> {
  const everybody = await collecting(problems, () => readClinical(config.clinical, problems, config.task));
  const included = everybody && (await collecting(problems, () => includePatients(everybody, config, problems)));
  const clinical = included?.table;
  const ids = clinical && new Set(clinical.patients.map(({ id }) => id));
  const context = { patients: ids, genes, geneMap, samples: clinical?.samples };
  const expression = await collecting(problems, () =>
    readExpression(config.expression.file, context, problems, config.expression),
  );
  const found = await collecting(problems, () =>
    findSlides(config.features, everybody?.patients.map(({ id }) => id) ?? [], problems),
  );
  const slides =
    found && ids ? { ...found, byPatient: new Map([...found.byPatient].filter(([id]) => ids.has(id))) } : found;

  if (clinical) checkTask(clinical, config, problems);
  const joined =
    clinical && expression && slides ? joinPatients(clinical, expression, slides, config, problems) : NOBODY;
  const bags = expression
    ? joined.complete.flatMap(({ bags }) => bags)
    : [...(slides?.byPatient.values() ?? [])].flat();
  const headers = await readHeaders(bags, config.features, problems);
  append(problems, bagSizeProblems(config, headers));
  const transform =
    expression &&
    (await collecting(problems, () => decideTransform(config.expression, expression.expression, expression.linear)));
  if (expression && transform) {
    append(problems, transformProblems(config.expression.file, expression.expression, transform));
    append(problems, patientProblems(config.expression.file, expression.expression));
  }
  const flow = everybody && included && flowOf(config, everybody, included.left, joined);
  return { config, clinical, expression, transform, slides, joined, headers, flow };
}

function flowOf(
  config: Config,
  { patients }: ClinicalTable,
  notIncluded: Readonly<Record<string, number>>,
  { complete, incomplete, neither }: Joined,
): CohortFlow {
  return {
    cohort: config.name,
    patients: patients.length,
    notIncluded,
    noExpression: incomplete.filter(({ has }) => has === 'slides').length,
    noSlides: incomplete.filter(({ has }) => has === 'expression').length,
    neither,
    complete: complete.length,
    noLabel: withoutLabel(complete, config),
  };
}

/** Patients with their times in another unit. */
export function inTimeUnit<P extends Patient>(patients: readonly P[], from: TimeUnit, to: TimeUnit): readonly P[] {
  if (from === to) return patients;
  return patients.map((patient) => {
    const { survival } = patient;
    return survival ? { ...patient, survival: { ...survival, time: convertTime(survival.time, from, to) } } : patient;
  });
}

/** SHA-256 of a file's bytes, in hexadecimal. */
export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** {@link sha256File}; of a folder, the hash of the names and hashes of all its files, in alphabetical order. */
async function sha256Path(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return sha256File(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${relative(path, file)} ${await sha256File(file)}\n`);
  return hash.digest('hex');
}

/** {@link sha256Path} of one path; of several, the hash of their hashes. */
async function sha256All(paths: readonly (string | undefined)[]): Promise<string> {
  const hashes: string[] = [];
  for (const path of paths) if (path !== undefined) hashes.push(await sha256Path(path));
  return hashes.length === 1 ? hashes[0] : createHash('sha256').update(hashes.join('\n')).digest('hex');
}

/**
 * SHA-256 of the tables that a model is trained on, those of further cohorts and their configs included. The bags are left out: they may be larger than is
 * quick to read.
 */
export async function hashInputs(config: Config): Promise<{ clinical: string; expression: string; geneSets: string }> {
  const { geneSets, moreCohorts = [] } = config;
  const configs = [config, ...(await Promise.all(moreCohorts.map((path) => loadConfig(path))))];
  return {
    clinical: await sha256All([
      ...configs.flatMap(({ clinical }) => [clinical.file, ...(clinical.moreFiles ?? [])]),
      ...moreCohorts,
    ]),
    expression: await sha256All(
      configs.flatMap(({ expression }) => [expression.file, expression.samples, expression.geneMap]),
    ),
    geneSets: await sha256All([geneSetsFile(geneSets), geneSets.microenvironmentFile]),
  };
}
