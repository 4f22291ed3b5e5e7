import type { CohortSamples } from '../../inference/samples.js';
import { temperatureApplies } from '../../metrics/class-calibration.js';
import { coverage, expectedTestCoverage } from '../../metrics/conformal.js';
import { atThreshold } from '../../metrics/decisions.js';
import type {
  ClassConfidence,
  ClassCoverage,
  ClassResult,
  Confidence,
  ConfidenceResult,
  ConformalSets,
  OperatingPoint,
  SetCoverage,
  SetResult,
} from '../../runs/confidence.js';
import type { Outcome } from '../../runs/model.js';
import type { EvaluatedPatient } from '../../runs/result.js';
import { ALPHA, calibrate, qualityOf, setsOf, survivalCalibration, type ScoredClasses } from './outcomes.js';
import { checkRange, outsideOf, type MeanPatches, type RangeChecks } from './training-range.js';

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
    ...(temperatureApplies(confidence.temperature) ? { calibrated } : {}),
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
    before: qualityOf(scored, classes),
    after: qualityOf(calibrated, classes),
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
