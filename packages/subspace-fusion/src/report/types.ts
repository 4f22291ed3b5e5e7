import type { Subspace, TimeUnit } from '../cohort/types.js';
import type { TaskComparison } from '../comparison/file.js';
import type { Thumbnail } from '../explanation/slide-figure.js';
import type { CohortExplanation, PatientExplanation } from '../runs/explanations.js';
import type { EvaluatedSurvival, Result } from '../runs/result.js';
import type { EpochRecord } from '../runs/training-files.js';
import type { NamedMetrics } from '../runs/values.js';

/** Everything a report shows, as plain data, read back from run folders. */
export interface ReportInput {
  readonly title: string;
  /** One or two sentences on where the data come from, such as that the cohort is simulated. */
  readonly description?: string;
  readonly runs: readonly ReportRun[];
  /** Name to version of what produced the runs (the program, Node, the system). */
  readonly versions: Readonly<Record<string, string>>;
  /** Patients stand under codes; who is who is in a key file kept elsewhere. */
  readonly pseudonymised?: boolean;
}

/** A run, or the runs of a comparison's first model. */
export interface ReportRun {
  /** The task's name: `survival`, `diagnosis`, …, or the column of a task of one's own. */
  readonly task: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly model: ModelFacts;
  /** One, or those of a cross-validation. */
  readonly trainings: readonly Training[];
  readonly result: RunResult;
  /** On the test patients, each once: of a cross-validation from the first fold that tested them, its run of the first seed. */
  readonly predictions: SurvivalPredictions | ClassPredictions;
  readonly patients: PatientsSummary | { readonly reason: string };
  /** Of a cross-validation, or of a task of a plan: all models on the same folds, this one first. */
  readonly comparison?: TaskComparison;
  readonly explanations: Explanations;
  /** What was typed, a command a line. */
  readonly commands: readonly string[];
}

/** What the model is, as `model.json` says it. */
export interface ModelFacts {
  /** `subspace`, or the name of a published model. */
  readonly network: string;
  /** Which of slides and genes it reads. */
  readonly reads: { readonly bag: boolean; readonly genes: boolean };
  readonly tokens: number;
  readonly patchWidth: number;
  readonly genes: Readonly<Record<Subspace, number>>;
  readonly encoder?: string;
  readonly covariates: readonly string[];
  /** Those covariates that are part of the label's definition. */
  readonly definingCovariates: readonly string[];
}

/** One training. */
export interface Training {
  /** Where there are several: which one this is. */
  readonly name?: string;
  readonly epochs: readonly EpochRecord[];
  /** The epoch whose weights were kept, chosen on the validation patients. */
  readonly selection: Result['selection'];
}

/** The patients of each part, and who was left out. Cells are text already. */
export interface PatientsSummary {
  /** Parts of the patients, as columns. */
  readonly parts: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
  /** Whether somebody is in several of the parts that folds test. */
  readonly overlap: boolean;
  /** Steps from the clinical table to the test part. */
  readonly flow: readonly { readonly step: string; readonly patients: number }[];
  /** Survival: what it is measured to. */
  readonly endpoint?: { readonly name: string; readonly rule: string };
}

/** Explanations that the run folder holds. */
export interface Explanations {
  readonly patients: readonly ExplainedPatient[];
  /** How many more there are than are shown. */
  readonly notShown: number;
  readonly cohort?: CohortExplanation;
}

export interface ExplainedPatient {
  readonly explanation: PatientExplanation;
  /** Pictures under the maps, one a slide, undefined where there is none. */
  readonly thumbnails: readonly (Thumbnail | undefined)[];
}

/** A metric without its name; means over folds have a value, and not all of the rest. */
export type ReportedMetric = Extract<Unnamed, { value: null }> | (Pick<Estimated, 'value'> & Partial<Estimated>);
export type ReportedMetrics = Readonly<Record<string, ReportedMetric>>;
type Unnamed = NamedMetrics[string];
type Estimated = Exclude<Unnamed, { value: null }>;

/** `result.json`, or the totals of a comparison. */
export interface RunResult extends Pick<Result, 'task' | 'split' | 'chosenOnThese' | 'patients' | 'confidence'> {
  readonly metrics: ReportedMetrics;
  /** Simpler models on the same patients, by name. */
  readonly baselines?: Readonly<Record<string, ReportedMetrics>>;
}

export interface SurvivalPredictions {
  readonly kind: 'survival';
  readonly timeUnit: TimeUnit;
  /** Inner boundaries of the survival bins, in `timeUnit`. */
  readonly cuts: readonly number[];
  readonly rows: readonly SurvivalPrediction[];
}

/** One test patient; `group` is by the cut that was fixed on the training patients. */
export type SurvivalPrediction = Required<
  Pick<EvaluatedSurvival, 'patient' | 'risk' | 'group' | 'time' | 'event' | 'survival'>
>;

export interface ClassPredictions {
  readonly kind: 'classification';
  readonly classes: readonly string[];
  readonly rows: readonly ClassPrediction[];
  /** Of a cross-validation: the whole test part of each of the folds that the rows are from. */
  readonly folds?: readonly (readonly Omit<ClassPrediction, 'patient'>[])[];
}

export interface ClassPrediction {
  readonly patient: string;
  /** Index into `classes`. */
  readonly label: number;
  /** One for each class. */
  readonly probabilities: readonly number[];
}
