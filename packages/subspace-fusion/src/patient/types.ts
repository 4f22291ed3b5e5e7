import type { Subspace } from '../cohort/types.js';
import type { Branch } from '../model/parts.js';
import type { SampledPoint } from './attention.js';
import type { Completeness } from './integrated-gradients.js';
import type { ExplainedOutput } from './output.js';
import type { Shares } from './shapley.js';
import type { PatchLayout } from './slide.js';

/** What one gene moved. */
export interface GeneAttribution {
  readonly gene: string;
  /** Scaled expression: standard deviations from the training mean. */
  readonly z: number;
  /** Part of the change of the output that it accounts for; the mean over the patient's slides. */
  readonly attribution: number;
}

/** Which genes moved a prediction, against the training mean. */
export interface GeneExplanation {
  readonly subspaces: Readonly<Record<Subspace, { readonly sum: number; readonly genes: readonly GeneAttribution[] }>>;
  /** Over the slides: the one that is least complete. */
  readonly completeness: Completeness;
}

/** Where one branch looked on a slide, and what there moved the prediction. Lists over patches follow the slide's `rows`. */
export interface BranchView {
  /** Attention that each patch receives from each head, `[8][patches]`; with `outside` of the head it sums to 1. */
  readonly heads: readonly (readonly number[])[];
  /** Attention that points beyond the border of the bag's grid receive from each head. */
  readonly outside: readonly number[];
  /** Mean over the heads, `[patches]`. */
  readonly attention: readonly number[];
  /** Where deformable attention read; empty for plain attention. */
  readonly points: readonly SampledPoint[];
  /** Part of the change from a bag of mean patches that each patch accounts for in this branch; absent without a background. */
  readonly moved?: readonly number[];
}

export interface SlideExplanation {
  readonly slide: string;
  /** Patches of the file, and the rows of those that are in the bag. */
  readonly patches: number;
  readonly rows: readonly number[];
  readonly tokens: number;
  readonly layout: PatchLayout;
  readonly branches: Readonly<Partial<Record<Branch, BranchView>>>;
  readonly completeness?: Completeness;
}

/** Why one patient's prediction is what it is. */
export interface PatientExplanation {
  readonly patient: string;
  readonly task: string;
  readonly output: ExplainedOutput;
  /** The explained output, the mean over the slides. */
  readonly value: number;
  readonly genes?: GeneExplanation;
  /** Shapley values of the two subspaces: a subspace that is away has its feature z at the training mean. */
  readonly subspaces?: Shares<Subspace>;
  /** Shapley values of the modalities: genes that are away are at the training mean, a slide that is away is a bag of mean patches. */
  readonly modalities?: Shares<'genes' | 'slide'>;
  readonly slides: readonly SlideExplanation[];
  /** What is missing here, and why. */
  readonly notes: readonly string[];
}
