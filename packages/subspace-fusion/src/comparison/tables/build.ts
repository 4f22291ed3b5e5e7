import { differenceName } from '../comparison.js';
import type { Crossval } from '../crossval.js';
import type { NamedMetric, SubgroupScore, WorstPatient } from '../types.js';
import { crossvalTask, headlineOf, runsOf, type ComparedTask, type Scope } from './compared-task.js';
import { metricName, modelName, number, plain, pValue, verdictOf, withInterval, type Table } from './table.js';

const BY: Readonly<Record<SubgroupScore['by'], string>> = {
  grade: 'grade',
  idh: 'IDH',
  sex: 'sex',
  age: 'age',
  site: 'site',
};

/** All models of a scope in the metric that speaks for the task, each with the paired difference of the reference to it, its p-value after Holm, and the verdict. */
export function modelsTable(task: ComparedTask, scope: Scope): Table {
  const { reference } = task;
  const metric = headlineOf(task);
  const names = Object.keys(scope.models);
  const differenceTo = (name: string) => scope.differences[differenceName(reference, name)];
  return {
    title: `${titleOf(task, scope)}: ${scope.patients} patients${deaths(scope.models[reference]?.[metric])}`,
    header: ['', `${metricName(metric)} (95 %)`, `${modelName(reference)} minus it (95 %)`, 'p (Holm)', 'verdict'],
    rows: names.map((name) => {
      const difference = differenceTo(name);
      const shown = difference && difference.value !== null ? withInterval(difference, true) : '';
      return [
        modelName(name),
        withInterval(scope.models[name][metric]),
        shown,
        pValue(difference?.adjustedP),
        verdictOf(difference),
      ];
    }),
    runs: names.map((name) => runsOf(scope, name, reference)),
    notes: task.notes,
  };
}

function titleOf({ task }: ComparedTask, { kind, part }: Scope): string {
  if (kind === 'all') return `${task}, all`;
  return kind === 'shuffled outcomes'
    ? `${task}, outcomes shuffled between patients (a control: all are at chance, 0.5)`
    : part;
}

function deaths(metric: NamedMetric | undefined): string {
  return metric && metric.value !== null && metric.events !== undefined ? `, ${metric.events} deaths` : '';
}

/** The metric of every model in every fold, and its mean: what a table of published results shows. */
export function foldTable(task: ComparedTask): Table {
  const [all] = task.scopes;
  const folds = task.scopes.filter(({ kind }) => kind === 'fold');
  const metric = headlineOf(task);
  const names = Object.keys(all.models);
  return {
    title: `${metricName(metric)} by fold`,
    header: ['', ...folds.map(({ part }) => part), 'mean'],
    rows: names.map((name) => [modelName(name), ...[...folds, all].map(({ models }) => plain(models[name]?.[metric]))]),
    runs: names.map((name) => runsOf(all, name, task.reference)),
    notes: task.notes,
  };
}

/** Every metric but the one that speaks for the task, of every model. */
function secondaryTable(task: ComparedTask): Table {
  const [all] = task.scopes;
  const { models, patients } = all;
  const names = Object.keys(models);
  const metrics = [...new Set(Object.values(models).flatMap((of) => Object.keys(of)))].filter(
    (metric) => metric !== headlineOf(task),
  );
  const horizon =
    task.horizon &&
    ('reason' in task.horizon
      ? `no horizon: ${task.horizon.reason}`
      : `horizon ${number(task.horizon.time)} ${task.horizon.timeUnit}, ${task.horizon.rule}`);
  return {
    title: `${titleOf(task, all)}, all other metrics: ${patients} patients`,
    header: ['', ...metrics.map(metricName)],
    rows: names.map((name) => [modelName(name), ...metrics.map((metric) => withInterval(models[name][metric]))]),
    runs: names.map((name) => runsOf(all, name, task.reference)),
    notes: [...task.notes, ...(horizon === undefined ? [] : [horizon])],
  };
}

/** What each model has over age, diagnosis and grade. */
function addedTable(task: ComparedTask): Table | string {
  const { adds } = task;
  if ('reason' in adds) return `Over age, diagnosis and grade: not computed, ${adds.reason}`;
  const names = Object.keys(adds.models);
  const metrics = [...new Set(Object.values(adds.models).flatMap((of) => Object.keys(of)))];
  return {
    title: `What each model has over ${adds.variables.join(', ')}: it minus that model`,
    header: ['', ...metrics.map(metricName)],
    rows: names.map((name) => [
      modelName(name),
      ...metrics.map((metric) => withInterval(adds.models[name][metric], true)),
    ]),
    runs: names.map((name) => runsOf(task.scopes[0], name, task.reference)),
    notes: [...task.notes, ...adds.leftOut.map(({ variable, reason }) => `${variable} is left out: ${reason}`)],
  };
}

/** The reference model in groups of patients. */
function subgroupTable(task: ComparedTask): Table {
  const runs = runsOf(task.scopes[0], task.reference, task.reference);
  return {
    title: `${modelName(task.reference)} in groups of patients`,
    header: ['', 'patients', `${metricName(headlineOf(task))} (95 %)`],
    rows: task.subgroups.map((group) => [groupName(group), String(group.patients), withInterval(group.metric)]),
    runs: task.subgroups.map(() => runs),
    notes: task.notes,
  };
}

/** A group in words: `grade 2`, `age 40 to 60`. */
export function groupName({ by, group, sites }: SubgroupScore): string {
  return sites === undefined ? `${BY[by]} ${group}` : `${sites} other sites`;
}

/** Means over repeats, with intervals that know that training sets overlap. */
function repeatedTable(task: ComparedTask): Table | undefined {
  const { repeated, reference } = task;
  if (!repeated) return undefined;
  const names = Object.keys(repeated.models);
  return {
    title: `${repeated.repeats} repeats of ${repeated.folds} folds: ${metricName(headlineOf(task))}, intervals of the corrected resampled t-test (Nadeau and Bengio 2003)`,
    header: ['', 'mean (95 %)', `${modelName(reference)} minus it (95 %)`, 'p'],
    rows: names.map((name) => {
      const difference = repeated.differences[differenceName(reference, name)];
      return [
        modelName(name),
        withInterval(repeated.models[name]),
        difference ? withInterval(difference, true) : '',
        pValue(difference?.p),
      ];
    }),
    runs: names.map((name) => runsOf(task.scopes[0], name, reference)),
    notes: task.notes,
  };
}

/** The patients whom the reference model got most wrong. */
function worstTable(task: ComparedTask): Table | undefined {
  const { worstPredicted: worst, reference, notes } = task;
  if (worst.length === 0) return undefined;
  const runsOfFold = (fold: number) => runsOf(task.scopes[0], reference, reference).filter((run) => run.fold === fold);
  return {
    title: `The patients whom ${modelName(reference)} got most wrong`,
    header:
      'discordant' in worst[0]
        ? ['', 'fold', 'pairs ordered wrongly', 'of', 'lower risks in the fold', 'time', 'what happened']
        : ['', 'fold', 'probability of the truth', 'truth', 'predicted'],
    rows: worst.map(worstCells),
    runs: worst.map(({ fold }) => runsOfFold(fold)),
    notes,
  };
}

function worstCells(worst: WorstPatient): string[] {
  const who = [worst.patient, String(worst.fold)];
  if ('truth' in worst) return [...who, number(worst.probabilityOfTruth), worst.truth, worst.predicted];
  return [
    ...who,
    percent(worst.discordant),
    String(worst.comparablePairs),
    percent(worst.riskRank),
    String(Number(worst.time.toPrecision(4))),
    worst.event ? 'died' : 'alive',
  ];
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** How well the inputs tell the sites apart. */
function probeTable({ probe, notes, scopes, reference }: ComparedTask): Table | string | undefined {
  if (!probe) return undefined;
  if ('reason' in probe) return `Probe for the site: not computed, ${probe.reason}`;
  const runs = runsOf(scopes[0], reference, reference);
  return {
    title: `Probe: how well ridge logistic regression tells ${probe.of} from the inputs (0.5 is chance): ${probe.patients} patients of ${probe.sites.length} sites`,
    header: ['', 'macro AUC (95 %)'],
    rows: Object.entries(probe.inputs).map(([input, metric]) => [input, withInterval(metric)]),
    runs: Object.keys(probe.inputs).map(() => runs),
    notes: [...notes, `${probe.leftOut} patients of smaller or unknown sites are left out`],
  };
}

/** What a terminal shows of a task: the total, subgroups that were asked for, folds, controls. */
export function shortTables(task: ComparedTask): (Table | string)[] {
  const scopes = (kind: Scope['kind']) =>
    task.scopes.filter((scope) => scope.kind === kind).map((scope) => scopeTable(task, scope));
  const folds = task.scopes.some(({ kind }) => kind === 'fold') ? [foldTable(task)] : [];
  return [...scopes('all'), ...scopes('subgroup'), ...folds, ...scopes('shuffled outcomes'), probeTable(task)].filter(
    (table) => table !== undefined,
  );
}

function scopeTable(task: ComparedTask, scope: Scope): Table | string {
  return scope.reason === undefined ? modelsTable(task, scope) : `${scope.part}: not computed, ${scope.reason}`;
}

/** All tables of a task. */
export function allTables(task: ComparedTask): (Table | string)[] {
  const groups = task.subgroups.length > 0 ? subgroupTable(task) : undefined;
  return [
    ...shortTables(task),
    secondaryTable(task),
    addedTable(task),
    groups,
    repeatedTable(task),
    worstTable(task),
  ].filter((table) => table !== undefined);
}

/** What a terminal shows of a cross-validation. */
export const crossvalTables = (crossval: Crossval): (Table | string)[] => shortTables(crossvalTask(crossval));
