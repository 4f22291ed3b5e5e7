import { PER_YEAR } from '../../cohort/clinical/outcome.js';
import type { BagFile } from '../../cohort/types.js';
import { required } from '../../files/errors.js';
import type { BagShape } from '../../inference/bag-reader.js';
import { readFixedBag } from '../../inference/samples.js';
import type { Metric } from '../../metrics/bootstrap.js';
import { predictedSurvival, survivalCurve } from '../../metrics/survival-curve.js';
import type { ClassConfidence, Confidence, Horizon } from '../../runs/confidence.js';
import type { Outcome } from '../../runs/model.js';
import { setInWords, unlikeTraining } from '../../words/prediction.js';
import { calibrate, setsOf, similarPatients } from './outcomes.js';
import { meanOf, meanPatch, outsideOf, type MeanPatches, type RangeChecks } from './training-range.js';

/** Why a run says nothing of its model's confidence. */
export const NOT_LEARNED = 'the run holds no confidence.json of this model; train writes it';

/** What one patient's prediction is worth. */
export interface PatientConfidence {
  /** Class tasks: probabilities at the temperature; as they were where none could be fitted. */
  readonly calibrated?: Readonly<Record<string, number>>;
  readonly calibration?: { readonly temperature: Metric; readonly patients: number };
  /** Class tasks: which classes are not ruled out, where patients were set aside to tell. */
  readonly set?: PatientSet;
  /** Survival: held-out patients with predictions like this one's, and how many of them lived on, by years. */
  readonly similar?: readonly { readonly years: Horizon; readonly patients: number; readonly alive: Metric }[];
  /** Survival: those who were held out. */
  readonly heldOut?: 'conformal' | 'validation';
}

export interface PatientSet {
  /** Share of patients whose true class such a set holds: 0.9. */
  readonly coverage: number;
  readonly classes: readonly string[];
  /** Classes that too few patients were set aside of; they are in every set. */
  readonly neverRuledOut: readonly string[];
  readonly words: string;
}

/** What the outputs of one complete patient are worth; `known` is the run's. */
export function patientConfidence(
  outputs: readonly number[],
  outcome: Outcome,
  known: Confidence | undefined,
): PatientConfidence | { unknown: string } {
  if (outcome.kind === 'classes') return known?.classes ? classesOf(outputs, known.classes) : { unknown: NOT_LEARNED };
  if (!known?.survival) return { unknown: NOT_LEARNED };
  const curve = survivalCurve(outputs, outcome.cuts);
  const similar = known.survival.horizons.flatMap((horizon) => {
    const predicted = predictedSurvival(curve, horizon.years * PER_YEAR[outcome.timeUnit]);
    const group = typeof predicted === 'number' ? similarPatients(horizon, predicted) : undefined;
    return group ? [{ years: horizon.years, patients: group.n, alive: group.observed }] : [];
  });
  return { similar, heldOut: known.survival.on };
}

function classesOf(outputs: readonly number[], confidence: ClassConfidence): PatientConfidence {
  const { classes, patients, temperature, conformal } = confidence;
  const probabilities = calibrate(outputs, confidence);
  const calibrated = Object.fromEntries(classes.map((name, c) => [name, probabilities[c]]));
  const common = { calibrated, calibration: { temperature, patients } };
  if (!conformal) return common;
  const set = setsOf(probabilities, conformal).byClass.map((c) => classes[c]);
  const neverRuledOut = classes.filter((_, c) => conformal.byClass[c].value === null);
  return {
    ...common,
    set: { coverage: conformal.coverage, classes: set, neverRuledOut, words: setInWords(set, classes) },
  };
}

/** A caution for inputs that are out of the range of the training patients. */
export function unlikeWarnings(checks: RangeChecks): string[] {
  return outsideOf(checks).flatMap((kind) => {
    const check = checks[kind];
    return check ? [unlikeTraining(kind, check)] : [];
  });
}

/** {@link MeanPatches} of feature files. */
export function meanPatches(shape: BagShape): MeanPatches {
  const known = new Map<string, Float64Array>();
  const read = async (slide: BagFile) => {
    const features = await readFixedBag(slide, shape);
    known.set(slide.path, meanPatch(features, shape.size.patchWidth));
    return features;
  };
  const ofSlide = async (slide: BagFile) => {
    if (!known.has(slide.path)) await read(slide);
    return required(known, slide.path);
  };
  return {
    read,
    async of(slides) {
      const means: Float64Array[] = [];
      for (const slide of slides) if (slide) means.push(await ofSlide(slide));
      return means.length === 0 ? undefined : meanOf(means);
    },
  };
}
