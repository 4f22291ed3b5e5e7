import {
  kaplanMeier,
  type EvaluatedPatient,
  type PatchLayout,
  type Prediction,
  type RiskGroup,
  type Subspace,
} from 'subspace-fusion/browser';
import type { BackendName } from './backend.js';

/** What the engine gives to the page. */

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

/** Survival of one risk group of the tested patients. */
export interface GroupCurve {
  readonly name: RiskGroup;
  readonly patients: number;
  readonly deaths: number;
  /** Kaplan-Meier estimate: a step down at each time. */
  readonly times: readonly number[];
  readonly survival: readonly number[];
}

/** Kaplan-Meier curves of the tested patients by risk group; none where the run has no survival or was not evaluated. */
export function groupCurves(tested: readonly EvaluatedPatient[]): GroupCurve[] {
  return (['low', 'high'] as const).flatMap((name) => {
    const group = tested.flatMap((p) => ('time' in p && p.group === name ? [p] : []));
    if (group.length === 0) return [];
    const { times, survival } = kaplanMeier(
      group.map(({ time }) => time),
      group.map(({ event }) => event),
    );
    return [
      {
        name,
        patients: group.length,
        deaths: group.filter(({ event }) => event).length,
        times: [...times],
        survival: [...survival],
      },
    ];
  });
}
