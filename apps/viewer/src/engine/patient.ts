import {
  filePatient,
  hasStandIns,
  readSlide,
  reads,
  unknownCovariates,
  unseenLevels,
  type GeneVectors,
  type Model,
  type PatientInput,
  type SlideBag,
} from 'subspace-fusion/browser';
import { putFile } from '../platform/files.js';
import { PlainError } from './rpc.js';
import type { Run } from './run.js';

/** A patient's files, as they were dropped or came with the page. */
export interface PatientFiles {
  readonly bags: readonly File[];
  readonly expression: File | undefined;
  /** Which patient of the matrix. */
  readonly patient: string | undefined;
  readonly clinical: Readonly<Record<string, string>>;
}

/** A patient as the network reads one. */
export interface Patient {
  readonly input: PatientInput;
  readonly slides: readonly SlideBag[];
  readonly warnings: readonly string[];
}

/** Reads a patient's files. @throws PlainError, InputError for files that cannot be read or do not fit the model. */
export async function readPatient(
  { model, expression: format }: Run,
  { bags, expression, patient, clinical }: PatientFiles,
): Promise<Patient> {
  requireModalities(model, bags.length > 0, expression !== undefined);
  for (const file of [...bags, ...(expression ? [expression] : [])]) putFile(file.name, file);
  const files = { bags: bags.map(({ name }) => name), expression: expression?.name, patient, clinical };
  const input = await filePatient(files, { config: { expression: format }, model } as Parameters<
    typeof filePatient
  >[1]);
  const slides: SlideBag[] = [];
  for (const slide of input.slides) slides.push(await readSlide(slide, model));
  return {
    input,
    slides,
    warnings: [
      ...input.warnings,
      ...aboutModalities(input),
      ...aboutCovariates(model, input, clinical),
      ...aboutGenes(model, input.genes),
    ],
  };
}

function requireModalities({ network }: Model, slide: boolean, genes: boolean): void {
  const lacks = [
    ...(reads(network).bag && !slide ? ['a feature file (.h5)'] : []),
    ...(reads(network).genes && !genes ? ['an expression file (.csv, .tsv)'] : []),
  ];
  if (lacks.length === 0 || (lacks.length === 1 && hasStandIns(network))) return;
  throw new PlainError(`This model needs ${lacks.join(' and ')} too. Drop both files together.`);
}

function aboutModalities({ slides, genes }: PatientInput): string[] {
  const lacking = [...(slides.length === 0 ? ['slides'] : []), ...(genes ? [] : ['expression'])];
  return lacking.map(
    (what) =>
      `the patient has no ${what}: a learned stand-in takes their place, and the prediction is less sure than for complete patients`,
  );
}

function aboutCovariates(
  { covariates }: Model,
  { patient }: PatientInput,
  clinical: PatientFiles['clinical'],
): string[] {
  if (!covariates) return [];
  const row = { id: patient, clinical, bags: [] };
  const unknown = unknownCovariates(covariates, row);
  const words =
    unknown.length === 0 ? [] : [`unknown: ${unknown.join(', ')}; the training patients' mean stands for a number`];
  return [...unseenLevels(covariates, [row]), ...words];
}

/** More of the genes than this beyond the bound make a warning of them. */
const MOST_BEYOND = 0.1;

function aboutGenes({ scaling }: Model, genes: GeneVectors | undefined): string[] {
  if (!genes) return [];
  const bound = scaling.tumour.clip === undefined ? 3 : scaling.tumour.clip;
  const all = [...genes.tumour, ...genes.microenvironment];
  const beyond = bound === null ? 0 : all.filter((z) => Math.abs(z) >= bound).length;
  if (beyond / all.length <= MOST_BEYOND) return [];
  return [
    `${beyond} of ${all.length} genes lie ${bound} standard deviations or more from the training patients' mean and are cut off there; check the unit of the expression, and do not trust this prediction`,
  ];
}
