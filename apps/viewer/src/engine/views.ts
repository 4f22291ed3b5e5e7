/** What the engine tells the page. */
import type { PatchLayout, PatientExplanation, Subspace } from 'subspace-fusion/browser';
import type { BackendName } from './backend.js';
import type { GroupCurve } from './run.js';
import type { PredictionView } from './words.js';

export interface RunView {
  readonly task: string;
  readonly kind: 'classes' | 'survival';
  readonly timeUnit: 'days' | 'months' | 'years';
  readonly network: string;
  readonly tokens: number;
  readonly patchWidth: number;
  readonly encoder: string | undefined;
  readonly genes: Readonly<Record<Subspace, number>>;
  readonly canLeaveOut: boolean;
  readonly covariates: readonly CovariateView[];
  readonly groups: readonly GroupCurve[];
  readonly riskCut: number | undefined;
  /** What the tested patients' predictions were like; risks ascending, or how sure each was and whether it was right. */
  readonly tested: {
    readonly risks: readonly number[];
    readonly classes: readonly { readonly sure: number; readonly right: boolean }[];
  };
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
  readonly patient: string;
  readonly prediction: PredictionView;
  readonly seconds: number;
  readonly genes: readonly GeneView[];
  /** z-scores are cut off at ± this. */
  readonly bound: number;
  readonly slides: readonly SlideView[];
  readonly warnings: readonly string[];
}

export interface WhatIf {
  /** Other z-scores, by subspace and gene. */
  readonly genes: Readonly<Record<Subspace, Readonly<Record<string, number>>>>;
  readonly without: 'slide' | 'genes' | undefined;
}

/** Attention that each patch of the bag receives, by subspace (or `joint`); sums to 1 or less. */
export type AttentionView = Readonly<Record<string, readonly number[]>>;

export type { PatientExplanation, PredictionView };
