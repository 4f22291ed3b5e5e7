import type { ExpressionFiles, Paths } from '../cohort/expression/expression-files.js';
import type { Patient } from '../cohort/types.js';
import { formatProblem, InputError, type Problem } from '../files/errors.js';
import type { Source } from '../files/source.js';
import type { GeneVectors } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { hasStandIns, reads } from '../model/choice.js';
import { fileWidth } from '../runs/components.js';
import { encodeCovariates, unknownCovariates, unseenLevels } from '../runs/covariates.js';
import type { Model } from '../runs/model.js';
import { lacksModality, unknownCovariates as unknownWords } from '../words/prediction.js';
import { expressionFromFile, expressionFromValues, type ExpressionFormat } from './expression.js';
import {
  arraySlide,
  checkSlides,
  fileSlide,
  readGiven,
  readSlide,
  type BagArrays,
  type GivenSlide,
  type SlideBag,
} from './slide.js';

/** A file: its bytes or, in Node, its path. */
export type FileInput = string | Source;

/** A slide: its feature file, or its features as arrays. */
export type SlideInput = FileInput | BagArrays;

/** One patient, as far as anything is known of them. A model that can do without a modality predicts without it. */
export interface PatientInput {
  /** Needed where an expression file holds several patients and no slide is named after one of them. */
  readonly patient?: string | undefined;
  /** One slide, or several: the prediction is the mean over them. */
  readonly bag?: SlideInput | readonly SlideInput[] | undefined;
  /** Expression by gene symbol, in the unit that the model was trained on; all genes of the model are needed. */
  readonly genes?: Readonly<Record<string, number>> | undefined;
  /** Instead of `genes`: a file that holds the patient, alone or among others. */
  readonly expression?: FileInput | undefined;
  /** The patient's row of a clinical table, for a model with covariates; what is not in it is unknown. */
  readonly clinical?: Readonly<Record<string, string | number>> | undefined;
}

/** What of a run decides how a patient is read. */
export interface ReadingRun {
  /** As messages call it. */
  readonly name: string;
  readonly model: Model;
  readonly expression: ExpressionFormat;
  /** Where there are paths: in Node. */
  readonly paths?: Paths | undefined;
}

/** A patient as the network reads one. */
export interface ReadPatient {
  readonly patient: string;
  /** Those that the network reads. */
  readonly slides: readonly SlideBag[];
  /** Slides that were given. */
  readonly given: number;
  readonly genes: GeneVectors | undefined;
  readonly covariates: Float32Array | undefined;
  /** Covariates of the model that something is known of. */
  readonly known: readonly string[];
  /** Modalities that a learned stand-in takes the place of: `slides`, `expression`. */
  readonly lacking: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Reads a patient for a model, with every check of the input against what the model was trained on.
 * @throws InputError for files that cannot be read, input that does not fit the model, and a modality that it cannot do without
 */
export async function readPatient(input: PatientInput, run: ReadingRun): Promise<ReadPatient> {
  const opened: Source[] = [];
  try {
    return await readOpened(input, run, opened);
  } finally {
    for (const source of opened) await source.close();
  }
}

/** @param opened Takes what was opened by its path. */
async function readOpened(input: PatientInput, run: ReadingRun, opened: Source[]): Promise<ReadPatient> {
  const { name, model, expression: format, paths } = run;
  const { patient: asked, genes: values, expression: file } = input;
  if (values !== undefined && file !== undefined) throw new InputError('Give genes or an expression file, not both.');
  const slideInputs = listOf(input.bag);
  requireModalities(name, model, slideInputs.length > 0, values !== undefined || file !== undefined);
  const given: GivenSlide[] = [];
  for (const slide of slideInputs)
    given.push(
      typeof slide === 'object' && 'features' in slide
        ? arraySlide(slide, fileWidth(model))
        : await fileSlide(await sourceOf(slide, run, opened)),
    );
  const aboutSlides = checkSlides(given, model);

  const problems: Problem[] = [];
  const wanted = { patient: asked, slides: given.map(({ slide }) => slide) };
  const expression =
    file === undefined
      ? values && { patient: asked, genes: expressionFromValues(values, model) }
      : await expressionFromFile(await expressionOf(file, run, opened), model, { ...format, paths }, wanted, problems);
  const patient = expression?.patient ?? asked ?? given.at(0)?.slide.replace(/\.[^.]*$/, '') ?? 'patient';

  const slides: SlideBag[] = [];
  if (reads(model.network).bag) for (const slide of given) slides.push(await readGiven(slide, model));
  const clinical = Object.fromEntries(
    Object.entries(input.clinical ?? {}).map(([column, value]) => [column, String(value)]),
  );
  const row: Patient = { id: patient, clinical, bags: [] };
  const lacking = lackingModalities(model, given.length > 0, expression !== undefined);
  return {
    patient,
    slides,
    given: given.length,
    genes: expression?.genes,
    lacking,
    ...covariatesOf(model, row),
    warnings: [
      ...problems.map(formatProblem),
      ...aboutSlides,
      ...lacking.map(lacksModality),
      ...covariateWarnings(model, row),
    ],
  };
}

/**
 * Reads a patient of the run's own cohort.
 * @throws InputError where there is none of that name, or one who lacks what the model needs
 */
export async function readCohortPatient(
  id: string,
  samples: CohortSamples,
  { name, model }: ReadingRun,
): Promise<ReadPatient> {
  const row = samples.patients.get(id);
  if (!row)
    throw new InputError(
      `${name}: the cohort has no usable patient '${id}'. Take an id of the run's split.json, or give files with --bag and --expression.`,
    );
  const { genes } = await samples.sample(id, undefined);
  requireModalities(name, model, row.bags.length > 0, genes !== undefined);
  const slides: SlideBag[] = [];
  if (reads(model.network).bag) for (const slide of row.bags) slides.push(await readSlide(slide, model, samples));
  const lacking = lackingModalities(model, slides.length > 0, genes !== undefined);
  return {
    patient: id,
    slides,
    given: row.bags.length,
    genes,
    lacking,
    ...covariatesOf(model, row),
    warnings: [...lacking.map(lacksModality), ...covariateWarnings(model, row)],
  };
}

async function sourceOf(file: FileInput, { paths }: ReadingRun, opened: Source[]): Promise<Source> {
  if (typeof file !== 'string') return file;
  if (!paths) throw noPaths(file);
  const source = await paths.file(file);
  opened.push(source);
  return source;
}

async function expressionOf(file: FileInput, { paths }: ReadingRun, opened: Source[]): Promise<ExpressionFiles> {
  if (typeof file !== 'string') return { name: file.name, file, folder: undefined };
  if (!paths) throw noPaths(file);
  const files = await paths.expression(file);
  if (files.file) opened.push(files.file);
  return files;
}

const noPaths = (path: string) => new InputError(`${path}: there are no paths here. Give the file itself.`);

function listOf<T>(one: T | readonly T[] | undefined): readonly T[] {
  if (one === undefined) return [];
  return Array.isArray(one) ? (one as readonly T[]) : [one as T];
}

/** @throws InputError where the patient lacks a modality that the model cannot do without. */
function requireModalities(name: string, { network }: Model, slides: boolean, expression: boolean): void {
  const needs = reads(network);
  const lacks = { slides: needs.bag && !slides, expression: needs.genes && !expression };
  if (!lacks.slides && !lacks.expression) return;
  if (lacks.slides && lacks.expression)
    throw new InputError('Give a slide with --bag or an expression matrix with --expression, or both.');
  if (hasStandIns(network)) return;
  const [what, option] = lacks.slides ? ['slides', '--bag'] : ['expression', '--expression'];
  throw new InputError(
    `${name}: the patient has no ${what} (${option}), which the model needs: it was trained on complete patients and cannot do without ${what}. ` +
      `Give them with ${option}, or train a model with --set training.modalityDropout=0.3, which learns to.`,
  );
}

function lackingModalities({ network }: Model, slides: boolean, expression: boolean): string[] {
  const needs = reads(network);
  return [...(needs.bag && !slides ? ['slides'] : []), ...(needs.genes && !expression ? ['expression'] : [])];
}

function covariatesOf({ covariates }: Model, row: Patient): Pick<ReadPatient, 'covariates' | 'known'> {
  if (!covariates) return { covariates: undefined, known: [] };
  const unknown = new Set(unknownCovariates(covariates, row));
  return {
    covariates: encodeCovariates(covariates, [row]),
    known: covariates.covariates.map(({ name }) => name).filter((name) => !unknown.has(name)),
  };
}

function covariateWarnings({ covariates }: Model, row: Patient): string[] {
  if (!covariates) return [];
  const unknown = unknownCovariates(covariates, row);
  return [...unseenLevels(covariates, [row]), ...(unknown.length > 0 ? [unknownWords(unknown)] : [])];
}
