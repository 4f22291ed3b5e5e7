import type {
  ComparedModels,
  ComparisonFile,
  Difference,
  FoldResult,
  NamedMetric,
  TaskComparison,
} from '../comparison/file.js';
import { differenceName } from '../comparison/means.js';
import { verdict } from '../metrics/significance.js';
import { defined } from '../testing/defined.js';

/** C-index of made-up models. */
const MODELS: Readonly<Record<string, number | null>> = {
  subspace: 0.748,
  'subspace/no-consistency': 0.746,
  'subspace/no-coordination': 0.731,
  'subspace/genes-only': 0.727,
  'subspace/permuted-bags': 0.729,
  mcat: 0.712,
  cmta: 0.719,
  'pathomic-fusion': 0.704,
  snn: 0.722,
  abmil: 0.634,
  ridgeCox: 0.741,
  meanSlide: 0.641,
  ageDiagnosisGrade: 0.768,
  idhAge: null,
};
const SECONDARY = ['unoConcordance', 'dynamicAuc', 'integratedBrier', 'survivalCalibrationError', 'netBenefit[0.25]'];
const FOLDS = [0, 1, 2, 3, 4];
const SEEDS = [1, 2, 3];
export const NOTE = 'fold 2 chose the model: its test patients were used for selection';

const trained = Object.keys(MODELS).filter(
  (name) => !['ridgeCox', 'meanSlide', 'ageDiagnosisGrade', 'idhAge'].includes(name),
);
/** That runs are finished, and no more: tables read no run's own result. */
const RESULT: FoldResult['runs'][number]['result'] = {
  task: 'survival',
  split: 'test',
  patients: 122,
  metrics: {},
  baselines: {},
  selection: { epoch: 1, metric: 'concordanceIndex', value: null },
  patientsWithSeveralSlides: 0,
};

const runsOf = (fold: number): FoldResult['runs'] =>
  trained.flatMap((model) =>
    SEEDS.map((seed) => ({
      model,
      seed,
      folder: `survival-${model.replace('/', '-')}-1a2b3c4d/fold-${fold}/seed-${seed}`,
      result: RESULT,
    })),
  );

/** `value` ± 0.045, or a refusal. */
function metric(value: number | null, half = 0.045): NamedMetric {
  if (value === null)
    return { value: null, reason: "the clinical table does not have a column 'idh_status' of mutant and wild type" };
  return {
    value,
    low: value - half,
    high: value + 0.9 * half,
    estimator: "mean over 5 folds of Harrell's C",
    ties: 'risks within 1e-8 count 1/2',
    n: 612,
    events: 268,
    comparablePairs: 30_412,
    resamples: 1000,
  };
}

type Scope = Pick<ComparedModels, 'patients' | 'metrics' | 'baselines' | 'differences'>;

function scope(patients: number, change: number): Scope {
  const valueOf = (name: string, i: number) =>
    MODELS[name] === null ? null : MODELS[name] + change * Math.sin(7 * i + change);
  const names = Object.keys(MODELS);
  const models = Object.fromEntries(
    names.map((name, i) => {
      const others = SECONDARY.map(
        (other, k) =>
          [other, metric(valueOf(name, i) === null ? null : 0.2 + 0.1 * k + 0.05 * Math.sin(3 * i + k), 0.03)] as const,
      );
      return [name, { concordanceIndex: metric(valueOf(name, i)), ...Object.fromEntries(others) }];
    }),
  );
  const differences = Object.fromEntries(
    names.slice(1).map((name, i): [string, Difference] => {
      const value = valueOf(name, i + 1);
      if (value === null) return [differenceName('subspace', name), metric(null)];
      const difference = metric(
        defined(valueOf('subspace', 0)) - value,
        name.includes('consistency') ? 0.007 : 0.017,
      ) as Difference & { low: number; high: number };
      const p = difference.low > 0 || difference.high < 0 ? 0.0005 : 0.21;
      return [
        differenceName('subspace', name),
        {
          ...difference,
          p,
          adjustedP: Math.min(1, 12 * p),
          verdict: verdict(difference.low, difference.high, 0.01, 12 * p),
        },
      ];
    }),
  );
  const { subspace: metrics = {}, ...baselines } = models;
  return { patients, metrics, baselines, differences };
}

const rest: Pick<ComparedModels, 'adds' | 'horizon' | 'bootstrap'> = {
  adds: {
    over: 'ageDiagnosisGrade',
    variables: ['age', 'idh', 'codeletion', 'grade'],
    leftOut: [{ variable: 'histology', reason: 'the table has no such column' }],
    thresholds: [0.25],
    models: { subspace: { concordanceIndex: metric(-0.02, 0.015), integratedBrier: metric(0.011, 0.01) } },
  },
  horizon: {
    time: 36,
    timeUnit: 'months',
    times: [12, 24, 36],
    rule: 'the latest time that a tenth of the training patients are followed to',
  },
  bootstrap: {
    seed: 1,
    resamples: 1000,
    secondaryResamples: 200,
    family: 12,
    margin: 0.01,
    units: 'patients within folds, the models as trained',
  },
};

/** The file of a comparison. */
export const sampleFile = (task = sampleComparison()): ComparisonFile => ({ format: 1, name: 'Sample', tasks: [task] });

/** A comparison of 14 made-up models on 5 folds with 3 seeds. */
export function sampleComparison(): TaskComparison {
  return {
    task: 'survival',
    model: 'subspace',
    split: 'test',
    seeds: SEEDS,
    notes: [NOTE],
    ...scope(612, 0),
    ...rest,
    within: [
      { column: 'study', value: 'TCGA-LGG', ...scope(412, 0.02), ...rest },
      { column: 'study', value: 'TCGA-GBM', reason: 'fold 3 has 4 deaths among its 31 such patients; 5 are needed' },
    ],
    folds: FOLDS.map((fold) => ({
      fold,
      task: 'survival',
      split: 'test',
      ...scope(122, 0.02 + 0.005 * fold),
      runs: runsOf(fold),
    })),
    subgroups: [
      { by: 'grade', group: '2', patients: 180, metric: metric(0.66, 0.09) },
      { by: 'grade', group: '4', patients: 210, metric: metric(0.58, 0.06) },
      { by: 'sex', group: 'female', patients: 260, metric: metric(0.74) },
      { by: 'age', group: '40 to 60', patients: 250, metric: metric(0.71) },
      {
        by: 'site',
        group: 'others',
        patients: 140,
        sites: 23,
        metric: { value: null, reason: 'each has fewer than 20 test patients' },
      },
    ],
    worstPredicted: [
      {
        patient: 'TCGA-06-0174',
        fold: 1,
        discordant: 0.93,
        comparablePairs: 88,
        riskRank: 0.02,
        time: 3.25,
        event: true,
      },
    ],
    probe: {
      of: 'the tissue source site',
      sites: ['06', 'DU', 'HT'],
      patients: 380,
      leftOut: 232,
      inputs: { genes: metric(0.71, 0.03), 'mean patch feature': metric(0.88, 0.02) },
    },
  };
}
