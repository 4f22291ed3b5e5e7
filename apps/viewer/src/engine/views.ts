/** What the engine gives to the page. */
import type { PatchLayout, Prediction, Subspace } from 'subspace-fusion/browser';
import type { BackendName } from './backend.js';
import type { GroupCurve } from './group-curves.js';

export interface RunView {
  readonly task: string;
  readonly timeUnit: 'days' | 'months' | 'years';
  readonly network: string;
  readonly tokens: number;
  readonly encoder: string | undefined;
  readonly genes: Readonly<Record<Subspace, number>>;
  readonly canLeaveOut: boolean;
  readonly covariates: readonly CovariateView[];
  /** Survival of the tested patients, by risk group. */
  readonly groups: readonly GroupCurve[];
  readonly backend: BackendName;
  readonly threads: number;
}

export interface CovariateView {
  /** Column of the clinical table. */
  readonly name: string;
  readonly levels: readonly string[] | undefined;
}

export interface GeneView {
  readonly name: string;
  readonly subspace: Subspace;
  /** Standard deviations from the training patients' mean, cut off at ± bound. */
  readonly z: number;
}

export interface SlideView {
  readonly name: string;
  readonly patches: number;
  /** Patches in the bag; layout and attention are of these. */
  readonly inBag: number;
  readonly layout: PatchLayout;
}

export interface PatientView {
  readonly prediction: Prediction;
  readonly seconds: number;
  readonly genes: readonly GeneView[];
  /** z-scores are cut off at ± this. */
  readonly bound: number;
  readonly slides: readonly SlideView[];
}

/** The prediction after a change. */
export interface Changed {
  readonly prediction: Prediction;
  readonly seconds: number;
}

export type {
  Change,
  PatchAttention,
  PatientExplanation,
  Prediction,
  PredictedSurvival,
  Subspace,
} from 'subspace-fusion/browser';
