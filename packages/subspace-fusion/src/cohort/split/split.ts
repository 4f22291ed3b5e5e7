import { append } from '../../files/lists.js';
import type { CohortSplit, Config, FileSplit, FoldsSplit, RandomSplit, SplitConfig } from '../../config/config.js';
import { badInput, counted, required, someOf, type Problem } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import { key } from '../../random/counter.js';
import { labelPatients } from '../clinical/labels.js';
import type { Patient, Split } from '../types.js';
import { chosenFold, splitBySite } from './site-split.js';
import { readSplitFile, type NamedParts } from './split-file.js';
import { carve, sample, shuffledByStratum, type Strata } from './strata.js';

/** Patients that can be used for the task, by their class, or for survival by whether the event was seen; of several cohorts also by cohort. */
export function strataOf(patients: readonly Patient[], { task, labels }: Pick<Config, 'task' | 'labels'>): Strata {
  const outcomes = outcomesOf(patients, { task, labels });
  if (new Set(patients.map(({ cohort }) => cohort)).size < 2) return outcomes;
  return new Map(
    patients.flatMap(({ id, cohort }) => (outcomes.has(id) ? [[id, `${cohort}: ${outcomes.get(id)}`] as const] : [])),
  );
}

function outcomesOf(patients: readonly Patient[], { task, labels }: Pick<Config, 'task' | 'labels'>): Strata {
  if (task !== 'survival') return labelPatients(patients, task, labels).byPatient;
  return new Map(
    patients.flatMap(({ id, survival }) => (survival ? [[id, survival.event ? 'event' : 'censored'] as const] : [])),
  );
}

/**
 * Divides the patients into training, validation and test parts, in their original order within each. By the config: stratified
 * at random from `split.seed`, with `split.folds` k so that the k test parts together are the cohort, dealt anew for each
 * `split.repeat`, and with `split.by` by whole sites (see {@link splitBySite}); or by `split.file` (see
 * {@link readSplitFile}), where validation is carved from the training patients, as a fraction of all patients, unless the file names
 * it, and patients whom the file does not name are left out and counted in `problems`; or by `split.testCohort`, whose patients are the test part, with
 * validation carved from the others. With `split.conformal`, a fourth part is then taken from the training patients.
 * @param patients The cohort, to find the patient of a slide that a file names.
 * @param strata The patients to divide; see {@link strataOf}. Others that a file names are left out.
 * @throws {InputError} for a split file that is wrong, a cohort that is not there, or a part that would be empty.
 */
export async function makeSplit(
  patients: readonly Patient[],
  strata: Strata,
  config: SplitConfig,
  problems: Problem[] = [],
): Promise<Split> {
  const parts =
    config.file === undefined
      ? withoutFile(patients, strata, config, problems)
      : await fromFile(patients, strata, config, problems);
  const inOrder = (ids: readonly string[]) => {
    const set = new Set(ids);
    return [...strata.keys()].filter((id) => set.has(id));
  };
  const divided = { train: inOrder(parts.train), validation: inOrder(parts.validation), test: inOrder(parts.test) };
  const split: Split = config.conformal ? setAside(divided, strata, config, config.conformal) : divided;
  for (const [part, ids] of Object.entries<readonly string[]>({ ...split })) {
    if (ids.length === 0) {
      const message = `of ${strata.size} labelled patients none is left for the ${part} part`;
      throw badInput({ file: config.file ?? 'split', message, remedy: 'Use more patients or other fractions' });
    }
  }
  return split;
}

/** Takes a stratified `share` of all patients, or where whole cohorts are tested of the others, from the training patients: the conformal part. */
function setAside(
  { train, validation, test }: Split,
  strata: Strata,
  { fold = 0, repeat = 0, seed, testCohort }: SplitConfig,
  share: number,
): Split {
  const all = train.length + validation.length + (testCohort === undefined ? test.length : 0);
  const training = new Map(train.map((id) => [id, required(strata, id)]));
  const size = Math.min(Math.round(share * all), train.length);
  const taken = sample(training, size, key(seed, 'conformal', repeat, fold));
  return {
    train: train.filter((id) => !taken.has(id)),
    validation,
    test,
    conformal: train.filter((id) => taken.has(id)),
  };
}

/** Patients whom a split file leaves out. */
function unnamed(file: string, { train, validation = [], test }: NamedParts, strata: Strata): Problem[] {
  const named = new Set([...train, ...validation, ...test]);
  const others = [...strata.keys()].filter((id) => !named.has(id));
  if (others.length === 0) return [];
  const message = `${counted(others.length, 'patient is', 'patients are')} in no part of the split (${someOf(others)})`;
  return [{ severity: 'warning', file, message, remedy: 'They are left out' }];
}

function withoutFile(
  patients: readonly Patient[],
  strata: Strata,
  config: FoldsSplit | CohortSplit | RandomSplit,
  problems: Problem[],
): Split {
  if (config.testCohort !== undefined) return byCohort(patients, strata, config);
  if (config.by !== undefined) return splitBySite(patients, strata, config, config.by, problems);
  return config.folds === undefined ? atRandom(strata, config) : foldAtRandom(strata, config);
}

/** Tests on the patients of these cohorts, trains on all others. */
function byCohort(patients: readonly Patient[], strata: Strata, { testCohort, seed, validation }: CohortSplit): Split {
  const tested = [testCohort].flat();
  const cohortOf = new Map(patients.map(({ id, cohort }) => [id, cohort ?? '']));
  const cohorts = [...new Set(cohortOf.values())];
  const absent = tested.find((name) => !cohorts.includes(name));
  if (absent !== undefined)
    throw badInput({
      file: 'split',
      message: `there is no cohort '${absent}' (split.testCohort)`,
      remedy: suggest(absent, cohorts),
    });
  const isTested = (id: string) => tested.includes(required(cohortOf, id));
  const others = new Map([...strata].filter(([id]) => !isTested(id)));
  const [validationIds, rest] = carve(others, Math.round(validation * others.size), key(seed, 'test cohort'));
  return { train: [...rest.keys()], validation: validationIds, test: [...strata.keys()].filter(isTested) };
}

function atRandom(strata: Strata, { seed, test, validation }: RandomSplit): Split {
  const stream = key(seed, 'split');
  const [testIds, others] = carve(strata, Math.round(test * strata.size), key(stream, 'test'));
  const [validationIds, rest] = carve(others, Math.round(validation * strata.size), key(stream, 'validation'));
  return { train: [...rest.keys()], validation: validationIds, test: testIds };
}

/** @throws {InputError} for more folds than patients, some of which would test nobody. */
export function requirePatientsForFolds(folds: number, { size }: Strata): void {
  if (folds <= size) return;
  const message = `${folds} folds are more than there are labelled patients`;
  throw badInput({ file: 'split', message, remedy: `Make ${size} folds at most` });
}

/** Deals the patients to k folds stratum by stratum; one of them is the test part. */
function foldAtRandom(strata: Strata, config: FoldsSplit): Split {
  const { folds, repeat, seed, validation } = config;
  requirePatientsForFolds(folds, strata);
  const fold = chosenFold(config);
  const stream = repeat ? key(seed, 'folds', 'repeat', repeat) : key(seed, 'folds');
  const testIds = new Set(shuffledByStratum(strata, stream).filter((_, i) => i % folds === fold));
  const others = new Map([...strata].filter(([id]) => !testIds.has(id)));
  const [validationIds, rest] = carve(others, Math.round(validation * strata.size), key(stream, 'validation', fold));
  return { train: [...rest.keys()], validation: validationIds, test: [...testIds] };
}

async function fromFile(
  patients: readonly Patient[],
  strata: Strata,
  config: FileSplit,
  problems: Problem[],
): Promise<Split> {
  const named = await readSplitFile(config.file, config.fold, patients, problems);
  append(problems, unnamed(config.file, named, strata));
  const { train, validation, test } = named;
  if (validation) return { train, validation, test };
  const usable = (ids: readonly string[]) =>
    new Map(ids.flatMap((id) => (strata.has(id) ? [[id, required(strata, id)] as const] : [])));
  const training = usable(train);
  const size = Math.round(config.validation * (training.size + usable(test).size));
  const [carved, rest] = carve(training, size, key(config.seed, 'split', 'validation'));
  return { train: [...rest.keys()], validation: carved, test };
}
