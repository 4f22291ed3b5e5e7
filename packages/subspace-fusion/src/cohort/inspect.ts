import { stringify } from 'yaml';
import { parseConfig, type Config } from '../config/config.js';
import { collecting, counted, groupProblems, shortNumber, someOf, type Problem } from '../files/errors.js';
import { append } from '../files/lists.js';
import { quantile } from '../metrics/arrays.js';
import { contentProblems, type BagContent } from './bags/content.js';
import { checkBag } from './bags/features.js';
import { summarise } from './bags/provenance.js';
import { labelPatients } from './clinical/labels.js';
import { countMarkers } from './clinical/markers.js';
import type { ClinicalTable } from './clinical/read.js';
import type { CohortFiles } from './cohort-files.js';
import { valueScale, type ValueScale } from './expression/value-scale.js';
import { chooseGenes, groupsOf } from './genes/choose.js';
import { floorGenes } from './genes/floors.js';
import { geneSetsFile, overlap, usesDefaultGeneSets } from './genes/gene-sets.js';
import { gatherCohort, type Gathered } from './load.js';
import { mergePatients } from './merge.js';
import { inspectSplit, type PartSizes } from './split/inspect-split.js';
import {
  SUBSPACES,
  type Cohort,
  type CohortFlow,
  type Endpoint,
  type Patient,
  type ProvenanceSummary,
} from './types.js';

type Understood = Pick<CohortFiles, 'clinical' | 'expression'> & Pick<Gathered, 'cohort'>;

/**
 * The config with what was detected written out: format and transform of the expression, columns of patients, times and events, encoder. As a
 * `cohort.yaml` it means the same, on another machine too once its paths are changed.
 */
function understoodConfig(config: Config, { clinical, expression, cohort }: Understood): Config {
  return {
    ...config,
    clinical: { ...config.clinical, ...clinical?.understood },
    expression: {
      ...config.expression,
      ...(expression && { format: expression.format }),
      ...(cohort && { transform: cohort.transform }),
    },
    features: { ...config.features, ...(cohort?.encoder !== undefined && { encoder: cohort.encoder }) },
  };
}

/** {@link understoodConfig} as the text of a `cohort.yaml`, its keys in the order of the schema. */
function understoodYaml(config: Config, gathered: Understood): string {
  const inOrder = parseConfig(stringify(understoodConfig(config, gathered)), 'cohort.yaml');
  return stringify(inOrder, { lineWidth: 0 });
}

/** What is told about the files of one cohort. A part whose file could not be read is missing. */
export interface FilesInspection {
  readonly name: string;
  readonly clinical?: {
    readonly file: string;
    readonly format: string;
    readonly patients: number;
    readonly columns: number;
    /** Columns of the markers of a diagnosis, and how many patients have a known value of each. */
    readonly markers: Readonly<Record<string, number>>;
  };
  readonly expression?: {
    readonly file: string;
    readonly format: string;
    readonly orientation: string;
    readonly genes: number;
    /** Patients of the clinical table that the matrix has. */
    readonly patients: number;
    /** Names on the patients' axis that the clinical table lacks. */
    readonly otherPatients: number;
    readonly lowest: number;
    readonly highest: number;
    readonly transform?: string;
    /** What the values look like: z-scores, logarithms, counts, linear or unclear. */
    readonly scale: ValueScale;
    /** Patients of whom one of several tumour samples is read. */
    readonly severalSamples: readonly {
      readonly patient: string;
      readonly taken: string;
      readonly left: readonly string[];
    }[];
    readonly normalSamples: readonly string[];
    /** Genes of the gene sets that the file has several times, and which of them is read. */
    readonly repeatedGenes: readonly {
      readonly symbol: string;
      readonly taken: string;
      readonly left: readonly string[];
    }[];
  };
  readonly features?: {
    readonly folder: string;
    readonly slides: number;
    readonly patients: number;
    readonly otherFiles: number;
    /** Patches a slide. */
    readonly patches?: { readonly least: number; readonly median: number; readonly most: number };
    readonly width?: number;
    readonly encoder?: string;
    /** How the patches were cut and encoded, as far as the files say; each with all that they say of it. */
    readonly provenance?: ProvenanceSummary;
  };
  /** From the clinical table to the patients that can be used. */
  readonly flow?: CohortFlow;
}

/** What `subspace inspect` tells about a study, the files of its own cohort first; plain JSON. */
export interface Inspection extends FilesInspection {
  /** The files of further cohorts. */
  readonly moreCohorts?: readonly FilesInspection[];
  /** File of the gene sets; the package's own where the config names none. */
  readonly geneSetsFile: string;
  readonly defaultGeneSets: boolean;
  /** Genes that both sets have. */
  readonly geneSetOverlap?: readonly string[];
  /** `used`: by a model that were trained on all patients; each training chooses by its own. */
  readonly geneSets?: readonly {
    readonly set: string;
    readonly genes: number;
    /** Undefined where no matrix could be read. */
    readonly inMatrix?: number;
    readonly used?: number;
  }[];
  /** Patients of all cohorts that have everything. */
  readonly joined: { readonly patients: number; readonly slides: number };
  /** Of the joined patients. */
  readonly task?: SurvivalSummary | ClassSummary;
  /** Ids of the joined patients who have no label, by reason. */
  readonly withoutLabel?: Readonly<Record<string, readonly string[]>>;
  /** Labelled patients of the parts; of several folds where none is chosen, of the first. */
  readonly split?: PartSizes;
  /** Genes whose floor gives a clinical column's groups away over all patients, a preview of `expression.leaveOutFloorsBy`. */
  readonly floors?: { readonly column: string; readonly genes: readonly string[]; readonly inGeneSets: number };
  readonly problems: readonly Problem[];
  /** The text of a cohort.yaml that says what was understood, defaults and detected choices included. */
  readonly understood: string;
}

export interface SurvivalSummary {
  readonly task: 'survival';
  /** OS, PFI, …, and when its event counts as seen. */
  readonly endpoint: string;
  readonly rule: string;
  readonly patients: number;
  readonly deaths: number;
  readonly medianFollowUp: number;
  readonly timeUnit: string;
}

export interface ClassSummary {
  readonly task: string;
  readonly classes: Readonly<Record<string, number>>;
  readonly unlabelled: Readonly<Record<string, number>>;
}

/** Columns that name where a patient's data come from, looked at where the config names none. */
const ORIGINS = ['study', 'site', 'cohort', 'batch', 'source'];

/**
 * Reads everything of a cohort, the features included, and tells what was found, what joins, and all that is wrong.
 * @param onSlide Called after each slide, for a progress bar.
 */
export async function inspectCohort(config: Config, onSlide?: (done: number, of: number) => void): Promise<Inspection> {
  const gathered = await gatherCohort(config);
  const { files, cohort, geneSets } = gathered;
  const problems = [...gathered.problems];
  await checkBags(files, problems, onSlide);
  const joined = mergePatients(files, ({ joined }) => joined.complete);
  // Of some cohorts only there is no split to speak of.
  const { endpoint } = files[0].clinical ?? {};
  const split = await inspectSplit(files.every(({ flow }) => flow) ? joined : [], config, problems, endpoint);
  // A preview over all patients of the matrix: each training chooses by its own.
  const chosen =
    cohort && (await collecting(problems, () => chooseGenes(cohort, config, cohort.expression.patients, problems)));
  const [first, ...others] = files;
  const needed = new Set(geneSets && SUBSPACES.flatMap((subspace) => geneSets[subspace]));
  return {
    ...inspectFiles(first, needed),
    ...(others.length > 0 ? { moreCohorts: others.map((one) => inspectFiles(one, needed)) } : {}),
    geneSets: inspectGeneSets(gathered, chosen, config),
    geneSetsFile: geneSetsFile(config.geneSets),
    defaultGeneSets: usesDefaultGeneSets(config.geneSets),
    geneSetOverlap: geneSets && overlap(geneSets),
    joined: { patients: joined.length, slides: joined.flatMap(({ bags }) => bags).length },
    task: inspectTask(joined, config, first.clinical?.endpoint),
    withoutLabel: withoutLabel(joined, config),
    split,
    floors: inspectFloors(first, needed, problems),
    problems: groupProblems(problems),
    understood: understoodYaml(config, { ...first, cohort }),
  };
}

/** Reads all bags from end to end. */
async function checkBags(
  files: readonly CohortFiles[],
  problems: Problem[],
  onSlide: ((done: number, of: number) => void) | undefined,
): Promise<void> {
  const total = files.reduce((sum, { headers }) => sum + headers.size, 0);
  let done = 0;
  for (const { headers, config } of files) {
    const contents = new Map<string, BagContent>();
    for (const path of headers.keys()) {
      const content = await collecting(problems, () => checkBag(path));
      if (content) contents.set(path, content);
      onSlide?.(++done, total);
    }
    append(problems, contentProblems(config.features.folder, contents));
  }
}

function inspectFiles(files: CohortFiles, needed: ReadonlySet<string>): FilesInspection {
  const { config, clinical, flow } = files;
  return {
    name: config.name,
    clinical: clinical && inspectClinical(clinical),
    expression: inspectExpression(files, needed),
    features: inspectFeatures(files),
    flow,
  };
}

function inspectClinical({ file, format, patients, columns }: ClinicalTable): Inspection['clinical'] {
  const markers = countMarkers(
    patients.map(({ clinical }) => clinical),
    columns,
  );
  return { file, format, patients: patients.length, columns: columns.length, markers };
}

function inspectExpression(
  { expression: read, transform, config }: CohortFiles,
  needed: ReadonlySet<string>,
): Inspection['expression'] {
  if (!read) return undefined;
  const { patients, genes, values } = read.expression;
  return {
    file: config.expression.file,
    format: read.format,
    orientation: read.orientation,
    genes: genes.length,
    patients: patients.length,
    otherPatients: read.otherPatients.length,
    // Not Math.min: a missing value is NaN.
    lowest: shortNumber(values.reduce((least, x) => (x < least ? x : least), Infinity)),
    highest: shortNumber(values.reduce((most, x) => (x > most ? x : most), -Infinity)),
    transform,
    scale: valueScale(read.expression),
    severalSamples: read.samples.several,
    normalSamples: read.samples.normal,
    repeatedGenes: read.repeated.filter(({ symbol }) => needed.has(symbol)),
  };
}

function inspectGeneSets(
  { geneSets, files }: Gathered,
  chosen: Cohort['genes'] | undefined,
  config: Config,
): Inspection['geneSets'] {
  if (!geneSets) return undefined;
  const matrices = files.flatMap(({ expression }) => (expression ? [new Set(expression.expression.genes)] : []));
  const isThere = (gene: string) => matrices.every((genes) => genes.has(gene));
  return SUBSPACES.map((subspace) => ({
    set: config.geneSets[subspace],
    genes: geneSets[subspace].length,
    ...(matrices.length > 0 && { inMatrix: geneSets[subspace].filter(isThere).length }),
    used: chosen?.[subspace].length,
  }));
}

function inspectFeatures({ slides, headers, config: { features } }: CohortFiles): Inspection['features'] {
  if (!slides) return undefined;
  const patches = Float64Array.from([...headers.values()], (header) => header.patches).sort();
  const provenance = summarise(headers.values());
  return {
    folder: features.folder,
    slides: [...slides.byPatient.values()].flat().length,
    patients: slides.byPatient.size,
    otherFiles: slides.others.length,
    patches:
      patches.length === 0
        ? undefined
        : { least: patches[0], median: quantile(patches, 0.5), most: patches[patches.length - 1] },
    width: [...headers.values()].at(0)?.width,
    encoder: features.encoder ?? provenance.encoder?.[0],
    provenance,
  };
}

function inspectTask(
  joined: readonly Patient[],
  { task, labels: rule, clinical }: Config,
  endpoint: Endpoint | undefined,
): Inspection['task'] {
  if (joined.length === 0) return undefined;
  if (task === 'survival') {
    const known = joined.flatMap(({ survival }) => survival ?? []);
    const times = Float64Array.from(known, ({ time }) => time);
    const deaths = known.filter(({ event }) => event).length;
    if (known.length === 0 || !endpoint) return undefined;
    const { name, rule } = endpoint;
    return {
      task,
      endpoint: name,
      rule,
      patients: known.length,
      deaths,
      medianFollowUp: quantile(times, 0.5),
      timeUnit: clinical.timeUnit,
    };
  }
  const { byPatient, unlabelled } = labelPatients(joined, task, rule);
  const classes = new Map<string, number>();
  for (const name of [...byPatient.values()].sort()) classes.set(name, (classes.get(name) ?? 0) + 1);
  return {
    task: typeof task === 'string' ? task : task.column,
    classes: Object.fromEntries(classes),
    unlabelled: Object.fromEntries(unlabelled),
  };
}

function withoutLabel(joined: readonly Patient[], { task, labels: rule }: Config): Inspection['withoutLabel'] {
  return task === 'survival' ? undefined : Object.fromEntries(labelPatients(joined, task, rule).unlabelledPatients);
}

function inspectFloors(
  { clinical, expression, config }: CohortFiles,
  needed: ReadonlySet<string>,
  problems: Problem[],
): Inspection['floors'] {
  const { file, leaveOutFloorsBy } = config.expression;
  const column = leaveOutFloorsBy ?? ORIGINS.find((origin) => clinical?.columns.includes(origin));
  if (!clinical?.columns.includes(column ?? '') || !expression || column === undefined) return undefined;
  const genes = floorGenes(expression.expression, groupsOf(clinical, column));
  const inGeneSets = genes.filter((gene) => needed.has(gene));
  if (inGeneSets.length > 0 && leaveOutFloorsBy === undefined) {
    const message = `${counted(inGeneSets.length, 'gene of the gene sets has', 'genes of the gene sets have')} a floor value that gives the ${column} away (${someOf(inGeneSets)})`;
    problems.push({
      severity: 'warning',
      file,
      message,
      remedy: `Set expression.leaveOutFloorsBy to '${column}' to train without them`,
    });
  }
  return { column, genes, inGeneSets: inGeneSets.length };
}
