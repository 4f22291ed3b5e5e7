import type { CohortSamples } from '../../inference/samples.js';
import {
  atThreshold,
  coverage,
  expectedTestCoverage,
  type ExpectedCoverage,
  type Metric,
} from '../../metrics/index.js';
import type { Outcome } from '../../runs/model.js';
import type { EvaluatedPatient } from '../score.js';
import {
  ALPHA,
  calibrate,
  qualityOf,
  setsOf,
  type ClassConfidence,
  type ConformalSets,
  type OperatingPoint,
  type ProbabilityQuality,
  type ScoredClasses,
} from './class-confidence.js';
import type { Confidence } from './confidence-file.js';
import { survivalCalibration, type SurvivalCalibration } from './survival-confidence.js';
import { checkRange, outsideOf, type MeanPatches, type RangeChecks } from './training-range.js';

/** What a model's confidence turned out to be worth on patients who had no part in it. */
export interface ConfidenceResult {
  readonly classes?: ClassResult;
  readonly survival?: SurvivalCalibration;
  /** By kind of input: patients that could be compared with those of training, and how many are out of range. */
  readonly unlikeTraining: { readonly genes?: Flags; readonly features?: Flags };
}

export interface Flags {
  readonly patients: number;
  readonly flagged: number;
}

export interface ClassResult {
  /** Fitted on `fittedOn` validation patients. */
  readonly temperature: Metric;
  readonly fittedOn: number;
  readonly before: ProbabilityQuality;
  readonly after: ProbabilityQuality;
  /** At the thresholds of the validation patients. */
  readonly operatingPoints: readonly OperatingPoint[];
  /** Absent where no patients were set aside. */
  readonly sets?: SetResult;
}

export interface SetResult {
  /** What was asked for: 0.9. */
  readonly nominal: number;
  readonly calibrators: number;
  /** One threshold for all patients, with the coverage to expect: see {@link ClassCoverage}. */
  readonly marginal: SetCoverage & { readonly expected: ExpectedCoverage | null };
  readonly byClass: SetCoverage & { readonly classes: readonly ClassCoverage[] };
}

export interface SetCoverage {
  readonly coverage: Metric;
  readonly meanSize: number;
  /** Patients with a set of 0, 1, … C classes. */
  readonly sizes: readonly number[];
}

export interface ClassCoverage {
  readonly class: string;
  readonly calibrators: number;
  /** Why the class is in every set. */
  readonly refused?: string;
  readonly coverage: Metric;
  /** Its mean, and the interval that holds 95 % of what chance in calibration and test makes of it at these numbers of patients; null where it was refused. */
  readonly expected: ExpectedCoverage | null;
}

/** Adds to predictions what is known of their confidence, and measures it. */
export async function applyConfidence(
  confidence: Confidence,
  outcome: Outcome,
  predictions: readonly EvaluatedPatient[],
  samples: CohortSamples,
  means: MeanPatches,
): Promise<{ predictions: EvaluatedPatient[]; result: ConfidenceResult }> {
  const checks: RangeChecks[] = [];
  for (const { patient } of predictions) {
    checks.push(
      checkRange(
        confidence.range,
        (await samples.sample(patient, undefined)).genes,
        await means.of(samples.slides(patient)),
      ),
    );
  }
  const withFlags = predictions.map((p, i) => ({
    ...withClassConfidence(p, confidence.classes),
    ...unlike(checks[i]),
  }));
  return {
    predictions: withFlags,
    result: { ...taskResult(confidence, outcome, predictions), unlikeTraining: countFlags(checks) },
  };
}

function unlike(checks: RangeChecks): Pick<EvaluatedPatient, 'unlikeTraining'> {
  return Object.keys(checks).length === 0 ? {} : { unlikeTraining: outsideOf(checks) };
}

function countFlags(checks: readonly RangeChecks[]): ConfidenceResult['unlikeTraining'] {
  const flags = (kind: 'genes' | 'features') => {
    const known = checks.flatMap((check) => check[kind] ?? []);
    return known.length === 0
      ? {}
      : { [kind]: { patients: known.length, flagged: known.filter(({ outside }) => outside).length } };
  };
  return { ...flags('genes'), ...flags('features') };
}

function withClassConfidence(p: EvaluatedPatient, confidence: ClassConfidence | undefined): EvaluatedPatient {
  if (!confidence || !('label' in p)) return p;
  const calibrated = calibrate(p.outputs, confidence);
  const named = (set: readonly number[]) => set.map((c) => confidence.classes[c]);
  const sets = confidence.conformal && setsOf(calibrated, confidence.conformal);
  return {
    ...p,
    ...(confidence.temperature.value === null ? {} : { calibrated }),
    ...(sets ? { set: named(sets.byClass), marginalSet: named(sets.marginal) } : {}),
  };
}

function taskResult(
  { classes }: Confidence,
  outcome: Outcome,
  predictions: readonly EvaluatedPatient[],
): Pick<ConfidenceResult, 'classes' | 'survival'> {
  const outputs = predictions.map((p) => p.outputs);
  if (outcome.kind === 'classes') {
    return classes
      ? { classes: classResult(classes, { outputs, labels: predictions.map((p) => ('label' in p ? p.label : NaN)) }) }
      : {};
  }
  const seen = predictions.flatMap((p) => ('time' in p ? [p] : []));
  return {
    survival: survivalCalibration(
      { outputs, time: seen.map(({ time }) => time), event: seen.map(({ event }) => event) },
      outcome,
    ),
  };
}

/** Measures temperature, operating points and sets on patients who had no part in them. */
export function classResult(confidence: ClassConfidence, scored: ScoredClasses): ClassResult {
  const { classes, patients: fittedOn, temperature, operatingPoints, conformal } = confidence;
  const calibrated = { outputs: scored.outputs.map((p) => calibrate(p, confidence)), labels: scored.labels };
  return {
    temperature,
    fittedOn,
    before: qualityOf(scored, classes.length),
    after: qualityOf(calibrated, classes.length),
    operatingPoints: operatingPoints.map((point) => atOperatingPoint(point, classes, calibrated)),
    ...(conformal ? { sets: setResult(classes, conformal, calibrated) } : {}),
  };
}

function atOperatingPoint(
  { class: name, rule, threshold }: OperatingPoint,
  classes: readonly string[],
  { outputs, labels }: ScoredClasses,
): OperatingPoint {
  const c = classes.indexOf(name);
  const reached =
    threshold.value === null
      ? {}
      : atThreshold(
          outputs.map((p) => p[c]),
          labels,
          c,
          threshold.value,
        );
  return { class: name, rule, threshold, ...reached };
}

function setResult(
  classes: readonly string[],
  conformal: ConformalSets,
  { outputs, labels }: ScoredClasses,
): SetResult {
  const sets = outputs.map((p) => setsOf(p, conformal));
  const byClass = sets.map((set) => set.byClass);
  const marginal = sets.map((set) => set.marginal);
  return {
    nominal: conformal.coverage,
    calibrators: conformal.patients,
    marginal: {
      ...setCoverage(marginal, labels, classes.length),
      expected: expectedTestCoverage(conformal.patients, labels.length, ALPHA),
    },
    byClass: {
      ...setCoverage(byClass, labels, classes.length),
      classes: classes.map((name, c) => classCoverage(name, c, byClass, labels, conformal)),
    },
  };
}

function setCoverage(sets: readonly (readonly number[])[], labels: readonly number[], C: number): SetCoverage {
  return {
    coverage: coverage(sets, labels),
    meanSize: sets.reduce((sum, set) => sum + set.length, 0) / sets.length,
    sizes: Array.from({ length: C + 1 }, (_, size) => sets.filter((set) => set.length === size).length),
  };
}

function classCoverage(
  name: string,
  c: number,
  sets: readonly (readonly number[])[],
  labels: readonly number[],
  { byClass, patientsByClass }: ConformalSets,
): ClassCoverage {
  const own = sets.filter((_, i) => labels[i] === c);
  const calibrators = patientsByClass[c];
  const threshold = byClass[c];
  return {
    class: name,
    calibrators,
    ...(threshold.value === null ? { refused: threshold.reason } : {}),
    coverage: coverage(
      own,
      own.map(() => c),
    ),
    expected: expectedTestCoverage(calibrators, own.length, ALPHA),
  };
}
