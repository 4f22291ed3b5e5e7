/**
 * Everything that a regime may change. The outcome is `η = a·t₁ + b·m₁ + c·φ + d·t₂·h + e·t₃·m₃ + f·R`.
 */
export interface Coefficients {
  /** Tumour programme t₁ (genes). */
  readonly a: number;
  /** Microenvironment programme m₁ (genes). */
  readonly b: number;
  /** Contact of immune and tumour patches φ (slide, in place). */
  readonly c: number;
  /** Tumour programme t₂ times the histological factor h (needs both modalities). */
  readonly d: number;
  /** Interaction t₃·m₃ of the two gene subspaces. */
  readonly e: number;
  /** Marker density R at the place that the genes point to (needs both modalities, in place). */
  readonly f: number;
  /** 1: a gene loads on programmes of its own subspace only (a fifth loads on both); 0: every gene loads on both alike. */
  readonly separation: number;
  /** 1: the sign of t₂ says where R is read (rim or core); 0: something that leaves no trace in the genes says it. */
  readonly guidance: number;
}

export const REGIMES = ['mixed', 'subspaces', 'attention', 'consistency', 'coordination'] as const;
export type Regime = (typeof REGIMES)[number];

interface RegimeDefinition {
  readonly coefficients: Coefficients;
  /** What the twin sets to zero. */
  readonly twin: Partial<Coefficients>;
  /** Patients unless told otherwise. */
  readonly patients: number;
}

/*
 * How the numbers were chosen. Every latent has variance 1, so a squared coefficient is a share of Var(η), and a and b share 0.6·a·b
 * besides. `mixed` has Var(η) = 0.36 + 0.25 + 0.18 + 0.25 + 0.36 + 0.16 + 0.36 = 1.92, which puts the concordance of the true η near
 * 0.8, as in real glioma. Genes alone reach a, b and e (half of it), the slide alone c, half of f and a blurred a and b; d and the other
 * half of f open only to both together. The other regimes are `mixed` with more of what they ask for, at about the same variance.
 * Ceilings, means over five seeds: genes 0.64 to 0.73, patches in place 0.72 to 0.73, both 0.79 to 0.81. Fusion gains 0.06 or more in
 * each seed of each regime, and 0.05 or nearly so in the twins, but for that of `mixed`, where nothing is left to predict.
 */
const DEFINITIONS: Readonly<Record<Regime, RegimeDefinition>> = {
  mixed: {
    coefficients: { a: 0.6, b: 0.5, c: 0.5, d: 0.6, e: 0.4, f: 0.6, separation: 1, guidance: 1 },
    twin: { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0 },
    patients: 200,
  },
  subspaces: {
    coefficients: { a: 0.5, b: 0.5, c: 0.6, d: 0.7, e: 0.5, f: 0.5, separation: 1, guidance: 1 },
    twin: { separation: 0 },
    patients: 200,
  },
  attention: {
    coefficients: { a: 0.4, b: 0.4, c: 0.5, d: 0.8, e: 0.2, f: 1, separation: 1, guidance: 1 },
    twin: { f: 0 },
    patients: 200,
  },
  consistency: {
    coefficients: { a: 0.5, b: 0.4, c: 0.6, d: 0.9, e: 0.2, f: 0.9, separation: 1, guidance: 1 },
    twin: { guidance: 0 },
    patients: 80,
  },
  // t₁ rules, and m₁ pulls against it although the two go together in patients.
  coordination: {
    coefficients: { a: 1.2, b: -0.6, c: 0.6, d: 0.6, e: 0.2, f: 0.6, separation: 1, guidance: 1 },
    twin: { b: 0 },
    patients: 200,
  },
};

/** The coefficients of a regime, or of its twin in which the part under test has nothing to find. */
export function coefficientsOf(regime: Regime, twin: boolean): Coefficients {
  const { coefficients, twin: zeroed } = DEFINITIONS[regime];
  return twin ? { ...coefficients, ...zeroed } : coefficients;
}

/** Number of patients a regime is meant for (`consistency` asks what few patients allow). */
export function defaultPatients(regime: Regime): number {
  return DEFINITIONS[regime].patients;
}
