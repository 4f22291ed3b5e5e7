import type { Subspace, TimeUnit } from '../cohort/types.js';
import type { ConfidenceResult } from '../evaluation/confidence/confidence-file.js';
import type { CohortExplanation, PatientExplanation, Thumbnail } from '../explanation/index.js';
import type { Estimate, Refusal } from '../metrics/index.js';
import type { RiskGroup } from '../words/prediction.js';

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

/** A run, or a cross-validation with its runs. */
export interface ReportRun {
  /** The task's name: `survival`, `diagnosis`, …, or the column of a task of one's own. */
  readonly task: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly model: ModelFacts;
  /** One, or those of a cross-validation. */
  readonly trainings: readonly Training[];
  readonly result: RunResult;
  /** On the test patients: of every fold, from the runs of the first seed. */
  readonly predictions: SurvivalPredictions | ClassPredictions;
  readonly patients: PatientsSummary | { readonly reason: string };
  readonly crossval?: CrossvalDetail;
  readonly explanations: Explanations;
  /** What was typed, a command a line. */
  readonly commands: readonly string[];
}

/** What the model is, as `model.json` says it. */
export interface ModelFacts {
  /** `subspace`, or the name of a published model. */
  readonly network: string;
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
  readonly selection: { readonly epoch: number; readonly metric: string; readonly value: number | null };
}

/** The patients of each part, and who was left out. Cells are text already. */
export interface PatientsSummary {
  /** Parts of the patients, as columns. */
  readonly parts: readonly string[];
  readonly rows: readonly { readonly name: string; readonly cells: readonly string[] }[];
  /** Steps from the clinical table to the test part. */
  readonly flow: readonly { readonly step: string; readonly patients: number }[];
  /** Survival: what it is measured to. */
  readonly endpoint?: { readonly name: string; readonly rule: string };
}

/** What only a cross-validation has. */
export interface CrossvalDetail {
  readonly seeds: readonly number[];
  readonly intervals: string;
  /** Name of the network in `differences`. */
  readonly network: string;
  /** Paired, by `network - other`. */
  readonly differences: Readonly<Record<string, ReportedMetric & { readonly adjustedP?: number }>>;
  readonly folds: readonly {
    readonly fold: string;
    readonly patients: number;
    readonly metrics: ReportedMetrics;
    readonly baselines: Readonly<Record<string, ReportedMetrics>>;
  }[];
  /** By what is known of the patients, and by `--within`. */
  readonly subgroups: readonly { readonly group: string; readonly patients: number; readonly metric: ReportedMetric }[];
  /** Patients whom the model got most wrong, the worst first. */
  readonly worst: readonly { readonly patient: string; readonly what: string }[];
  readonly failures: readonly string[];
  readonly notes: readonly string[];
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

/** A branch of the network; `joint` where one serves both subspaces. */
export type Branch = Subspace | 'joint';

/** One line of `metrics.jsonl`. Losses are means over the epoch's batches; null is a value that could not be computed. */
export interface EpochRecord {
  readonly epoch: number;
  readonly learningRate: number;
  /** Task loss plus consistency, on the training patients. */
  readonly loss: number | null;
  readonly taskLoss: number | null;
  /** Of each branch of the network; a peer has none. */
  readonly consistency: Readonly<Partial<Record<Branch, number | null>>>;
  /** Steps of the epoch, and in how many of them each subspace had a gradient half projected. */
  readonly coordination?: {
    readonly steps: number;
    readonly tumourYielded: number;
    readonly microenvironmentYielded: number;
  };
  readonly validation: { readonly metric: string; readonly value: number | null; readonly loss: number | null };
  readonly seconds: number;
}

/** A metric as `result.json` holds it, under its name. */
export type ReportedMetric =
  (Pick<Estimate, 'value'> & Partial<Omit<Estimate, 'name' | 'value'>>) | Omit<Refusal, 'name'>;
export type ReportedMetrics = Readonly<Record<string, ReportedMetric>>;

/** `result.json`, or the totals of `crossval.json`. */
export interface RunResult {
  readonly task: string;
  readonly split: string;
  /** The model was fitted to these patients or chosen on them. */
  readonly chosenOnThese?: boolean;
  readonly patients: number;
  readonly metrics: ReportedMetrics;
  /** Simpler models on the same patients, by name. */
  readonly baselines?: Readonly<Record<string, ReportedMetrics>>;
  /** What the model's confidence is worth on these patients. */
  readonly confidence?: ConfidenceResult;
}

export interface SurvivalPredictions {
  readonly kind: 'survival';
  readonly timeUnit: TimeUnit;
  /** Inner boundaries of the survival bins, in `timeUnit`. */
  readonly cuts: readonly number[];
  readonly rows: readonly SurvivalPrediction[];
}

export interface SurvivalPrediction {
  readonly patient: string;
  readonly risk: number;
  /** By the cut that was fixed on the training patients. */
  readonly group: RiskGroup;
  readonly time: number;
  readonly event: boolean;
  /** Predicted survival at each cut. */
  readonly survival: readonly number[];
}

export interface ClassPredictions {
  readonly kind: 'classification';
  readonly classes: readonly string[];
  readonly rows: readonly ClassPrediction[];
}

export interface ClassPrediction {
  readonly patient: string;
  /** Index into `classes`. */
  readonly label: number;
  /** One for each class. */
  readonly probabilities: readonly number[];
  /** The fold that the patient was tested in; absent outside of a cross-validation. */
  readonly fold?: string;
}
