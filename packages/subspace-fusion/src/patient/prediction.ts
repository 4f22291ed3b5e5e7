import { maxOf } from '../files/lists.js';
import { constant, logSoftmax, mul, neg, slice, sub, sum, type Value } from 'onnx-autodiff';
import { PER_YEAR } from '../cohort/clinical/outcome.js';
import type { TimeUnit } from '../cohort/types.js';
import {
  NOT_LEARNED,
  patientConfidence,
  unlikeWarnings,
  type PatientConfidence,
} from '../evaluation/confidence/patient.js';
import { checkRange, meanOf, meanPatch, type RangeChecks } from '../evaluation/confidence/training-range.js';
import type { GeneVectors } from '../inference/batch.js';
import { prediction as meanOutputs, outputsOf } from '../inference/predictor.js';
import { predictedMedian, predictedSurvival, survivalCurve } from '../metrics/survival-curve.js';
import { reads } from '../model/choice.js';
import { hazards, riskOf, survivalFunction } from '../model/losses.js';
import type { Confidence } from '../runs/confidence.js';
import type { ExplainedOutput } from '../runs/explanations.js';
import { taskName, type Model, type Outcome } from '../runs/model.js';
import type { EvaluatedPatient } from '../runs/result.js';
import { clipOf } from '../runs/scaling.js';
import { beyondBound, count, riskGroup, type RiskGroup, type Time } from '../words/prediction.js';
import type { ReadPatient } from './input.js';

/** What of these outputs `[C]` (probabilities or hazards) is explained: the risk, or the most probable class. */
export function explainedOutput(outcome: Outcome, outputs: ArrayLike<number>): ExplainedOutput {
  if (outcome.kind === 'survival') return { kind: 'risk' };
  const predicted = Array.from(outputs).indexOf(maxOf(Array.from(outputs)));
  return { kind: 'logProbability', class: predicted, className: outcome.classes[predicted] };
}

/** The explained output of logits `[C]`. */
export function explainedValue(output: ExplainedOutput, logits: Float32Array, outcome: Outcome): number {
  const outputs = outputsOf(logits, outcome);
  return output.kind === 'risk' ? riskOf(outputs, outputs.length)[0] : Math.log(outputs[output.class]);
}

/** The same in the graph: a scalar of logits `[1, C]`; `chosen [1, C]` is 1 at the explained class and 0 elsewhere. */
export function explainedScalar(logits: Value, chosen: Value, outcome: Outcome): Value {
  const C = logits.shape[1];
  if (outcome.kind === 'survival') return neg(sum(slice(survivalFunction(hazards(logits)), 1, 1, C + 1)));
  const logWeights = constant(Float32Array.from(outcome.weights, Math.log), [1, C]);
  return sum(mul(chosen, logSoftmax(sub(logits, logWeights))));
}

/** What is fed as `chosen`. */
export function chosenClass(output: ExplainedOutput, C: number): Float32Array {
  return Float32Array.from({ length: C }, (_, c) => (output.kind === 'logProbability' && output.class === c ? 1 : 0));
}

/** One patient's prediction, with what is known of its worth. Plain data: `subspace predict --json` prints it. */
export interface Prediction {
  readonly patient: string;
  readonly task: string;
  /** Slides that it is the mean over. */
  readonly slides: number;
  /** The inputs that it rests on, in words: slides, expression, covariates that are known. */
  readonly leanedOn: readonly string[];
  /** What was read: each slide with the patches of its file and those that the model reads, and the genes of the model. */
  readonly read: {
    readonly slides: readonly { readonly slide: string; readonly patches: number; readonly inBag: number }[];
    readonly genes: number;
  };
  /** Class tasks: the probability of each class, and the class of the largest. */
  readonly probabilities?: Readonly<Record<string, number>>;
  readonly predicted?: string;
  /** Survival: −Σ_j S_j, higher is worse; and the group by the cut that the training patients gave, where it is known. */
  readonly risk?: number;
  readonly riskGroup?: RiskGroup;
  readonly survival?: PredictedSurvival;
  /** What the prediction is worth, from patients that were held out of training; or why nothing is known of it. */
  readonly confidence: PatientConfidence | Unknown;
  /** How far the patient's inputs are from those of the training patients; or why nothing is known of it. */
  readonly likeTraining: RangeChecks | Unknown;
  /** How the prediction compares with those of the run's other test patients; or why nothing is known of it. */
  readonly amongTested: AmongTested | Unknown;
  readonly warnings: readonly string[];
}

export interface Unknown {
  readonly unknown: string;
}

/** A survival curve and what is read off it, in `timeUnit`. */
export interface PredictedSurvival {
  /** Probability to be alive after 1, 2 and 5 years. */
  readonly years: Readonly<Record<'1' | '2' | '5', Time>>;
  readonly median: Time;
  readonly timeUnit: TimeUnit;
  /** Straight lines between these points, the first of them (0, 1). */
  readonly curve: { readonly times: readonly number[]; readonly survival: readonly number[] };
}

/** Survival: test patients with a lower risk. Classes: test patients predicted about as surely, and how many of them rightly. */
export type AmongTested =
  | { readonly patients: number; readonly lowerRisk: number }
  | { readonly patients: number; readonly sure: number; readonly alike: number; readonly right: number };

/** What of a run is known besides the model, by which a prediction is judged. */
export interface KnownOfRun {
  readonly confidence: Confidence | undefined;
  /** The test patients; none where the run was not evaluated. */
  readonly tested: readonly EvaluatedPatient[];
  /** Risk above which a patient is of the high-risk group. */
  readonly riskCut: number | undefined;
}

/**
 * Says what the outputs `[C]` of each slide (class probabilities, or hazards) mean together.
 * @throws WorkError where an output is not a finite number
 */
export function describePrediction(
  model: Model,
  { patient, slides, given, genes, known, lacking, warnings }: ReadPatient,
  outputsBySlide: readonly Float64Array[],
  run: KnownOfRun,
): Prediction {
  const { outputs, risk } = meanOutputs(patient, outputsBySlide, model.outcome.kind === 'survival');
  const { confidence } = run;
  const patches = slides.map(({ features }) => meanPatch(features, model.size.patchWidth));
  const range = confidence && checkRange(confidence.range, genes, patches.length > 0 ? meanOf(patches) : undefined);
  const needs = reads(model.network);
  return {
    patient,
    task: taskName(model.task),
    ...outcomeWords(model, outputs, risk, run.riskCut),
    slides: given,
    leanedOn: [
      ...(needs.bag && given > 0 ? [count(given, 'slide')] : []),
      ...(needs.genes && genes ? ['expression'] : []),
      ...known,
    ],
    read: {
      slides: slides.map(({ slide, patches, rows }) => ({ slide, patches, inBag: rows.length })),
      genes: genes ? genes.tumour.length + genes.microenvironment.length : 0,
    },
    confidence:
      lacking.length > 0
        ? { unknown: 'it was learned on complete patients' }
        : patientConfidence(outputs, model.outcome, confidence),
    likeTraining: range ?? { unknown: NOT_LEARNED },
    amongTested: amongTested(
      outputs,
      risk,
      run.tested.filter((other) => other.patient !== patient),
    ),
    warnings: [...warnings, ...(range ? unlikeWarnings(range) : genesBeyondBound(model, genes))],
  };
}

type OutcomeKeys = 'probabilities' | 'predicted' | 'risk' | 'riskGroup' | 'survival';

function outcomeWords(
  { outcome }: Model,
  outputs: readonly number[],
  risk: number | undefined,
  cut: number | undefined,
): Pick<Prediction, OutcomeKeys> {
  if (outcome.kind === 'classes') {
    const probabilities = Object.fromEntries(outcome.classes.map((name, c) => [name, outputs[c]]));
    return { probabilities, predicted: outcome.classes[outputs.indexOf(maxOf(outputs))] };
  }
  const curve = survivalCurve(outputs, outcome.cuts);
  const after = (years: number) => predictedSurvival(curve, years * PER_YEAR[outcome.timeUnit]);
  return {
    ...(risk === undefined ? {} : { risk }),
    ...(risk === undefined || cut === undefined ? {} : { riskGroup: riskGroup(risk, cut) }),
    survival: {
      years: { 1: after(1), 2: after(2), 5: after(5) },
      median: predictedMedian(curve),
      timeUnit: outcome.timeUnit,
      curve: { times: curve.times, survival: curve.survival },
    },
  };
}

/** Test patients whose most probable class is so near in probability are predicted about as surely. */
const ABOUT = 0.1;

function amongTested(
  outputs: readonly number[],
  risk: number | undefined,
  tested: readonly EvaluatedPatient[],
): AmongTested | Unknown {
  if (tested.length === 0) return { unknown: 'the run holds no predictions.json of test patients; evaluate writes it' };
  const patients = tested.length;
  if (risk !== undefined)
    return { patients, lowerRisk: tested.filter((other) => other.risk !== undefined && other.risk < risk).length };
  const sure = maxOf(outputs);
  const alike = tested.flatMap((other) => {
    if (!('label' in other)) return [];
    const most = maxOf(other.outputs);
    return Math.abs(most - sure) <= ABOUT ? [other.outputs[other.label] === most] : [];
  });
  return { patients, sure, alike: alike.length, right: alike.filter(Boolean).length };
}

/** More of the genes than this beyond the bound make a warning of them. */
const MOST_BEYOND = 0.1;

function genesBeyondBound({ scaling }: Model, genes: GeneVectors | undefined): string[] {
  const bound = clipOf(scaling.tumour);
  if (!genes || !Number.isFinite(bound)) return [];
  const all = [...genes.tumour, ...genes.microenvironment];
  const beyond = all.filter((z) => Math.abs(z) >= bound).length;
  return beyond / all.length > MOST_BEYOND ? [beyondBound(beyond, all.length, bound)] : [];
}
