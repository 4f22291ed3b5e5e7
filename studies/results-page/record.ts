/** Records of finished trainings: what docs/results.md needs of them. */
import { spawnSync } from 'node:child_process';
import type { TaskComparison } from '../../packages/subspace-fusion/dist/comparison/file.js';
import {
  differenceTo,
  everyone,
  foldScopes,
  headlineOf,
  metricOf,
  subgroupScopes,
  type Scope,
} from '../../packages/subspace-fusion/dist/comparison/scopes.js';
import { VERSION } from '../../packages/subspace-fusion/dist/version.js';
import { metricName, modelName } from '../../packages/subspace-fusion/dist/words/comparison.js';
import type { CrossValidation, Estimate, ScoredModel, Source } from './data.js';

/** The program and commit that record now. */
export function sourceOf(command: string): Source {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' });
  return { program: `subspace-fusion ${VERSION}`, recordedBy: stdout.trim(), command, marks: [] };
}

/** @param name that of its folder in the study; floors are kept in those that end so */
export function crossValidation(name: string, task: TaskComparison): CrossValidation {
  const runs = task.folds.flatMap((fold) => fold.runs);
  const controlSeeds = [...new Set(runs.flatMap(({ control, seed }) => (control === undefined ? [] : [seed])))];
  const { models } = everyone(task);
  const folds = foldScopes(task);
  const metric = headlineOf(task);
  return {
    source: sourceOf('npm run study -- tcga-study DATA STUDY'),
    name,
    task: task.task,
    metric: metricName(metric) === 'C-index' ? 'C-index' : 'macro AUC',
    floors: name.endsWith('-floors-kept') ? 'kept' : 'left out',
    seeds: [...task.seeds],
    ...(controlSeeds.length > 0 ? { controlSeeds } : {}),
    // One fold of the five is for testing, a tenth of all patients for validation.
    trainingShare: 1 - 1 / folds.length - 0.1,
    testShare: 1 / folds.length,
    scopes: [everyone(task), ...subgroupScopes(task)].map((scope) => scoped(task, scope)),
    byFold: Object.keys(models).flatMap((model) => {
      const values = folds.flatMap((fold) => metricOf(fold, model, metric)?.value ?? []);
      return values.length === folds.length ? [{ model: modelName(model), folds: values }] : [];
    }),
  };
}

/** Of a model with the clinical one, which is named `model + clinical model`. */
const COMBINED =
  'fitted on the validation patients, the others on the training patients; not cross-fitted, so not compared';

function scoped(task: TaskComparison, scope: Scope): CrossValidation['scopes'][number] {
  const group = scope.kind === 'all' ? 'all' : scope.part;
  if (scope.reason !== undefined) return { group, reason: scope.reason };
  const metric = headlineOf(task);
  const own = metricOf(scope, task.model, metric);
  const deaths = own && own.value !== null ? own.events : undefined;
  const models = Object.keys(scope.models).flatMap((model): ScoredModel[] => {
    const score = estimate(metricOf(scope, model, metric));
    const difference = estimate(differenceTo(scope.differences, task.model, model));
    const compared = model.includes(' + ') ? { mark: COMBINED } : difference ? { difference } : {};
    return score ? [{ model: modelName(model), score, ...compared }] : [];
  });
  return { group, patients: scope.patients, ...(deaths === undefined ? {} : { deaths }), models };
}

/** A metric that has an interval. */
function estimate(metric: ReturnType<typeof metricOf>): Estimate | undefined {
  if (!metric || metric.value === null || metric.low === undefined || metric.high === undefined) return undefined;
  return { value: metric.value, low: metric.low, high: metric.high };
}
