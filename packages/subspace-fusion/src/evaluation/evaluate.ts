import { join } from 'node:path';
import { sha256File } from '../cohort/cohort-files.js';
import { loadCohort } from '../cohort/load.js';
import { strataOf } from '../cohort/split/split.js';
import type { Cohort, Part, Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { counted, InputError, type Problem } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { hasStandIns } from '../model/choice.js';
import type { Confidence, ConfidenceResult } from '../runs/confidence.js';
import { taskName, type Model } from '../runs/model.js';
import type { EvaluatedPatient, Result } from '../runs/result.js';
import { openRunFolder, RUN_FILES, writeJson } from '../runs/run-folder.js';
import { applyConfidence } from './confidence/apply.js';
import { learnConfidence, writeConfidence } from './confidence/learn.js';
import { meanPatches } from './confidence/patient.js';
import type { MeanPatches } from './confidence/training-range.js';
import { readSelectedModel, scoreModel, type SelectedModel } from './score-model.js';
import { CHOSEN_ON_THESE } from './score.js';

export interface Evaluation {
  readonly result: Result;
  readonly predictions: readonly EvaluatedPatient[];
  readonly model: Model;
}

/** What patients can lack, in a user's words. */
export type MissingModality = 'slides' | 'expression';

export interface EvaluateOptions {
  /** A part of the run's split. The test part is for the end: nothing may be chosen by it. */
  readonly split?: Part;
  /** Needed for the patients that the model was trained or selected on; their result then says so. */
  readonly allowSelected?: boolean | undefined;
  /** As if nobody had measured it: what a model with stand-ins makes of patients who lack a modality. */
  readonly without?: MissingModality | undefined;
  readonly onWarning?: (problem: Problem) => void;
  readonly onPatient?: (done: number, of: number) => void;
}

type EvaluateEvents = Pick<EvaluateOptions, 'onWarning' | 'onPatient'>;

/** What scoring needed, for what is learned from other parts afterwards. */
interface Scored {
  readonly evaluation: Evaluation;
  readonly selected: SelectedModel;
  readonly samples: CohortSamples;
  readonly means: MeanPatches;
}

/**
 * Scores a run's selected model on a part of its split, beside ridge regression on the same genes, with 95 % intervals. Test patients are
 * also told how confident the model is of them, where the run holds that (see {@link evaluateAndWrite}).
 * @throws InputError where the run folder is not complete, its cohort cannot be read, the model cannot do without the modality, or was chosen on the
 * patients and that is not allowed.
 */
export async function evaluate(run: string, options: EvaluateOptions = {}): Promise<Evaluation> {
  const scored = await score(run, options);
  const { split, without } = scored.evaluation.result;
  // Other parts trained, selected or calibrated the model, and it was calibrated on complete patients.
  const confidence = split === 'test' && without === undefined ? await scored.selected.run.confidence() : undefined;
  return confidence ? withConfidence(scored.evaluation, confidence, scored.samples, scored.means) : scored.evaluation;
}

async function score(
  run: string,
  { split: part = 'test', allowSelected = false, without, onWarning, onPatient }: EvaluateOptions,
): Promise<Scored> {
  if (part !== 'test' && !allowSelected) {
    throw new InputError(
      `${run}: ${CHOSEN_ON_THESE} (${part}). Score the test patients, or add --allow-selected, and every table will say it.`,
    );
  }
  const chosen = part === 'test' ? {} : { chosenOnThese: true as const };
  const selected = await readSelectedModel(run);
  const { config, model, split, selection } = selected;
  if (without && !hasStandIns(model.network)) {
    throw new InputError(
      `${run}: this model cannot do without ${without}. Train one with --set training.modalityDropout=0.3, which learns to.`,
    );
  }
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  requirePatients(run, split, cohort, config);
  const means = meanPatches(model);
  const samples = cohortSamples(cohort, model, {
    read: means.read,
    without: without && (without === 'slides' ? 'bag' : 'genes'),
  });
  const { scores, predictions } = await scoreModel(
    selected,
    { samples, patients: split[part] },
    { samples, patients: split.train },
    onPatient,
  );
  const endpoint = model.task === 'survival' && cohort.endpoint ? { endpoint: cohort.endpoint } : {};
  const baselines = without === 'expression' ? {} : scores.baselines; // they read genes
  const result = {
    format: 1 as const,
    task: taskName(model.task),
    split: part,
    ...chosen,
    ...(without ? { without } : {}),
    ...describeInputs(model),
    ...endpoint,
    ...scores,
    baselines,
    selection,
  };
  return { evaluation: { result, predictions, model }, selected, samples, means };
}

/** An evaluation on patients who had no part in the model's confidence, with that confidence. */
export async function withConfidence(
  { result, predictions, model }: Evaluation,
  confidence: Confidence,
  samples: CohortSamples,
  means: MeanPatches,
): Promise<Evaluation & { readonly result: { readonly confidence: ConfidenceResult } }> {
  const applied = await applyConfidence(confidence, model.outcome, predictions, samples, means);
  return { result: { ...result, confidence: applied.result }, predictions: applied.predictions, model };
}

/** The covariates of a model, and those of them that the label is defined by. */
export function describeInputs({
  covariates,
  definingCovariates,
}: Model): Pick<Result, 'covariates' | 'definingCovariates'> {
  if (!covariates) return {};
  return { covariates: covariates.covariates.map(({ name }) => name), definingCovariates: definingCovariates ?? [] };
}

/** The cohort's files may have changed since the run divided its patients. */
export function requirePatients(run: string, split: Split, cohort: Cohort, config: Config): void {
  const usable = strataOf(cohort.patients, config);
  const gone = [...split.train, ...split.validation, ...split.test, ...(split.conformal ?? [])].filter(
    (id) => !usable.has(id),
  );
  if (gone.length === 0) return;
  const names = `${gone.slice(0, 3).join(', ')}${gone.length > 3 ? ', …' : ''}`;
  throw new InputError(
    `${run}: ${counted(gone.length, 'patient of its split is', 'patients of its split are')} no longer in the cohort ${config.clinical.file}, or without a label (${names}). ` +
      'Restore the cohort, or train again.',
  );
}

/**
 * Evaluates on the test patients, and learns from the others how far the model can be trusted (see {@link learnConfidence}). Writes
 * `result.json`, `predictions.json`, `validation-predictions.json` and `confidence.json` into the run folder, whose lock it holds meanwhile.
 */
export async function evaluateAndWrite(run: string, options: EvaluateEvents = {}): Promise<Evaluation> {
  await openRunFolder(run); // a folder that holds no run is left as it is
  return holdingFolder(run, () => evaluateHeld(run, options));
}

/** {@link evaluateAndWrite} for a caller who holds the lock of the folder. */
export async function evaluateHeld(run: string, options: EvaluateEvents = {}): Promise<Evaluation> {
  const scored = await score(run, options);
  const { selected, samples, means } = scored;
  const { confidence, onValidation } = await learnConfidence(selected, samples, means);
  const evaluation = await withConfidence(scored.evaluation, confidence, samples, means);
  await writeConfidence(run, confidence, evaluation.result.confidence);
  await writeJson(join(run, RUN_FILES.validationPredictions), onValidation);
  await writeJson(join(run, RUN_FILES.predictions), evaluation.predictions);
  const written = ['checkpoint', 'confidence', 'validationPredictions', 'predictions'] as const;
  const files: Record<string, string> = {};
  for (const file of written) files[RUN_FILES[file]] = await sha256File(join(run, RUN_FILES[file]));
  const result = { ...evaluation.result, files };
  await writeJson(join(run, RUN_FILES.result), result);
  return { ...evaluation, result };
}
