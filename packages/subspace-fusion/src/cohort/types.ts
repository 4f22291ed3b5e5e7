/** The two parts into which both modalities are split by biological knowledge. */
export const SUBSPACES = ['tumour', 'microenvironment'] as const;
export type Subspace = (typeof SUBSPACES)[number];

/** What is predicted. `column`: any categorical column of the clinical table. */
export type Task = 'diagnosis' | 'grade' | 'subtype' | 'survival' | { readonly column: string };

/** Diagnosis rule: docs/method.md's table, `who2021` (default) or the published `paper` rule. */
export type LabelRule = 'who2021' | 'paper';

export type TimeUnit = 'days' | 'months' | 'years';

/** How raw expression values become comparable before they are z-scored on the training patients. */
export type ExpressionTransform = 'none' | 'log2p1' | 'rank';

/** An expression matrix. */
export interface Expression {
  readonly patients: readonly string[];
  readonly genes: readonly string[];
  /** [patients, genes], row-major. */
  readonly values: Float32Array;
  /** The transform that the values are brought to one scale by; without it they stand as in the file. Ranks are taken when genes are chosen. */
  readonly transformed?: ExpressionTransform;
}

/** One slide's patch features on disk; read on demand, never kept. */
export interface BagFile {
  readonly slide: string;
  readonly path: string;
}

export interface Patient {
  readonly id: string;
  /** Name of the cohort that the patient is of; a loaded patient has one. */
  readonly cohort?: string;
  /** The patient's row of the clinical table; an empty string is unknown. */
  readonly clinical: Readonly<Record<string, string>>;
  /** The row that class labels are read from, where it is not the patient's own (a control). */
  readonly labelledBy?: Readonly<Record<string, string>>;
  readonly survival?: { readonly time: number; readonly event: boolean };
  readonly bags: readonly BagFile[];
}

/** A patient with one modality only: slides (`bags`), or a row of the expression matrix. */
export interface IncompletePatient extends Patient {
  readonly has: 'slides' | 'expression';
}

/** From the patients of a clinical table to those that can be used, with who was left out on the way. */
export interface CohortFlow {
  readonly cohort: string;
  /** Patients of the clinical table. */
  readonly patients: number;
  /** Left out by `include`, by the condition that they do not meet. */
  readonly notIncluded: Readonly<Record<string, number>>;
  /** Without expression but with slides, without slides but with expression, without both. */
  readonly noExpression: number;
  readonly noSlides: number;
  readonly neither: number;
  /** With everything. */
  readonly complete: number;
  /** Complete patients who have no label of the task, by reason. */
  readonly noLabel: Readonly<Record<string, number>>;
}

/** What survival is measured to. */
export interface Endpoint {
  /** OS, PFI, DSS, … */
  readonly name: string;
  /** Columns that it is read from. */
  readonly time: string;
  readonly event: string;
  /** When the event counts as seen, in words. */
  readonly rule: string;
}

/** How genes are brought to one scale: by the training patients, or within each cohort by its own. */
export type ScalingRule = 'training' | 'cohort';

/** The patients of one cohort, or of several that are studied together. */
export interface Cohort {
  readonly name: string;
  /** Names of the cohorts that it is made of, the config's own first. */
  readonly names: readonly string[];
  /** Patients of the clinical tables that have expression and at least one bag, in the tables' order. */
  readonly patients: readonly Patient[];
  /** Patients with one modality only, in the same order. */
  readonly incomplete: readonly IncompletePatient[];
  /** What became of the patients of each clinical table. */
  readonly flow: readonly CohortFlow[];
  /** Where the clinical table has times and events. */
  readonly endpoint: Endpoint | undefined;
  /** Values after the transform of the file that they are from, genes that all cohorts have. */
  readonly expression: Expression;
  /** Transform of the config's own matrix. */
  readonly transform: ExpressionTransform;
  readonly scaling: ScalingRule;
  /** Genes of each subspace that the matrix has, in the order of the gene set file; a model reads those that its training patients leave of them. */
  readonly genes: Readonly<Record<Subspace, readonly string[]>>;
  readonly timeUnit: TimeUnit;
  /** Patch encoder, as far as the config or the files say; the width alone never identifies one. */
  readonly encoder: string | undefined;
  /** How the patches were cut and encoded. */
  readonly provenance: ProvenanceSummary;
  /** Width of a patch feature, from the first bag. */
  readonly width: number;
}

/** How the patches of a slide were cut and encoded, as far as its feature file says. Never holds a path. */
export interface Provenance {
  /** Patch encoder; the width of the features never identifies one. */
  readonly encoder?: string;
  /** Magnification at which the patches were read, and that of the slide's level 0. */
  readonly magnification?: number;
  readonly level0Magnification?: number;
  /** Level of the slide's pyramid that the patches were read from (CLAM). */
  readonly patchLevel?: number;
  /** Edge of a patch: in pixels as it was cut, in pixels of level 0, in micrometres. */
  readonly patchSize?: number;
  readonly patchSizeLevel0?: number;
  readonly patchSizeMicrometres?: number;
  /** Pixels that neighbouring patches share. */
  readonly overlap?: number;
  /** Unit of the coordinates. */
  readonly unit?: 'pixels' | 'micrometres';
}

/** What the files of a cohort say of their patches: each fact with all that is said of it, in the order of the files. */
export type ProvenanceSummary = { readonly [K in keyof Provenance]: readonly NonNullable<Provenance[K]>[] };

/** Patch features of one slide, as far as the file's header tells. */
export interface BagHeader extends Provenance {
  readonly patches: number;
  readonly width: number;
}

/** Patch features of one slide. */
export interface Bag extends BagHeader {
  /** [patches, width], row-major. */
  readonly features: Float32Array;
  /** [patches, 2], x then y of the patch's corner: whole pixels of level 0, or numbers of another or an unknown unit. */
  readonly coordinates: Int32Array | Float32Array | undefined;
}

/** Patient ids of the parts; `test` is read once, after selection on `validation`. */
export interface Split {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
  /** Patients that neither train nor select the model: from them come its prediction sets. Absent where nobody was set aside. */
  readonly conformal?: readonly string[];
}

/** The parts that every split has. */
export type Part = Exclude<keyof Split, 'conformal'>;
