import type { Metric } from '../metrics/bootstrap.js';
import {
  classificationMetrics,
  confusionMatrix,
  macroSensitivity,
  predictedClasses,
} from '../metrics/classification.js';
import { concordance } from '../metrics/concordance.js';
import { kaplanMeier, logRank, type KaplanMeier } from '../metrics/kaplan-meier.js';

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array | Int32Array;
}

type Outputs = Map<string, number[] | Float64Array | Int32Array>;

/** The names of the case's classification metrics. */
const CLASSIFICATION_NAMES: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  balancedAccuracy: 'balanced_accuracy',
  macroF1: 'f1',
  macroAuc: 'auc',
  sensitivity: 'sensitivity',
  specificity: 'specificity',
  precision: 'precision',
};

/**
 * Every expected tensor of the parity case `metrics`, from its inputs: one set of outputs for each name
 * `…/probabilities` (with `…/truth`), and one for each `…/time` (with `…/event`, `…/score`, `…/group`).
 * A refused metric is NaN. Throws an Error where an input is missing.
 */
export function metricsCase(tensors: ReadonlyMap<string, Tensor>): Outputs {
  const outputs: Outputs = new Map();
  for (const name of tensors.keys()) {
    const slash = name.lastIndexOf('/');
    const prefix = name.slice(0, slash + 1);
    const input = (part: string): Tensor => {
      const tensor = tensors.get(prefix + part);
      if (tensor === undefined) throw new Error(`the metrics case has no tensor ${prefix}${part}`);
      return tensor;
    };
    const output = (part: string, values: number[] | Float64Array | Int32Array) => outputs.set(prefix + part, values);
    if (name.slice(slash + 1) === 'probabilities') classificationOutputs(input, output);
    if (name.slice(slash + 1) === 'time') survivalOutputs(input, output);
  }
  return outputs;
}

type Input = (part: string) => Tensor;
type Output = (part: string, values: number[] | Float64Array | Int32Array) => void;

function classificationOutputs(input: Input, output: Output): void {
  const { data, shape } = input('probabilities');
  const truth = input('truth').data;
  const [, classes] = shape;
  const sensitivity = macroSensitivity(confusionMatrix(truth, predictedClasses(data, classes), classes));
  for (const metric of [...classificationMetrics(data, truth, classes), sensitivity]) {
    // A macro ratio that is 0/0 for every class is refused by us and 0 in the case, where each undefined ratio counts as 0.
    const value = metric.name === 'macroAuc' ? orNaN(metric) : (metric.value ?? 0);
    output(CLASSIFICATION_NAMES[metric.name], [value]);
  }
}

function survivalOutputs(input: Input, output: Output): void {
  const time = input('time').data;
  const event = input('event').data;
  const group = input('group').data;
  const { index, concordant, discordant, tiedRisk, tiedTime } = concordance(time, event, input('score').data);
  output('concordance', [index ?? NaN]);
  output('pairs', Int32Array.of(concordant, discordant, tiedRisk, tiedTime));
  const { groups, observed, expected, chiSquare, pValue } = logRank(time, event, group);
  output('logrank', [orNaN(chiSquare), orNaN(pValue)]);
  output('observed_expected', [...observed, ...expected]);
  output('kaplan_meier_all', kaplanMeierRows(kaplanMeier(time, event)));
  for (const g of groups) {
    const ofGroup = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => group[i] === g);
    output(`kaplan_meier_group${g}`, kaplanMeierRows(kaplanMeier(ofGroup(time), ofGroup(event))));
  }
}

/** [times, 5]: time, at risk, deaths, survival, standard error. */
function kaplanMeierRows(curve: KaplanMeier): number[] {
  const columns = [curve.times, curve.atRisk, curve.events, curve.survival, curve.standardError];
  return Array.from(curve.times).flatMap((_, row) => columns.map((column) => column[row]));
}

function orNaN(metric: Metric): number {
  return metric.value ?? NaN;
}
