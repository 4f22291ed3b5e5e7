import type { TimeUnit } from '../cohort/index.js';
import type { NamedMetrics } from '../evaluation/result.js';
import type { Verdict } from '../metrics/index.js';

/** A metric as JSON holds it: `{value, low, high, n, …}` or `{value: null, reason}`. */
export type NamedMetric = NamedMetrics[string];

/** The difference of two models on the same patients in the metric that speaks for the task, the first minus the second. */
export type Difference = NamedMetric & {
  /** Two-sided bootstrap p-value of no difference, and that of Holm over all differences of the comparison; absent where it is refused. */
  readonly p?: number;
  readonly adjustedP?: number;
  /** What the difference says of the first model against the second, ±0.01 being no matter; absent where there is no interval. */
  readonly verdict?: Verdict;
};

/** Models on the same folds: each model's metrics, and by how much pairs of them differ. */
export interface Comparison {
  /**
   * By model. Survival: `concordanceIndex` (Harrell), `unoConcordance`, `dynamicAuc`, `integratedBrier`, `survivalCalibrationError`.
   * Classes: `accuracy`, `balancedAccuracy`, `macroF1`, `macroAuc`, `sensitivity`, `specificity`, `precision`, `brier`, `logLoss`,
   * `expectedCalibrationError`. Both: `netBenefit[0.25]` and so on, in true positives per patient. All of them have n, survival also
   * events, concordances comparablePairs.
   */
  readonly models: Readonly<Record<string, NamedMetrics>>;
  /** By `differenceName`. */
  readonly differences: Readonly<Record<string, Difference>>;
  /** What each model has over age, diagnosis and grade. */
  readonly adds: AddedValue | { readonly reason: string };
  /** Survival only: the time up to which probabilities of survival and Uno's C are judged, or why they are not. */
  readonly horizon?: Horizon | { readonly reason: string };
  /** Folds that deal the same patients several times: means over all of them with an interval that knows that training sets overlap. */
  readonly repeated?: RepeatedFolds;
  /** How the intervals came about. */
  readonly bootstrap: {
    readonly seed: number;
    /** Resamples of the metrics and differences that speak for the task (and of the first seven of classes), and of all others. */
    readonly resamples: number;
    readonly secondaryResamples: number;
    /** Differences that Holm's procedure adjusts together. */
    readonly family: number;
    /** A difference within ± this is none. */
    readonly margin: number;
    /** Who is drawn, in words. */
    readonly units: string;
  };
}

/** A time fixed by training patients alone, in the cohort's unit. */
export interface Horizon {
  readonly time: number;
  readonly timeUnit: TimeUnit;
  /** Times at which the Brier score is taken, the last of them the horizon. */
  readonly times: readonly number[];
  /** How it was chosen, in words. */
  readonly rule: string;
}

/** Paired differences of models to the clinical model: model minus clinical, so that a lower Brier score is negative. */
export interface AddedValue {
  /** The clinical model's name among the models. */
  readonly over: 'ageDiagnosisGrade';
  readonly variables: readonly string[];
  /** What the clinical model lacks, and why: the table has no such column, or the label is made of it. */
  readonly leftOut: readonly { readonly variable: string; readonly reason: string }[];
  /** Probabilities at which somebody would be treated; the keys of net benefit hold them. */
  readonly thresholds: readonly number[];
  /**
   * By model: `concordanceIndex`, `integratedBrier`, `netBenefit[0.25]` …; of classes `macroAuc`, `brier` and net benefit as the mean over
   * classes against the rest. Net benefit is in true positives per patient.
   */
  readonly models: Readonly<Record<string, NamedMetrics>>;
}

/** Means over repeats × folds with the interval of the corrected resampled t-test (Nadeau & Bengio 2003). */
export interface RepeatedFolds {
  readonly repeats: number;
  readonly folds: number;
  /** By model, of the metric that speaks for the task. */
  readonly models: Readonly<Record<string, NamedMetric>>;
  /** By `differenceName`. */
  readonly differences: Readonly<Record<string, NamedMetric & { readonly p?: number }>>;
}

/** The first model in a part of the patients, by what is known of them. Pairs of patients are compared within folds, and counted over all. */
export interface SubgroupScore {
  readonly by: 'grade' | 'idh' | 'sex' | 'age' | 'site';
  /** As in `2`, `mutant`, `female`, `40 to 60`, `06`; `others` are all sites with too few patients together, which are counted only. */
  readonly group: string;
  /** Test patients of the group. */
  readonly patients: number;
  /** Of `others`: how many sites. */
  readonly sites?: number;
  /** The metric that speaks for the task, with n, events and comparablePairs, or a reason. */
  readonly metric: NamedMetric;
}

/** A patient whom the first model got wrong, and what happened. */
export type WorstPatient =
  | {
      readonly patient: string;
      readonly fold: number;
      /** Share of comparable pairs with other patients of the fold that the risks order wrongly (ties 1/2), the mean over runs. */
      readonly discordant: number;
      readonly comparablePairs: number;
      /** Share of the fold's other patients with a lower risk: 1 is the highest risk of all. */
      readonly riskRank: number;
      readonly time: number;
      readonly event: boolean;
    }
  | {
      readonly patient: string;
      readonly fold: number;
      /** Mean over runs. */
      readonly probabilityOfTruth: number;
      readonly truth: string;
      readonly predicted: string;
    };

/** What else there is to say of a comparison's first model. */
export interface ModelDetail {
  readonly subgroups: readonly SubgroupScore[];
  /** Worst first. */
  readonly worstPredicted: readonly WorstPatient[];
  /** What a reader has to know before the figures, as that seeds are few. */
  readonly notes: readonly string[];
}
