import type { TimeUnit } from '../cohort/types.js';
import type { Metric } from '../metrics/bootstrap.js';
import type { BEYOND_FOLLOW_UP } from '../metrics/survival-curve.js';
import type { Branch } from '../model/parts.js';
import type { ExplainedOutput } from '../runs/explanations.js';

/** Words for one patient's prediction: the same in a terminal, in a report and on the page. */
/** A time or a probability, or the words for what lies after the last cut of the model. */
export type Time = number | typeof BEYOND_FOLLOW_UP;

export const NOT_A_DEVICE = 'Research software. Not a medical device.';
export const MEDIAN_SURVIVAL = 'median survival';
export const RISK = 'risk (higher is worse)';
export const RISK_GROUPS = ['low', 'high'] as const;
export type RiskGroup = (typeof RISK_GROUPS)[number];
export const RISK_GROUP_WORDS: Readonly<Record<RiskGroup, string>> = { low: 'low risk', high: 'high risk' };

/** The group of a risk, by the cut that the training patients gave. */
export const riskGroup = (risk: number, cut: number): RiskGroup => (risk > cut ? 'high' : 'low');

/** "1 slide", "3 slides". */
export const count = (n: number, one: string, several = `${one}s`): string => `${n} ${n === 1 ? one : several}`;

/** A share in percent: "61 %", and "0.4 %" where it is below one. */
export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 1 : 0)} %`;

/** A probability with three decimals, or the words for a time that is too late. */
export const probability = (p: Time): string => (typeof p === 'number' ? p.toFixed(3) : p);

/** A time with its unit: "14.2 months". */
export const timeIn = (time: Time, unit: TimeUnit): string =>
  typeof time === 'number' ? `${time.toFixed(1)} ${unit}` : time;

/** "alive after 2 years" */
export const aliveAfter = (years: number): string => `alive after ${count(years, 'year')}`;

export const BRANCH_WORDS: Readonly<Record<Branch, string>> = {
  tumour: 'tumour subspace',
  microenvironment: 'microenvironment subspace',
  joint: 'joint branch',
};

/** What an explanation divides among its causes. */
export const outputWords = (output: ExplainedOutput): string =>
  output.kind === 'risk' ? 'risk, higher is worse' : `log-probability of ${output.className}`;

/** A prediction set: the classes that are not ruled out, of all `classes`. */
export function setInWords(set: readonly string[], classes: readonly string[]): string {
  if (set.length === 0) return 'none: the patient is like those of no class';
  if (set.length === classes.length) return 'cannot tell: no class is ruled out';
  return set.length === 1 ? set[0] : `one of: ${set.join(', ')}`;
}

/** What became of the patients whose survival was predicted alike: "of 23 validation patients, 61 % were alive …". */
export function similarPatients(patients: number, heldOut: string, alive: Metric): string {
  const of = `of ${patients} ${heldOut} patients`;
  if (alive.value === null) return `${of}, the share alive is not known: ${alive.reason}`;
  const interval =
    alive.low === undefined || alive.high === undefined
      ? ''
      : `95 % interval ${percent(alive.low)} to ${percent(alive.high)}; `;
  return `${of}, ${percent(alive.value)} were alive (${interval}Kaplan-Meier)`;
}

/** How a risk compares with those of the tested patients: "higher than that of 5 of 12 tested patients". */
export const amongRisks = (lower: number, patients: number): string =>
  `higher than that of ${lower} of ${count(patients, 'tested patient')}`;

/** How often tested patients who were predicted about as surely were predicted right. */
export function amongClasses(sure: number, alike: number, right: number): string {
  if (alike === 0) return `no tested patient was predicted about as surely (${percent(sure)} ± 10)`;
  const who = alike === 1 ? '1 tested patient who was' : `${alike} tested patients who were`;
  return `of ${who} predicted about as surely (${percent(sure)} ± 10), ${right} ${right === 1 ? 'was' : 'were'} predicted right`;
}

/** What `unknown` means, with its reason. */
export const notKnown = (reason: string): string => `not known: ${reason}`;

/** A kind of input that is out of the range of the training patients. */
export interface Unlike {
  readonly distance: number;
  readonly limit: number;
  /** Genes: the share of them at the bound of the z-scores, and what 99 % of the training patients stay below. */
  readonly clipped?: number;
  readonly clippedLimit?: number;
}

/** A caution for inputs that are out of the range of the training patients. */
export function unlikeTraining(kind: string, { distance, limit, clipped = 0, clippedLimit = 1 }: Unlike): string {
  const atBound =
    clipped > clippedLimit
      ? `, ${percent(clipped)} of them at the bound of the scale (99 % of those have up to ${percent(clippedLimit)})`
      : '';
  const words = `distance ${distance.toFixed(2)}, and 99 % of the training patients are within ${limit.toFixed(2)}${atBound}`;
  return `the patient's ${kind} are unlike those of the training patients: ${words}. Do not trust this prediction`;
}

/** A caution for genes beyond the bound, where nothing else is known of the training patients' range. */
export const beyondBound = (beyond: number, genes: number, bound: number): string =>
  `${beyond} of ${genes} genes are ${bound} standard deviations or more from the training patients' mean and are cut off there. ` +
  'Check the unit of the expression, and do not trust this prediction';

/** A caution for a patient who lacks a modality. */
export const lacksModality = (what: string): string =>
  `the patient has no ${what}: a learned stand-in takes their place, and the prediction is less sure than for complete patients`;

/** A caution for covariates that nothing is known of. */
export const unknownCovariates = (names: readonly string[]): string =>
  `unknown: ${names.join(', ')}; a number is taken as the training patients' mean. Give what is known as clinical data: column=value`;

/** `2.31 (1.52 to 4.10)`; why probabilities stay as they are, where they do. */
export function temperatureInWords(temperature: Metric): string {
  if (temperature.value === null) return `not computed: ${temperature.reason}`;
  const { value, low, high, note } = temperature;
  const interval = low === undefined || high === undefined ? '' : ` (95 % ${low.toFixed(2)} to ${high.toFixed(2)})`;
  return `${value.toFixed(2)}${interval}${note === undefined ? '' : `, ${note}`}`;
}
