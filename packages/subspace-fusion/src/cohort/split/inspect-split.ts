import type { Config, SplitConfig } from '../../config/config.js';
import { collecting, required, type Problem } from '../../files/errors.js';
import { append } from '../../files/lists.js';
import { calibratedBins, survivalCuts } from '../clinical/survival-bins.js';
import { parseBarcode, sitesOf, type SiteRule } from '../clinical/sites.js';
import type { Endpoint, Part, Patient, Split } from '../types.js';
import { foldsIn } from './split-file.js';
import { makeSplit, strataOf } from './split.js';

/** How many sites each part has, and how many of the test part's are of the training part too. */
export type SiteCounts = Readonly<Record<Part, number> & { shared: number }>;

/** How many patients each part has, and how many sites where those are known. */
export type PartSizes = Readonly<Record<Part, number> & { conformal?: number; sites?: SiteCounts }>;

/**
 * The parts that the config's split makes of the joined patients; where it has folds and chooses none, the first fold's. What is wrong
 * goes to `problems`; undefined where there is no split.
 * @param endpoint What survival is measured to, where the cohort has it.
 */
export async function inspectSplit(
  patients: readonly Patient[],
  config: Config,
  problems: Problem[],
  endpoint?: Endpoint,
): Promise<PartSizes | undefined> {
  const { split } = config;
  const folds = await collecting(problems, () => foldsThere(split));
  if (!folds || patients.length === 0) return undefined;
  if (split.fold === undefined && folds.length > 0) {
    const message = `there are ${folds.length} folds and split.fold names none`;
    problems.push({
      severity: 'warning',
      file: split.file ?? 'split',
      message,
      remedy: '`crossval` trains all of them; `train` needs split.fold',
    });
  }
  const strata = strataOf(patients, config);
  const parts = await collecting(problems, () => makeSplit(patients, strata, withFirstFold(split, folds), problems));
  if (!parts) return undefined;
  const { train, validation, test, conformal } = parts;
  append(problems, await binProblems(patients, train, config, endpoint));
  const sites = siteCounts(patients, parts, split.by);
  return {
    train: train.length,
    validation: validation.length,
    test: test.length,
    ...(conformal ? { conformal: conformal.length } : {}),
    ...(sites ? { sites } : {}),
  };
}

/** What training would refuse: deaths of the training patients of which no bins can be made. A warning, for the cohort may be there to be predicted. */
async function binProblems(
  patients: readonly Patient[],
  train: readonly string[],
  { task, model, clinical: { file, timeUnit } }: Config,
  endpoint: Endpoint | undefined,
): Promise<Problem[]> {
  const training = new Set(train);
  const survivals = patients.flatMap(({ id, survival }) => (survival && training.has(id) ? [survival] : []));
  // Where nobody died, that is an error already.
  if (task !== 'survival' || !endpoint || !patients.some(({ survival }) => survival?.event)) return [];
  const source = { file, time: endpoint.time, timeUnit };
  const refused: Problem[] = [];
  await collecting(refused, () =>
    model.survivalHead === 'calibrated' ? calibratedBins(survivals, source) : survivalCuts(survivals, source),
  );
  return refused.map((problem) => ({ ...problem, severity: 'warning' }));
}

/** By `split.by`, or by TCGA barcodes where every patient has one. */
function siteCounts(
  patients: readonly Patient[],
  { train, validation, test }: Split,
  by: SiteRule | undefined,
): SiteCounts | undefined {
  if (by === undefined && !patients.every(({ id }) => parseBarcode(id))) return undefined;
  const { siteOf } = sitesOf(patients, by ?? 'site');
  const of = (ids: readonly string[]) => new Set(ids.map((id) => required(siteOf, id)));
  const [training, validating, tested] = [of(train), of(validation), of(test)];
  return {
    train: training.size,
    validation: validating.size,
    test: tested.size,
    shared: [...tested].filter((site) => training.has(site)).length,
  };
}

async function foldsThere({ file, folds = 0 }: SplitConfig): Promise<number[]> {
  return file === undefined ? Array.from({ length: folds }, (_, fold) => fold) : foldsIn(file);
}

function withFirstFold(split: SplitConfig, folds: readonly number[]): SplitConfig {
  if (split.file === undefined && split.folds === undefined) return split;
  return { ...split, fold: split.fold ?? folds[0] };
}
