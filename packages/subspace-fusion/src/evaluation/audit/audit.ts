import { append } from '../../files/lists.js';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { hashInputs } from '../../cohort/cohort-files.js';
import { foldsOf } from '../../cohort/split/folds.js';
import { makeSplit, strataOf } from '../../cohort/split/split.js';
import type { Split } from '../../cohort/types.js';
import type { Config } from '../../config/config.js';
import { InputError } from '../../files/errors.js';
import { readHeader } from '../../files/file-source.js';
import type { Model } from '../../runs/model.js';
import type { Run } from '../../runs/open-run.js';
import { exists, openRunFolder, RUN_FILES } from '../../runs/run-folder.js';
import { requirePatients } from '../evaluate.js';
import { alikeAcross } from './alike-slides.js';
import {
  fittedOutside,
  gatherFindings,
  patientsInSeveralParts,
  samePerson,
  scoredPatients,
  sharedSites,
  type Finding,
  type LocalFinding,
} from './findings.js';
import { changedFiles, keptEpoch } from './made-later.js';
import { materialKey, readMaterial, sameFileFindings, withoutPermutation, type Material } from './material.js';
import { secondIdFindings } from './second-ids.js';

/** What an audit looked at, and what it found. */
export interface Audit {
  /** A config's folds, or the runs of a folder. */
  readonly divisions: readonly string[];
  /** Patients and slides of all cohorts that were read. */
  readonly patients: number;
  readonly slides: number;
  /** Leaks first. */
  readonly findings: readonly Finding[];
}

type OnSlide = (done: number, of: number) => void;

/** Whether an audit found what makes figures on test patients worthless. */
export function hasLeak({ findings }: Audit): boolean {
  return findings.some(({ severity }) => severity === 'leak');
}

/**
 * Looks for leakage in what a config would train on: all of its folds, or its one split.
 * @throws InputError where the cohort or the split cannot be read, or the split itself has a patient in two parts
 */
export async function auditConfig(config: Config, onSlide?: OnSlide): Promise<Audit> {
  const material = await readMaterial(config, onSlide);
  const { patients } = material.cohort;
  const strata = strataOf(patients, config);
  const places = await Promise.all(
    (await divisionsOf(config)).map(async ({ where, config: own }) => {
      const split = await makeSplit(patients, strata, own.split);
      return { where, findings: divisionFindings(material, split, own) };
    }),
  );
  return {
    divisions: places.map(({ where }) => where),
    patients: patients.length,
    slides: material.slides,
    findings: gatherFindings(places),
  };
}

async function divisionsOf(config: Config): Promise<{ where: string; config: Config }[]> {
  const { file, fold, folds } = config.split;
  const isSingle =
    fold !== undefined || (file === undefined ? folds === undefined : /\.csv$/.test(file) && !(await hasFolds(file)));
  if (isSingle) return [{ where: fold === undefined ? 'split' : `fold ${fold}`, config }];
  return (await foldsOf(config)).map(({ fold, config }) => ({ where: `fold ${fold}`, config }));
}

/** Whether a table of a split has a column of folds. */
async function hasFolds(file: string): Promise<boolean> {
  return (await readHeader(file)).includes('fold');
}

/**
 * Looks for leakage in finished or begun runs: those of a run folder, or of all run folders below it (a cross-validation, a sweep). What each model learned
 * before its weights is fitted again on its training patients and compared.
 * @throws InputError where there is no run, or a cohort cannot be read
 */
export async function auditRuns(folder: string, onSlide?: OnSlide): Promise<Audit> {
  const runs = await runsIn(folder);
  if (runs.length === 0)
    throw new InputError(`${folder}: holds no run. Name a config, the folder of a run, or that of a cross-validation.`);
  const materials = new Map<string, Material>();
  const places: { where: string; findings: LocalFinding[] }[] = [];
  for (const path of runs) {
    const run = await openRunFolder(path);
    const config = await run.config();
    const material = materials.get(materialKey(config)) ?? (await readMaterial(config, onSlide));
    materials.set(materialKey(config), material);
    places.push({ where: relative(folder, path), findings: await runFindings(run, config, material) });
  }
  const read = [...materials.values()];
  return {
    divisions: places.map(({ where }) => where),
    patients: read.reduce((n, { cohort }) => n + cohort.patients.length, 0),
    slides: read.reduce((n, { slides }) => n + slides, 0),
    findings: gatherFindings(places),
  };
}

/** Folders with a split and a model, this one or below, in order of their names. */
async function runsIn(folder: string): Promise<string[]> {
  if ((await exists(join(folder, RUN_FILES.split))) && (await exists(join(folder, RUN_FILES.model)))) return [folder];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new InputError(
      `${folder}: cannot be read. Name a config, the folder of a run, or that of a cross-validation.`,
    );
  });
  const below: string[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1)))
    append(below, await runsIn(join(folder, name)));
  return below;
}

/** What can be seen of a split without a model. */
function divisionFindings({ cohort, same, alike, secondIds }: Material, split: Split, config: Config): LocalFinding[] {
  return [
    ...patientsInSeveralParts(split),
    ...samePerson(cohort.patients, split),
    ...secondIdFindings(secondIds, split),
    ...sameFileFindings(same, split),
    ...alikeAcross(alike, split),
    ...sharedSites(cohort.patients, split, config),
  ];
}

async function runFindings(run: Run, config: Config, material: Material): Promise<LocalFinding[]> {
  const { cohort } = material;
  const split = await run.split();
  requirePatients(run.name, split, cohort, config);
  const predictions = await run.predictions();
  const result = await run.result();
  return [
    ...divisionFindings(material, split, config),
    ...(config.features.permuteBags === undefined ? [] : [isControl()]),
    ...(await modelFindings(run.model, config, material, split)),
    ...(await keptEpoch(run)),
    ...(predictions
      ? scoredPatients(
          predictions.map(({ patient }) => patient),
          split,
          result,
        )
      : []),
    ...(await changedFiles(run)),
  ];
}

async function modelFindings(
  model: Model,
  config: Config,
  { cohort }: Material,
  split: Split,
): Promise<LocalFinding[]> {
  if (model.imported)
    return [notChecked('the model was imported: whom it was trained on is not known here', 'Ask its authors')];
  const changed = Object.entries(await hashInputs(config))
    .filter(([name, hash]) => model.inputs[name] !== hash)
    .map(([name]) => name);
  if (changed.length === 0) return fittedOutside(model, cohort, split, withoutPermutation(config));
  return [
    notChecked(
      `the input files changed since the model was trained (${changed.join(', ')}), so what it learned from them is not compared`,
      'Restore the files, or train again',
    ),
  ];
}

function notChecked(message: string, remedy: string): LocalFinding {
  return { kind: 'not-checked', severity: 'note', message, who: [], remedy };
}

const isControl = () =>
  notChecked(
    'the run is a control: every patient has the slides of another, of any part; slides were compared with their own patients',
    'Use its figures as those of a control only',
  );
