import {
  foldName,
  groupName,
  metricName,
  metricTitle,
  number,
  plain,
  pValue,
  verdictWord,
  withInterval,
} from '../../words/comparison.js';
import type { NamedMetric, TaskComparison, WorstPatient } from '../file.js';
import {
  differenceTo,
  everyone,
  foldScopes,
  headlineOf,
  metricOf,
  namesOf,
  runsOf,
  shuffledScopes,
  subgroupScopes,
  type Scope,
} from '../scopes.js';
import { REFERENCE } from '../simple-models.js';
import type { Table } from './formats.js';

/**
 * All models of a scope in the metric that speaks for the task, each with the paired difference of the reference to it, its p-value after Holm, and the
 * verdict.
 */
function modelsTable(task: TaskComparison, scope: Scope): Table {
  const { model: first } = task;
  const named = namesOf(task);
  const metric = headlineOf(task);
  const models = Object.entries(scope.models);
  return {
    title: `${titleOf(task, scope)}: ${patientsInWords(task, scope)}`,
    header: ['', `${metricName(metric)} (95 %)`, `${named(first)} minus it (95 %)`, 'p (Holm)', 'verdict'],
    rows: models.map(([name, metrics]) => {
      const difference = differenceTo(scope.differences, first, name);
      const shown = difference && difference.value !== null ? withInterval(difference, true) : '';
      return [
        named(name),
        withInterval(metrics[metric]),
        shown,
        pValue(difference?.adjustedP),
        verdictWord(difference),
      ];
    }),
    runs: models.map(([name]) => runsOf(scope, name, first)),
    notes: task.notes,
  };
}

function titleOf({ task }: TaskComparison, { kind, part }: Scope): string {
  if (kind === 'all') return `${task}, all`;
  return kind === 'shuffled outcomes'
    ? `${task}, outcomes shuffled between patients (a control: all are at chance, 0.5)`
    : part;
}

/** `612 patients, 268 deaths`: everybody counts once, however often they are tested. */
export function patientsInWords(task: TaskComparison, scope: Scope): string {
  const repeats = new Set(task.folds.map(({ repeat }) => repeat)).size;
  const again =
    repeats > 1 ? `, each tested in ${repeats} repeats` : overlap(task) ? ', some of them tested in several folds' : '';
  return `${scope.patients} patients${deaths(metricOf(scope, task.model, headlineOf(task)))}${again}`;
}

/** Whether the test parts of a single dealing share patients, as random ones of a split file do. */
const overlap = ({ folds, patients }: TaskComparison) => folds.reduce((sum, fold) => sum + fold.patients, 0) > patients;

function deaths(metric: NamedMetric | undefined): string {
  return metric && metric.value !== null && metric.events !== undefined ? `, ${metric.events} deaths` : '';
}

/** The metric of every model in every fold, and its mean: what a table of published results shows. */
function foldTable(task: TaskComparison): Table {
  const all = everyone(task);
  const named = namesOf(task);
  const folds = foldScopes(task);
  const metric = headlineOf(task);
  const names = Object.keys(all.models);
  return {
    title: `${metricName(metric)} by fold`,
    header: ['', ...folds.map(({ part }) => part), 'mean'],
    rows: names.map((name) => [named(name), ...[...folds, all].map((scope) => plain(metricOf(scope, name, metric)))]),
    runs: names.map((name) => runsOf(all, name, task.model)),
    notes: task.notes,
  };
}

/** Every metric but the one that speaks for the task, of every model. */
function secondaryTable(task: TaskComparison): Table {
  const all = everyone(task);
  const named = namesOf(task);
  const models = Object.entries(all.models);
  const metrics = [...new Set(models.flatMap(([, of]) => Object.keys(of)))].filter(
    (metric) => metric !== headlineOf(task),
  );
  const horizon =
    task.horizon &&
    ('reason' in task.horizon
      ? `no horizon: ${task.horizon.reason}`
      : `horizon ${number(task.horizon.time)} ${task.horizon.timeUnit}, ${task.horizon.rule}`);
  return {
    title: `${titleOf(task, all)}, all other metrics: ${patientsInWords(task, all)}`,
    header: ['', ...metrics.map(metricTitle)],
    rows: models.map(([name, of]) => [named(name), ...metrics.map((metric) => withInterval(of[metric]))]),
    runs: models.map(([name]) => runsOf(all, name, task.model)),
    notes: [...task.notes, ...(horizon === undefined ? [] : [horizon])],
  };
}

/** What each model has over age, diagnosis and grade. */
function addedTable(task: TaskComparison): Table | string {
  const { adds } = task;
  const named = namesOf(task);
  if ('reason' in adds) return `Over the clinical model of ${named(REFERENCE)}: not computed, ${adds.reason}`;
  const models = Object.entries(adds.models);
  const metrics = [...new Set(models.flatMap(([, of]) => Object.keys(of)))];
  return {
    title: `What each model has over ${named(REFERENCE)} (${adds.variables.join(', ')}): it minus that model`,
    header: ['', ...metrics.map(metricTitle)],
    rows: models.map(([name, of]) => [named(name), ...metrics.map((metric) => withInterval(of[metric], true))]),
    runs: models.map(([name]) => runsOf(everyone(task), name, task.model)),
    notes: [...task.notes, ...adds.leftOut.map(({ variable, reason }) => `${variable} is left out: ${reason}`)],
  };
}

/** The first model in groups of patients. */
function subgroupTable(task: TaskComparison): Table {
  const runs = runsOf(everyone(task), task.model, task.model);
  return {
    title: `${namesOf(task)(task.model)} in groups of patients`,
    header: ['', 'patients', `${metricName(headlineOf(task))} (95 %)`],
    rows: task.subgroups.map((group) => [groupName(group), String(group.patients), withInterval(group.metric)]),
    runs: task.subgroups.map(() => runs),
    notes: task.notes,
  };
}

/** Means over repeats, with intervals that know that training sets overlap. */
function repeatedTable(task: TaskComparison): Table | undefined {
  const { repeated, model: first } = task;
  const named = namesOf(task);
  if (!repeated) return undefined;
  const models = Object.entries(repeated.models);
  return {
    title: `${repeated.repeats} repeats of ${repeated.folds} folds: ${metricName(headlineOf(task))}, intervals of the corrected resampled t-test (Nadeau and Bengio 2003)`,
    header: ['', 'mean (95 %)', `${named(first)} minus it (95 %)`, 'p'],
    rows: models.map(([name, metric]) => {
      const difference = differenceTo(repeated.differences, first, name);
      return [
        named(name),
        withInterval(metric),
        difference ? withInterval(difference, true) : '',
        pValue(difference?.p),
      ];
    }),
    runs: models.map(([name]) => runsOf(everyone(task), name, first)),
    notes: task.notes,
  };
}

/** The patients whom the first model got most wrong. */
function worstTable(task: TaskComparison): Table | undefined {
  const { worstPredicted: worst, model: first, notes } = task;
  const most = worst.at(0);
  if (!most) return undefined;
  const runs = runsOf(everyone(task), first, first);
  return {
    title: `The patients whom ${namesOf(task)(first)} got most wrong`,
    header: [
      '',
      'tested in',
      ...('discordant' in most
        ? ['pairs ordered wrongly', 'of', 'lower risks in the fold', 'time', 'what happened']
        : ['probability of the truth', 'truth', 'predicted']),
    ],
    rows: worst.map(worstCells),
    runs: worst.map(({ fold, repeat }) => runs.filter((run) => run.fold === fold && run.repeat === repeat)),
    notes,
  };
}

function worstCells(worst: WorstPatient): string[] {
  const who = [worst.patient, foldName(worst)];
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
function probeTable(task: TaskComparison): Table | string | undefined {
  const { probe, notes, model: first } = task;
  if (!probe) return undefined;
  if ('reason' in probe) return `Probe for the site: not computed, ${probe.reason}`;
  const runs = runsOf(everyone(task), first, first);
  return {
    title: `Probe: how well ridge logistic regression tells ${probe.of} from the inputs (0.5 is chance): ${probe.patients} patients of ${probe.sites.length} sites`,
    header: ['', 'macro AUC (95 %)'],
    rows: Object.entries(probe.inputs).map(([input, metric]) => [input, withInterval(metric)]),
    runs: Object.keys(probe.inputs).map(() => runs),
    notes: [...notes, `${probe.leftOut} patients of smaller or unknown sites are left out`],
  };
}

/** What a terminal shows of a task: the total, subgroups that were asked for, folds, controls. */
export function shortTables(task: TaskComparison): (Table | string)[] {
  return [
    modelsTable(task, everyone(task)),
    ...subgroupScopes(task).map((scope) => scopeTable(task, scope)),
    foldTable(task),
    ...shuffledScopes(task).map((scope) => modelsTable(task, scope)),
    probeTable(task),
  ].filter((table) => table !== undefined);
}

function scopeTable(task: TaskComparison, scope: Scope): Table | string {
  return scope.reason === undefined ? modelsTable(task, scope) : `${scope.part}: not computed, ${scope.reason}`;
}

/** All tables of a task. */
export function allTables(task: TaskComparison): (Table | string)[] {
  return [...shortTables(task), secondaryTable(task), addedTable(task), ...detailTables(task)];
}

/** What a report shows of a task; the other metrics of the first model are elsewhere in it. */
export function reportTables(task: TaskComparison): (Table | string)[] {
  return [...shortTables(task), ...detailTables(task)];
}

function detailTables(task: TaskComparison): Table[] {
  const groups = task.subgroups.length > 0 ? subgroupTable(task) : undefined;
  return [groups, repeatedTable(task), worstTable(task)].filter((table) => table !== undefined);
}
