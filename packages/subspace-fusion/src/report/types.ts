import type { Subspace, TimeUnit } from '../cohort/types.js';
import type { Estimate, Refusal } from '../metrics/index.js';

/** Everything a report shows, as plain data: what `train` and `evaluate` wrote, read back from the run folders. */
export interface ReportInput {
  readonly title: string;
  /** One or two sentences on where the data come from, such as that the cohort is simulated. */
  readonly description?: string;
  readonly runs: readonly ReportRun[];
  /** Name to version of what produced the runs (the program, Node, the runtime). */
  readonly versions: Readonly<Record<string, string>>;
}

export interface ReportRun {
  /** The task's name: `survival`, `diagnosis`, …, or the column of a task of one's own. */
  readonly task: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly epochs: readonly EpochRecord[];
  readonly result: RunResult;
  readonly predictions: SurvivalPredictions | ClassPredictions;
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
  readonly coordination?: { readonly steps: number; readonly tumourYielded: number; readonly microenvironmentYielded: number };
  readonly validation: { readonly metric: string; readonly value: number | null; readonly loss: number | null };
  readonly seconds: number;
}

/** A metric as `result.json` holds it, under its name. */
export type ReportedMetric = (Pick<Estimate, 'value'> & Partial<Omit<Estimate, 'name' | 'value'>>) | Omit<Refusal, 'name'>;
export type ReportedMetrics = Readonly<Record<string, ReportedMetric>>;

/** `result.json`. */
export interface RunResult {
  readonly task: string;
  readonly split: string;
  readonly patients: number;
  readonly metrics: ReportedMetrics;
  /** Simpler models on the same patients, by name. */
  readonly baselines?: Readonly<Record<string, ReportedMetrics>>;
  /** The epoch whose weights were kept, chosen on the validation patients. */
  readonly selection: { readonly epoch: number; readonly metric: string; readonly value: number | null };
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

export const RISK_GROUPS = ['low', 'high'] as const;
export type RiskGroup = (typeof RISK_GROUPS)[number];

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
}
