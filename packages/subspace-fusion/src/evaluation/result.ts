import type { Endpoint } from '../cohort/index.js';
import type { Prediction } from '../inference/predictor.js';
import type { Metric } from '../metrics/index.js';
import type { ConfidenceResult } from './confidence/confidence-file.js';

/** A metric as `result.json` holds it, under its name: `{value, low, high, n, …}`, or `{value: null, reason}`. */
export type NamedMetrics = Readonly<Record<string, DistributiveOmit<Metric, 'name'>>>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Stands wherever figures of patients do that the model was fitted to or chosen on. */
export const CHOSEN_ON_THESE =
  'the model was fitted to these patients or chosen on them: no evidence of how good it is';

/** `result.json`: a model on one part of its split. */
export interface Result {
  readonly task: string;
  /** A part of the run's split, or `external`. */
  readonly split: string;
  /** The model was fitted to these patients or chosen on them: see {@link CHOSEN_ON_THESE}. Absent where it was not. */
  readonly chosenOnThese?: true;
  /** Of another cohort than the run's: which it is, and how many patients of its clinical table were left out for what. */
  readonly cohort?: {
    readonly name: string;
    readonly patients: number;
    readonly leftOut: Readonly<Record<string, number>>;
  };
  /** Survival only: what it is measured to, and when its event counts as seen. */
  readonly endpoint?: Endpoint;
  /** The modality that was taken from every patient. */
  readonly without?: 'slides' | 'expression';
  /** Clinical covariates of the model, and those of them that the label is defined by: with them, the task is easier than it looks. */
  readonly covariates?: readonly string[];
  readonly definingCovariates?: readonly string[];
  readonly patients: number;
  readonly metrics: NamedMetrics;
  /** Simpler models, fitted on the same training patients and scored on the same patients. */
  readonly baselines: Readonly<Record<string, NamedMetrics>>;
  /** The epoch that was kept, chosen on the validation patients. */
  readonly selection: { readonly epoch: number; readonly metric: string; readonly value: number | null };
  /** Survival only: the cut between low and high risk, fixed on the training patients, and the two groups compared. */
  readonly riskGroups?: {
    readonly cut: number;
    readonly low: number;
    readonly high: number;
    readonly logRank: NamedMetrics;
  };
  /** What the model's confidence is worth on these patients, who had no part in it; test patients and other cohorts only. */
  readonly confidence?: ConfidenceResult;
  /** Patients with more than one slide; each got one prediction, the mean over their slides. */
  readonly patientsWithSeveralSlides: number;
}

export function byName(metrics: readonly Metric[]): NamedMetrics {
  return Object.fromEntries(metrics.map(({ name, ...rest }) => [name, rest]));
}

/** The metrics know classes by their numbers: `class 2 has no patient`, `0/0 for class 1, 3`. */
const NUMBERS = /\bclass (\d+(?:, \d+)*)/g;

/** A metric with the names of classes in what it says about them. */
export function nameClasses<M extends Metric | NamedMetrics[string]>(metric: M, classes: readonly string[]): M {
  const named = (text: string) =>
    text.replace(
      NUMBERS,
      (_, numbers: string) =>
        `class ${numbers
          .split(', ')
          .map((c) => `'${classes[Number(c)]}'`)
          .join(', ')}`,
    );
  if (metric.value === null) return { ...metric, reason: named(metric.reason) };
  return metric.note === undefined ? metric : { ...metric, note: named(metric.note) };
}

/** {@link nameClasses} of all metrics of a model. */
export function nameAllClasses(metrics: NamedMetrics, classes: readonly string[]): NamedMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, metric]) => [name, nameClasses(metric, classes)]));
}

/** One patient's prediction beside what happened; `predictions.json` is a list of them. */
export type EvaluatedPatient = Prediction &
  (
    | {
        readonly label: number;
        readonly className: string;
        /** Probabilities at the temperature of the validation patients, `[C]`; absent where none was fitted. */
        readonly calibrated?: readonly number[];
        /** Classes that are not ruled out, class by class, and with one threshold for all; absent where no patients were set aside. */
        readonly set?: readonly string[];
        readonly marginalSet?: readonly string[];
      }
    | {
        readonly time: number;
        readonly event: boolean;
        /** By the median risk of the training patients; absent where they could not be read. */
        readonly group?: 'low' | 'high';
        readonly survival: readonly number[];
      }
  ) & {
    /** Inputs that lie out of the range of the training patients; absent where that range is not known. */
    readonly unlikeTraining?: readonly ('genes' | 'features')[];
  };
