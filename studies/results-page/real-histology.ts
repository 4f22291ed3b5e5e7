/** The tables of docs/results.md on real histology, from the records of the study `real-histology`. */
import { formatMarkdown, type Table } from '../../packages/subspace-fusion/dist/comparison/tables/formats.js';
import { holm, verdict } from '../../packages/subspace-fusion/dist/metrics/significance.js';
import { metricName, modelName, number } from '../../packages/subspace-fusion/dist/words/comparison.js';
import {
  METHOD,
  MODELS,
  PLAN,
  QUESTIONS,
  REPEATS,
  seedOf,
  TASKS,
  WIDE,
  type PlannedCell,
  type Task,
} from '../real-histology/plan.js';
import { findCell, type Cell, type TaskRecord } from '../real-histology/record.js';
import { MARGIN } from './judge.js';
import { detectable, LEVEL, testedMean, type TestedMean } from './power.js';

const MAIN: Task = 'grade-lgg';
/** Of all patients, the parts of a fold. */
const SHARED = { training: 0.7, test: 0.2 };

const NAMES: Readonly<Record<string, string>> = {
  [METHOD]: 'this method',
  'permuted-bags': 'this method, bags permuted between patients',
  joint: 'this method, one joint subspace',
  'method-1024': 'this method, 1,024 tokens',
  'plain-1024': 'this method, 1,024 tokens, plain attention',
  'no-position-bias': 'this method, no position bias',
  'no-consistency': 'this method, no consistency loss',
  'no-coordination': 'this method, no coordination',
  published: 'this method, consistency and coordination as published',
  plain: 'this method, plain attention',
  'random-gene-sets': 'this method, random gene sets',
  averageWithRidge: 'this method averaged with ridge on the genes',
};
const TASK_NAMES: Readonly<Record<Task, string>> = {
  'grade-lgg': 'Histologic grade within TCGA-LGG (G2 or G3)',
  'who2021-grade': 'WHO 2021 grade',
  'survival-lgg': 'Survival within TCGA-LGG',
  survival: 'Survival',
  'who2021-diagnosis': 'WHO 2021 diagnosis',
};
/** Combinations fitted on validation patients are not cross-fitted; the parts of the clinical model tell less than all of it. */
const SHOWN_SIMPLE =
  /^(ridge\w+|elasticNet|meanSlide|genesMeanSlide|genesPatchKinds|averageWithRidge|ageSex|clinical)$/;

const nameOf = (model: string) => NAMES[model] ?? modelName(model);

/** The cells of a model with the seed of their repeat, by repeat. */
function cellsOf(record: TaskRecord | undefined, model: string): Cell[] {
  const own = record?.cells.filter((cell) => cell.model === model && cell.seed === seedOf(cell.repeat)) ?? [];
  return own.sort((a, b) => a.repeat - b.repeat);
}

const headlineOf = (record: TaskRecord) => (record.deaths === undefined ? 'macroAuc' : 'concordanceIndex');

interface Compared {
  readonly tested: TestedMean;
  readonly repeats: number;
}

/** The difference of two models over the folds that both have; undefined without any. */
export function compare(record: TaskRecord | undefined, model: string, against: string): Compared | undefined {
  if (!record) return undefined;
  const metric = headlineOf(record);
  const others = new Map(cellsOf(record, against).map((cell) => [cell.repeat, cell]));
  let repeats = 0;
  const differences = cellsOf(record, model).flatMap((cell) => {
    const other = others.get(cell.repeat)?.metrics[metric];
    const own = cell.metrics[metric];
    if (!own || !other) return [];
    repeats++;
    return own.flatMap((value, fold) => {
      const beside = other[fold];
      return value === null || beside === null || beside === undefined ? [] : [value - beside];
    });
  });
  return differences.length < 2 ? undefined : { tested: testedMean(differences, SHARED), repeats };
}

const NOT_RUN = 'not run';
const interval = ({ value, low, high }: { value: number; low: number; high: number }) =>
  `${number(value, true)} (${number(low, true)} to ${number(high, true)})`;

const siteRecord = (records: readonly TaskRecord[], task: Task) =>
  records.find((one) => one.task === task && one.folds === 'site');

/** The primary questions with their verdicts; a question without all repeats has none. */
export function questionsTable(records: readonly TaskRecord[]): string {
  const found = QUESTIONS.map(({ model, against }) => compare(siteRecord(records, MAIN), model, against));
  const isWhole = (own: Compared | undefined) => own !== undefined && own.repeats >= REPEATS;
  const adjusted = holm(found.map((own) => (own && isWhole(own) ? (own.tested.p ?? 1) : 1)));
  return formatMarkdown({
    header: ['question', 'difference in macro AUC', 'so far (95 %)', 'repeats', 'detectable (80 %)', 'verdict'],
    rows: QUESTIONS.map(({ question, model, against }, q) => {
      const own = found[q];
      const what = `${nameOf(model)} − ${nameOf(against)}`;
      if (!own) return [question, what, NOT_RUN, `0 of ${REPEATS}`, '', NOT_RUN];
      const { value, low, high } = own.tested;
      const said = isWhole(own)
        ? `${verdict(low, high, MARGIN, adjusted[q] ?? 1)} (adjusted p ${(adjusted[q] ?? 1).toFixed(3)})`
        : 'preliminary, no verdict';
      const smallest = `±${number(detectable(own.tested, LEVEL / QUESTIONS.length))}`;
      return [question, what, interval({ value, low, high }), `${own.repeats} of ${REPEATS}`, smallest, said];
    }),
  });
}

/** Every model of a task: discrimination, errors of probabilities, calibration, and the method minus it. */
function modelsTable(record: TaskRecord): Table {
  const recorded = [...new Set(record.cells.map(({ model }) => model))];
  const simple = recorded.filter((model) => !(model in MODELS) && SHOWN_SIMPLE.test(model));
  const networks = Object.keys(MODELS).filter((model) => record.task === MAIN || !WIDE.includes(model));
  const headline = headlineOf(record);
  const metrics =
    headline === 'macroAuc'
      ? [headline, 'logLoss', 'brier', 'calibrationSlope']
      : [headline, 'integratedBrier', 'survivalCalibrationError'];
  return {
    header: ['', 'repeats', ...metrics.map(metricName), 'this method minus it (95 %)', 'detectable (80 %)'],
    rows: [...networks, ...simple].map((model) => {
      const cells = cellsOf(record, model);
      if (cells.length === 0) return [nameOf(model), NOT_RUN, ...metrics.map(() => ''), '', ''];
      const difference = model === METHOD ? undefined : compare(record, METHOD, model);
      return [
        nameOf(model),
        `${cells.length}`,
        ...metrics.map((metric) => meanOf(cells, metric)),
        difference ? interval(difference.tested) : '',
        difference ? `±${number(detectable(difference.tested, LEVEL))}` : '',
      ];
    }),
  };
}

/** Mean over repeats and folds. */
function meanOf(cells: readonly Cell[], metric: string): string {
  const values = cells.flatMap((cell) => cell.metrics[metric] ?? []).filter((value) => value !== null);
  return values.length === 0 ? '' : number(values.reduce((a, b) => a + b, 0) / values.length);
}

/** A table per task and kind of folds; what has no cell is named. */
export function tasksTables(records: readonly TaskRecord[]): string {
  const wanted = TASKS.flatMap((task) => (['site', 'published'] as const).map((folds) => ({ task, folds })));
  const missing: string[] = [];
  const tables = wanted.flatMap(({ task, folds }) => {
    const title = `${TASK_NAMES[task]}, ${folds === 'site' ? 'site-preserving' : 'published'} folds`;
    const record = records.find((one) => one.task === task && one.folds === folds);
    if (!record) {
      missing.push(title);
      return [];
    }
    const deaths = record.deaths === undefined ? '' : `, ${record.deaths} deaths`;
    return [`**${title}: ${record.patients} patients${deaths}**`, formatMarkdown(modelsTable(record))];
  });
  const left = missing.length > 0 ? [`Not run yet: ${missing.join('; ')}.`] : [];
  return [...tables, ...left].join('\n\n');
}

/** How much of the plan is recorded. */
export function progress(records: readonly TaskRecord[]): string {
  const recordOf = ({ task, folds }: PlannedCell) => records.find((one) => one.task === task && one.folds === folds);
  const isRecorded = (cell: PlannedCell) =>
    findCell(recordOf(cell), cell.model, cell.repeat, seedOf(cell.repeat)) !== undefined;
  const done = PLAN.filter(isRecorded).length;
  return `${done} of the ${PLAN.length} planned cells (a model on the five folds of one repeat) are recorded.`;
}
