import type { Estimate, Refusal } from '../metrics/bootstrap.js';
import type { Verdict } from '../metrics/significance.js';

/**
 * How a comparison of models is put into words: names of models, metrics, groups and folds, numbers, verdicts. Terminal, tables and pages
 * take them from here, so that they agree.
 */

/** A metric as far as its words go: its value and interval, or why there is none. */
type Shown = (Pick<Estimate, 'value'> & Partial<Pick<Estimate, 'low' | 'high' | 'noInterval'>>) | Omit<Refusal, 'name'>;

/** The clinical model that others are asked to add to; its variables are what the clinical table has of it. */
const CLINICAL_MODEL = 'ageDiagnosisGrade';

const MODELS: Readonly<Record<string, string>> = {
  subspace: 'this method',
  ridgeCox: 'ridge Cox on the genes',
  ridgeLogistic: 'ridge logistic on the genes',
  elasticNet: 'elastic net on the genes',
  meanSlide: 'ridge, mean patch feature',
  genesMeanSlide: 'ridge, genes and mean patch feature',
  genesPatchKinds: 'ridge, genes and patch kinds',
  averageWithRidge: 'the first model averaged with ridge on the genes',
  age: 'age',
  ageSex: 'age + sex',
  idh: 'IDH',
  idhAge: 'IDH + age',
  [CLINICAL_MODEL]: 'age + diagnosis + grade',
  clinical: 'all clinical variables',
  permutedBags: 'its bags permuted',
};
const VARIANTS: Readonly<Record<string, string>> = { 'permuted-bags': 'its bags permuted' };

/** The clinical variables that are parts of a diagnosis. */
const OF_DIAGNOSIS = new Set(['idh', 'codeletion', 'histology']);

/** The name of the clinical model by what it is made of: `diagnosis + grade` of a table without ages, `age only` of one with no more. */
function clinicalName(variables: readonly string[]): string {
  const parts = variables.map((variable) => (OF_DIAGNOSIS.has(variable) ? 'diagnosis' : variable));
  const distinct = [...new Set(parts)];
  return distinct.length === 1 ? `${distinct[0]} only` : distinct.join(' + ');
}

/**
 * A model's name in words; of `subspace/no-consistency`, a variant's too, and of `subspace + age` both models'.
 * @param clinical variables of the clinical model (`ageDiagnosisGrade`), where they are known
 */
export function modelName(name: string, clinical: readonly string[] = []): string {
  const word = (model: string) =>
    model === CLINICAL_MODEL && clinical.length > 0 ? clinicalName(clinical) : (MODELS[model] ?? model);
  const part = (one: string) => {
    const [model = one, ...variants] = one.split('/');
    return [word(model), ...variants.map((variant) => VARIANTS[variant] ?? variant)].join(', ');
  };
  return name.split(' + ').map(part).join(' with ');
}

const METRICS: Readonly<Record<string, string>> = {
  concordanceIndex: 'C-index',
  macroAuc: 'macro AUC',
  macroF1: 'macro F1',
  unoConcordance: "Uno's C",
  dynamicAuc: 'time-dependent AUC',
  integratedBrier: 'integrated Brier score',
  brier: 'Brier score',
};

/** A metric's name in words; of one that has none here, `expectedCalibrationError` becomes `expected calibration error`. */
export function metricName(name: string): string {
  const parts = /^(\w+)\[(.+)\]$/.exec(name);
  if (parts) return `${metricName(parts[1])} at ${parts[2]}`;
  return METRICS[name] ?? name.replace(/[A-Z]/g, (capital) => ` ${capital.toLowerCase()}`);
}

const ERRORS = new Set(['integratedBrier', 'survivalCalibrationError', 'brier', 'logLoss', 'expectedCalibrationError']);

/** A metric's name where it is one of many: an error says that lower is better. */
export const metricTitle = (name: string): string =>
  `${metricName(name)}${ERRORS.has(name) ? ' (lower is better)' : ''}`;

const GROUPS = { grade: 'grade', idh: 'IDH', sex: 'sex', age: 'age', site: 'site' } as const;

/** A group of patients in words: `grade 2`, `age 40 to 60`, `23 other sites`. */
export function groupName({ by, group, sites }: { by: keyof typeof GROUPS; group: string; sites?: number }): string {
  return sites === undefined ? `${GROUPS[by]} ${group}` : `${sites} other sites`;
}

/** Patients whose clinical column holds a value: `study = TCGA-LGG`. */
export const subgroupName = ({ column, value }: { column: string; value: string }): string => `${column} = ${value}`;

/**
 * `fold 0`, or `repeat 1, fold 0` where patients were dealt to folds several times. Both are counted from 0, as the run folders are named
 * (`fold-0/seed-1`, `repeat-1/fold-0/seed-1`).
 */
export function foldName({ fold, repeat }: { readonly fold: number; readonly repeat?: number | undefined }): string {
  return repeat === undefined ? `fold ${fold}` : `repeat ${repeat}, fold ${fold}`;
}

/** `fold 0, seed 1`, with the control that it is a training of. */
export function runName(run: { fold: number; repeat?: number; seed: number; control?: string }): string {
  return `${foldName(run)}, seed ${run.seed}${run.control === undefined ? '' : `, ${run.control}`}`;
}

/** `5 folds`, or `3 repeats of 5 folds`. */
export function foldsInWords(folds: readonly { readonly repeat?: number | undefined }[]): string {
  const repeats = new Set(folds.map(({ repeat }) => repeat)).size;
  return repeats > 1 ? `${repeats} repeats of ${folds.length / repeats} folds` : `${folds.length} folds`;
}

/** With three decimals and a true minus sign. */
export function number(x: number, signed = false): string {
  const text = x.toFixed(3).replace(/^-(0\.000)$/, '$1');
  return `${signed && !text.startsWith('-') ? '+' : ''}${text.replace('-', '−')}`;
}

/** `0.832 (0.804 to 0.859)`; a difference with its sign. Or why there is none. */
export function withInterval(metric: Shown | undefined, signed = false): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const { value, low, high, noInterval } = metric;
  return low === undefined || high === undefined
    ? `${number(value, signed)} (no interval: ${noInterval ?? 'none was asked for'})`
    : `${number(value, signed)} (${number(low, signed)} to ${number(high, signed)})`;
}

/** The value alone. */
export function plain(metric: Shown | undefined): string {
  return metric && metric.value !== null ? number(metric.value) : 'not computed';
}

/** A p-value; empty where there is none. */
export function pValue(p: number | undefined): string {
  if (p === undefined) return '';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** What a paired difference says of the first model, in one word; empty where there is no difference. */
export function verdictWord(difference: { readonly verdict?: Verdict | undefined } | undefined): VerdictWord | '' {
  return difference ? (difference.verdict ?? 'not tested') : '';
}

export const VERDICT_WORDS = ['helps', 'harms', 'equivalent', 'undetermined', 'not tested'] as const;
export type VerdictWord = Verdict | 'not tested';

/** What the words of a verdict mean. */
export const VERDICTS_MEAN =
  'A verdict is on the first model against the one of the row, as methods that are trained again and again (corrected resampled t-test over repeats of the folds, Holm over all tests): it helps, harms, is equivalent (the whole interval within the margin), or that is undetermined. Where the patients were dealt to folds once, the differences are of the fitted models and nothing is tested.';

/** How intervals by patient are made. */
export const INTERVALS =
  "95 % by patient (Wilson's of shares, logit scale of areas and concordance indices, BCa bootstrap of the rest)";

/** Goes with a comparison on folds that were dealt once. */
export const ONE_DEALING =
  'the patients were dealt to folds once, so differences are of these fitted models and have no verdict; `--repeats` compares the methods';

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
