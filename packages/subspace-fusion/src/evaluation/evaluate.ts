import { join } from 'node:path';
import { counted, loadCohort, strataOf, type Cohort, type Config, type Problem, type Split } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import { hasStandIns } from '../model/choice.js';
import { taskName, type Model } from '../training/model.js';
import { RUN_FILES, writeJson } from '../training/run-folder.js';
import { cohortSamples } from '../training/samples.js';
import type { Result } from './result.js';
import { readSelectedModel, scoreModel, type EvaluatedPatient } from './score-model.js';

export type { EvaluatedPatient } from './score-model.js';

export interface Evaluation {
  readonly result: Result;
  readonly predictions: readonly EvaluatedPatient[];
  readonly model: Model;
}

/** What patients can lack, in a user's words. */
export type MissingModality = 'slides' | 'expression';

export interface EvaluateOptions {
  /** A part of the run's split. The test part is for the end: nothing may be chosen by it. */
  readonly split?: keyof Split;
  /** As if nobody had measured it: what a model with stand-ins makes of patients who lack a modality. */
  readonly without?: MissingModality | undefined;
  readonly onWarning?: (problem: Problem) => void;
  readonly onPatient?: (done: number, of: number) => void;
}

/**
 * Scores a run's selected model on a part of its split, beside ridge regression on the same genes, with 95 % intervals.
 * @throws UserError where the run folder is not complete, its cohort cannot be read, or the model cannot do without a modality.
 */
export async function evaluate(run: string, { split: part = 'test', without, onWarning, onPatient }: EvaluateOptions = {}): Promise<Evaluation> {
  const selected = await readSelectedModel(run);
  const { config, model, split, selection } = selected;
  if (without && !hasStandIns(model.network)) {
    throw new UserError(`${run}: this model cannot do without ${without}. Train one with --set training.modalityDropout=0.3, which learns to.`);
  }
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  requirePatients(run, split, cohort, config);
  const samples = cohortSamples(cohort, model, { without: without && (without === 'slides' ? 'bag' : 'genes') });
  const { scores, predictions } = await scoreModel(selected, { samples, patients: split[part] }, { samples, patients: split.train }, onPatient);
  const endpoint = model.task === 'survival' && cohort.endpoint ? { endpoint: cohort.endpoint } : {};
  const baselines = without === 'expression' ? {} : scores.baselines; // they read genes
  return { result: { task: taskName(model.task), split: part, ...(without ? { without } : {}), ...describeInputs(model), ...endpoint, ...scores, baselines, selection }, predictions, model };
}

/** The covariates of a model, and those of them that the label is defined by. */
export function describeInputs({ covariates, definingCovariates }: Model): Pick<Result, 'covariates' | 'definingCovariates'> {
  if (!covariates) return {};
  return { covariates: covariates.covariates.map(({ name }) => name), definingCovariates: definingCovariates ?? [] };
}

/** The cohort's files may have changed since the run divided its patients. */
export function requirePatients(run: string, split: Split, cohort: Cohort, config: Config): void {
  const usable = strataOf(cohort.patients, config);
  const gone = [...split.train, ...split.validation, ...split.test].filter((id) => !usable.has(id));
  if (gone.length === 0) return;
  const names = `${gone.slice(0, 3).join(', ')}${gone.length > 3 ? ', …' : ''}`;
  throw new UserError(
    `${run}: ${counted(gone.length, 'patient of its split is', 'patients of its split are')} no longer in the cohort ${config.clinical.file}, or without a label (${names}). ` +
      'Restore the cohort, or train again.',
  );
}

/** Evaluates on the test patients and writes `result.json` and `predictions.json` into the run folder. */
export async function evaluateAndWrite(run: string, options: Omit<EvaluateOptions, 'split'> = {}): Promise<Evaluation> {
  const evaluation = await evaluate(run, options);
  await writeJson(join(run, RUN_FILES.predictions), evaluation.predictions);
  await writeJson(join(run, RUN_FILES.result), evaluation.result);
  return evaluation;
}
