import { append } from '../../files/lists.js';
import type { FoldsSplit, RandomSplit } from '../../config/config.js';
import { badInput, counted, required, someOf, type Problem } from '../../files/errors.js';
import { key } from '../../random/counter.js';
import { sitesOf, type SiteRule } from '../clinical/sites.js';
import type { Patient, Split } from '../types.js';
import { carve, divideGroups, type Group, type Strata } from './strata.js';

/** A part that is this many times smaller or larger than what was asked for is worth a word. */
const FAR = 2;

/**
 * Divides the patients so that all of a site are in one part, as near to the parts' sizes and to equal strata as whole sites allow (see {@link divideGroups}):
 * one division into three, or with `split.folds` into folds whose validation part is made of whole sites of the others. Where too few sites are left for a
 * validation part of its own, patients of the training sites validate, and `problems` says so.
 * @throws {InputError} where there are fewer sites than parts to test, or nobody's site is known
 */
export function splitBySite(
  patients: readonly Patient[],
  strata: Strata,
  config: FoldsSplit | RandomSplit,
  rule: SiteRule,
  problems: Problem[],
): Split {
  const { siteOf, unknown } = sitesOf(
    patients.filter(({ id }) => strata.has(id)),
    rule,
  );
  if (unknown.length > 0)
    warn(
      problems,
      `the site of ${counted(unknown.length, 'patient')} is not known (${someOf(unknown)})`,
      'They are kept together, as if of one site',
    );
  const sites = sitesWith(strata, (id) => required(siteOf, id));
  const split =
    config.folds === undefined ? atOnce(sites, strata, config, problems) : inFolds(sites, strata, config, problems);
  append(problems, unevenParts(split, strata, config));
  return split;
}

/** The fold that is the test part. */
export function chosenFold({ fold, folds }: FoldsSplit): number {
  if (fold !== undefined) return fold;
  const message = `'split.folds' makes ${folds} folds and 'split.fold' names none`;
  throw badInput({ file: 'split', message, remedy: 'Set split.fold, from 0' });
}

/** A site as the solver takes it, and its patients. */
interface Site extends Group {
  readonly patients: readonly string[];
}

/** In alphabetical order, so that the division does not depend on that of the table. */
function sitesWith(strata: Strata, siteOf: (id: string) => string): Site[] {
  const names = [...new Set(strata.values())].sort();
  const bySite = new Map<string, string[]>();
  for (const id of strata.keys()) bySite.set(siteOf(id), [...(bySite.get(siteOf(id)) ?? []), id]);
  return [...bySite]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, patients]) => ({
      name,
      patients,
      counts: names.map((stratum) => patients.filter((id) => strata.get(id) === stratum).length),
    }));
}

const patientsOf = (sites: readonly Site[]) => sites.flatMap(({ patients }) => patients);

/** Sites of each part. */
function divide(sites: readonly Site[], shares: readonly number[], stream: number): Site[][] {
  const partOf = divideGroups(sites, shares, stream);
  return shares.map((_, part) => sites.filter((_, site) => partOf[site] === part));
}

function atOnce(
  sites: readonly Site[],
  strata: Strata,
  { seed, test, validation }: RandomSplit,
  problems: Problem[],
): Split {
  requireSites(sites, 2);
  const stream = key(seed, 'split', 'sites');
  if (sites.length >= 3) {
    const [train, validating, tested] = divide(sites, [1 - test - validation, validation, test], stream) as [
      Site[],
      Site[],
      Site[],
    ];
    return { train: patientsOf(train), validation: patientsOf(validating), test: patientsOf(tested) };
  }
  const [others, tested] = divide(sites, [1 - test, test], stream) as [Site[], Site[]];
  return { ...validatedBy(others, strata, validation * strata.size, stream, problems), test: patientsOf(tested) };
}

function inFolds(sites: readonly Site[], strata: Strata, config: FoldsSplit, problems: Problem[]): Split {
  const { folds, seed, validation, repeat = 0 } = config;
  const fold = chosenFold(config);
  requireSites(sites, folds);
  const dealt = (r: number) => divide(sites, new Array<number>(folds).fill(1 / folds), key(seed, 'folds', 'sites', r));
  const parts = dealt(repeat);
  const asBefore = Array.from({ length: repeat }, (_, r) => r).find((r) => isSame(dealt(r), parts));
  if (asBefore !== undefined) {
    warn(
      problems,
      `repeat ${repeat} deals the ${sites.length} sites to folds as repeat ${asBefore} does: so few sites divide well in few ways`,
      'Use fewer repeats, or split by patient',
    );
  }
  const others = sites.filter((site) => !parts[fold].includes(site));
  const stream = key(seed, 'folds', 'sites', repeat, 'validation', fold);
  return { ...validatedBy(others, strata, validation * strata.size, stream, problems), test: patientsOf(parts[fold]) };
}

/** Whether the folds are the same, in whatever order. */
function isSame(a: readonly (readonly Site[])[], b: readonly (readonly Site[])[]): boolean {
  const words = (folds: typeof a) => folds.map((fold) => fold.map(({ name }) => name).join('\n')).sort();
  return words(a).every((fold, i) => fold === words(b)[i]);
}

/** Takes sites of about `size` patients to validate; of a single site, patients. */
function validatedBy(
  sites: readonly Site[],
  strata: Strata,
  size: number,
  stream: number,
  problems: Problem[],
): Omit<Split, 'test'> {
  const others = patientsOf(sites);
  if (sites.length > 1) {
    const share = size / others.length;
    const [train, validating] = divide(sites, [1 - share, share], stream) as [Site[], Site[]];
    return { train: patientsOf(train), validation: patientsOf(validating) };
  }
  warn(
    problems,
    'one site is left to train on, so the validation patients are of the site that is trained on',
    'The test patients are of other sites; a cohort of more sites also validates on others',
  );
  const [validation, rest] = carve(new Map(others.map((id) => [id, required(strata, id)])), Math.round(size), stream);
  return { train: [...rest.keys()], validation };
}

function requireSites(sites: readonly Site[], parts: number): void {
  if (sites.length >= parts) return;
  const message = `there ${sites.length === 1 ? 'is' : 'are'} ${counted(sites.length, 'site')} for ${parts} parts (split.by)`;
  throw badInput({ file: 'split', message, remedy: 'Make fewer folds, or split by patient' });
}

/** Parts that whole sites could not bring near the size that was asked for, or that lack a stratum. */
function unevenParts({ train, validation, test }: Split, strata: Strata, config: FoldsSplit | RandomSplit): Problem[] {
  const problems: Problem[] = [];
  const names = [...new Set(strata.values())].sort();
  const parts = {
    test: [test, config.folds === undefined ? config.test : 1 / config.folds],
    validation: [validation, config.validation],
    train: [train, undefined],
  } as const;
  for (const [part, [ids, share]] of Object.entries(parts)) {
    const asked = share === undefined ? ids.length : Math.round(share * strata.size);
    const lacking = names.filter((name) => !ids.some((id) => strata.get(id) === name));
    if (ids.length > FAR * asked || ids.length * FAR < asked)
      warn(
        problems,
        `the ${part} part has ${ids.length} patients where ${asked} were asked for: the sites do not divide more evenly`,
        'Use other fractions, fewer folds, or split by patient',
      );
    if (lacking.length > 0)
      warn(
        problems,
        `the ${part} part has no patient of: ${lacking.join(', ')}`,
        'Use larger parts, fewer folds, or split by patient',
      );
  }
  return problems;
}

function warn(problems: Problem[], message: string, remedy: string): void {
  problems.push({ severity: 'warning', file: 'split', message, remedy });
}
