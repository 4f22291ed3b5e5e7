import { basename } from 'node:path';
import { loadCohort, type BagFile } from '../cohort/index.js';
import type { SelectedModel } from '../evaluation/score-model.js';
import { formatProblem, InputError, type Problem } from '../files/errors.js';
import type { GeneVectors } from '../inference/batch.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { hasStandIns } from '../model/choice.js';
import { encodeCovariates } from '../runs/covariates.js';
import { checkBags, readPatientExpression } from './inputs.js';

/** A patient as explanations need one. */
export interface PatientInput {
  readonly patient: string;
  readonly slides: readonly BagFile[];
  readonly genes: GeneVectors | undefined;
  readonly covariates: Float32Array | undefined;
  readonly warnings: readonly string[];
}

/** Files of a patient who is not of the run's cohort, as `predict` takes them. */
export interface PatientFiles {
  readonly bags: readonly string[];
  readonly expression?: string | undefined;
  readonly patient?: string | undefined;
  readonly clinical?: Readonly<Record<string, string>> | undefined;
}

/** The run's own cohort, as its model reads it. @throws InputError where it cannot be read. */
export async function runSamples({ config, model }: SelectedModel): Promise<CohortSamples> {
  const { cohort } = await loadCohort(config);
  return cohortSamples(cohort, model);
}

/** A patient of the run's cohort. @throws InputError where there is none of that name, or one who lacks what the model needs. */
export async function cohortPatient(
  id: string,
  samples: CohortSamples,
  { config, model }: SelectedModel,
): Promise<PatientInput> {
  const patient = samples.patients.get(id);
  if (!patient)
    throw new InputError(
      `${config.clinical.file}: has no usable patient '${id}'. Take an id of the run's split.json, or give files with --bag and --expression.`,
    );
  const { genes, covariates } = await samples.sample(id, undefined);
  requireBoth(id, patient.bags, genes, hasStandIns(model.network));
  return { patient: id, slides: patient.bags, genes, covariates, warnings: [] };
}

/** A patient from files. @throws InputError for files that cannot be read or do not fit the model. */
export async function filePatient(
  { bags, expression: file, patient: asked, clinical = {} }: PatientFiles,
  { config, model }: SelectedModel,
): Promise<PatientInput> {
  const aboutBags = await checkBags(bags, model);
  const problems: Problem[] = [];
  const expression =
    file === undefined ? undefined : await readPatientExpression(file, model, config.expression, bags, asked, problems);
  const patient = expression?.patient ?? asked ?? basename(bags[0] ?? '').replace(/\.[^.]*$/, '');
  const slides = bags.map((path) => ({ slide: basename(path), path }));
  requireBoth(patient, slides, expression?.genes, hasStandIns(model.network));
  const covariates = model.covariates && encodeCovariates(model.covariates, [{ id: patient, clinical, bags: [] }]);
  return {
    patient,
    slides,
    genes: expression?.genes,
    covariates,
    warnings: [...problems.map(formatProblem), ...aboutBags],
  };
}

function requireBoth(id: string, slides: readonly BagFile[], genes: GeneVectors | undefined, standIns: boolean): void {
  const lacks = [...(slides.length === 0 ? ['slides (--bag)'] : []), ...(genes ? [] : ['expression (--expression)'])];
  if (lacks.length === 2 || (lacks.length === 1 && !standIns))
    throw new InputError(`${id}: has no ${lacks.join(' and no ')}, which the model needs. Give the files.`);
}
