import { key, permutation, uniform } from '../random/counter.js';
import type { Config } from './config.js';
import { labelPatients } from './labels.js';
import { suggest } from './nearest.js';
import { badInput, counted, someOf, type Problem } from './problems.js';
import { readSplitFile, type NamedParts } from './split-file.js';
import type { Patient, Split } from './types.js';

/** Patients to divide, by id, each with the stratum whose proportion every part should keep. */
export type Strata = ReadonlyMap<string, string>;

/** Patients that can be used for the task, by their class, or for survival by whether the event was seen; of several cohorts also by cohort. */
export function strataOf(patients: readonly Patient[], { task, labels }: Pick<Config, 'task' | 'labels'>): Strata {
  const outcomes = outcomesOf(patients, { task, labels });
  if (new Set(patients.map(({ cohort }) => cohort)).size < 2) return outcomes;
  return new Map(patients.flatMap(({ id, cohort }) => (outcomes.has(id) ? [[id, `${cohort}: ${outcomes.get(id)}`] as const] : [])));
}

function outcomesOf(patients: readonly Patient[], { task, labels }: Pick<Config, 'task' | 'labels'>): Strata {
  if (task !== 'survival') return labelPatients(patients, task, labels).byPatient;
  return new Map(patients.flatMap(({ id, survival }) => (survival ? [[id, survival.event ? 'event' : 'censored'] as const] : [])));
}

/** Patients in the order of their strata, shuffled within each; independent of the order they come in. */
function shuffledByStratum(strata: Strata, stream: number): string[] {
  const ids = [...strata.keys()].sort();
  return [...new Set(strata.values())].sort().flatMap((stratum) => {
    const own = ids.filter((id) => strata.get(id) === stratum);
    return Array.from(permutation(key(stream, stratum), own.length), (i) => own[i]!);
  });
}

/** A stratified random sample of `size` patients: every (n/size)-th of the list by strata, from a random start. */
function sample(strata: Strata, size: number, stream: number): Set<string> {
  const ordered = shuffledByStratum(strata, stream);
  const start = uniform(key(stream, 'start'), 0);
  const upTo = (i: number) => Math.floor((i * size) / ordered.length + start);
  return new Set(ordered.filter((_, i) => upTo(i + 1) > upTo(i)));
}

/** Takes a stratified `size` of the patients away from the others: [taken, rest]. */
function carve(strata: Strata, size: number, stream: number): [string[], Strata] {
  const taken = sample(strata, size, stream);
  const rest = [...strata].filter(([id]) => !taken.has(id));
  return [[...taken], new Map(rest)];
}

/**
 * Divides the patients into training, validation and test parts, in their original order within each. By the config: stratified
 * at random from `split.seed`, with `split.folds` k so that the k test parts together are the cohort; or by `split.file` (see
 * {@link readSplitFile}), where validation is carved from the training patients, as a fraction of all patients, unless the file names
 * it, and patients whom the file does not name are left out and counted in `problems`; or by `split.testCohort`, whose patients are the test part, with
 * validation carved from the others.
 * @param patients The cohort, to find the patient of a slide that a file names.
 * @param strata The patients to divide; see {@link strataOf}. Others that a file names are left out.
 * @throws {UserError} for a split file that is wrong, a cohort that is not there, or a part that would be empty.
 */
export async function makeSplit(
  patients: readonly Patient[],
  strata: Strata,
  config: Config['split'],
  problems: Problem[] = [],
): Promise<Split> {
  const named = config.file === undefined ? undefined : await readSplitFile(config.file, config.fold, patients, problems);
  const parts = named ? fromFile(named, strata, config) : withoutFile(patients, strata, config);
  if (named && config.file !== undefined) problems.push(...unnamed(config.file, named, strata));
  const inOrder = (ids: readonly string[]) => {
    const set = new Set(ids);
    return [...strata.keys()].filter((id) => set.has(id));
  };
  const split = { train: inOrder(parts.train), validation: inOrder(parts.validation), test: inOrder(parts.test) };
  for (const [part, ids] of Object.entries(split)) {
    if (ids.length === 0) {
      const message = `of ${strata.size} labelled patients none is left for the ${part} part`;
      throw badInput({ file: config.file ?? 'split', message, remedy: 'Use more patients or other fractions' });
    }
  }
  return split;
}

/** Patients whom a split file leaves out. */
function unnamed(file: string, { train, validation = [], test }: NamedParts, strata: Strata): Problem[] {
  const named = new Set([...train, ...validation, ...test]);
  const others = [...strata.keys()].filter((id) => !named.has(id));
  if (others.length === 0) return [];
  const message = `${counted(others.length, 'patient is', 'patients are')} in no part of the split (${someOf(others)})`;
  return [{ severity: 'warning', file, message, remedy: 'They are left out' }];
}

function withoutFile(patients: readonly Patient[], strata: Strata, config: Config['split']): Split {
  if (config.testCohort !== undefined) return byCohort(patients, strata, config, [config.testCohort].flat());
  return config.folds === undefined ? atRandom(strata, config) : foldAtRandom(strata, config, config.folds);
}

/** Tests on the patients of these cohorts, trains on all others. */
function byCohort(patients: readonly Patient[], strata: Strata, { folds, seed, validation }: Config['split'], tested: readonly string[]): Split {
  if (folds !== undefined) {
    throw badInput({ file: 'split', message: "'split.testCohort' says which cohort is tested, so there are no folds", remedy: 'Use train, or take split.testCohort away' });
  }
  const cohortOf = new Map(patients.map(({ id, cohort }) => [id, cohort ?? '']));
  const cohorts = [...new Set(cohortOf.values())];
  const absent = tested.find((name) => !cohorts.includes(name));
  if (absent !== undefined) throw badInput({ file: 'split', message: `there is no cohort '${absent}' (split.testCohort)`, remedy: suggest(absent, cohorts) });
  const isTested = (id: string) => tested.includes(cohortOf.get(id)!);
  const others = new Map([...strata].filter(([id]) => !isTested(id)));
  const [validationIds, rest] = carve(others, Math.round(validation * others.size), key(seed, 'test cohort'));
  return { train: [...rest.keys()], validation: validationIds, test: [...strata.keys()].filter(isTested) };
}

function atRandom(strata: Strata, { seed, test, validation }: Config['split']): Split {
  const stream = key(seed, 'split');
  const [testIds, others] = carve(strata, Math.round(test * strata.size), key(stream, 'test'));
  const [validationIds, rest] = carve(others, Math.round(validation * strata.size), key(stream, 'validation'));
  return { train: [...rest.keys()], validation: validationIds, test: testIds };
}

/** Deals the patients to k folds stratum by stratum; one of them is the test part. */
function foldAtRandom(strata: Strata, { fold, seed, validation }: Config['split'], folds: number): Split {
  if (fold === undefined) {
    throw badInput({ file: 'split', message: `'split.folds' makes ${folds} folds and 'split.fold' names none`, remedy: 'Set split.fold, from 0' });
  }
  const stream = key(seed, 'folds');
  const testIds = new Set(shuffledByStratum(strata, stream).filter((_, i) => i % folds === fold));
  const others = new Map([...strata].filter(([id]) => !testIds.has(id)));
  const [validationIds, rest] = carve(others, Math.round(validation * strata.size), key(stream, 'validation', fold));
  return { train: [...rest.keys()], validation: validationIds, test: [...testIds] };
}

function fromFile({ train, validation, test }: NamedParts, strata: Strata, config: Config['split']): Split {
  if (validation) return { train, validation, test };
  const usable = (ids: readonly string[]) => new Map(ids.flatMap((id) => (strata.has(id) ? [[id, strata.get(id)!] as const] : [])));
  const training = usable(train);
  const size = Math.round(config.validation * (training.size + usable(test).size));
  const [carved, rest] = carve(training, size, key(config.seed, 'split', 'validation'));
  return { train: [...rest.keys()], validation: carved, test };
}
