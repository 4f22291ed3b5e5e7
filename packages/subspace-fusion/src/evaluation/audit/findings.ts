import { parseBarcode, patientOf, sitesOf, type SiteRule } from '../../cohort/clinical/sites.js';
import type { Cohort, Patient, Split } from '../../cohort/types.js';
import type { Config } from '../../config/config.js';
import { counted, someOf } from '../../files/errors.js';
import { learnModel } from '../../runs/learn-model.js';
import type { Model } from '../../runs/model.js';
import type { Result } from '../../runs/result.js';
import { CHOSEN_ON_THESE } from '../score.js';

/** What an audit looks for. */
export type FindingKind =
  | 'patient'
  | 'slide'
  | 'near-duplicate'
  | 'patches'
  | 'site'
  | 'fitted'
  | 'genes'
  | 'epoch'
  | 'scored'
  | 'changed'
  | 'not-checked';

/** Something that an audit found. */
export interface Finding {
  readonly kind: FindingKind;
  /** `leak`: the figures on test patients cannot be trusted as they stand. `note`: to be known, and said where the figures are given. */
  readonly severity: 'leak' | 'note';
  readonly message: string;
  /** Patients, slides, genes or sites that it is about. */
  readonly who: readonly string[];
  readonly remedy: string;
  /** Folds or runs in which it was found; empty where there is only one. */
  readonly where: readonly string[];
}

/** A finding before it is known where else it is found. */
export type LocalFinding = Omit<Finding, 'where'>;

/** Findings of several folds or runs, each once with all places that have it; leaks first. */
export function gatherFindings(
  places: readonly { readonly where: string; readonly findings: readonly LocalFinding[] }[],
): Finding[] {
  const gathered = new Map<string, Finding & { where: string[] }>();
  for (const { where, findings } of places) {
    for (const finding of findings) {
      const same = JSON.stringify(finding);
      const before = gathered.get(same);
      if (before) before.where.push(where);
      else gathered.set(same, { ...finding, where: [where] });
    }
  }
  const all = [...gathered.values()].map((finding) => (places.length === 1 ? { ...finding, where: [] } : finding));
  return [...all.filter(({ severity }) => severity === 'leak'), ...all.filter(({ severity }) => severity === 'note')];
}

/** A part of the split that a patient is in, `undefined` for those in none. */
export type PartOf = (patient: string) => keyof Split | undefined;

/** The part of each patient, the first where one is in several. */
export function partsOf(split: Split): PartOf {
  const partOf = new Map<string, keyof Split>();
  for (const [part, ids] of Object.entries(split) as [keyof Split, readonly string[]][])
    for (const id of ids) if (!partOf.has(id)) partOf.set(id, part);
  return (id) => partOf.get(id);
}

/** Whether things of these patients are on different sides of a split; patients that are in no part are on none. */
export function onSeveralSides(patients: readonly string[], partOf: PartOf): boolean {
  return new Set(patients.flatMap((id) => partOf(id) ?? [])).size > 1;
}

/** `P1 (train) and P2 (test)`. */
export function inWords(patients: readonly string[], partOf: PartOf): string {
  return patients.map((id) => `${id} (${partOf(id) ?? 'no part'})`).join(' and ');
}

/** The patients of a cohort that are in some part. */
function dividedPatients<P extends Patient>(patients: readonly P[], partOf: PartOf): P[] {
  return patients.filter(({ id }) => partOf(id) !== undefined);
}

/** Patients that a split names in several parts. */
export function patientsInSeveralParts(split: Split): LocalFinding[] {
  const seen = new Map<string, string[]>();
  for (const [part, ids] of Object.entries(split) as [string, readonly string[]][])
    for (const id of ids) seen.set(id, [...(seen.get(id) ?? []), part]);
  const several = [...seen].filter(([, parts]) => parts.length > 1);
  if (several.length === 0) return [];
  const words = someOf(several.map(([id, parts]) => `${id}: ${parts.join(', ')}`));
  return [
    {
      kind: 'patient',
      severity: 'leak',
      message: `${counted(several.length, 'patient is', 'patients are')} in several parts, or named twice in one (${words})`,
      who: several.map(([id]) => id),
      remedy: 'Divide by patient, and train again',
    },
  ];
}

/**
 * Patients with different ids that are one person: their ids, or the names of their slides, have the TCGA barcode of one patient at whatever level it stands
 * (`TCGA-06-0174-01A` and `TCGA-06-0174-02B` are samples of one).
 */
export function samePerson(patients: readonly Patient[], split: Split): LocalFinding[] {
  const partOf = partsOf(split);
  const idsOf = new Map<string, Set<string>>();
  for (const { id, bags } of patients) {
    if (partOf(id) === undefined) continue;
    for (const name of [id, ...bags.map(({ slide }) => slide)]) {
      const person = patientOf(name);
      if (person !== name || name === id) idsOf.set(person, (idsOf.get(person) ?? new Set()).add(id));
    }
  }
  return [...idsOf].flatMap(([person, ids]): LocalFinding[] => {
    if (ids.size < 2) return [];
    const who = [...ids].sort();
    const leak = onSeveralSides(who, partOf);
    return [
      {
        kind: 'patient',
        severity: leak ? 'leak' : 'note',
        message: `${inWords(who, partOf)} are the TCGA patient ${person}, by their ids or the names of their slides`,
        who,
        remedy: leak
          ? 'Give all samples of a person one patient id, and train again'
          : 'Give all samples of a person one patient id; they count as several patients now',
      },
    ];
  });
}

/** Column of sites that is looked at where nobody names one. */
const COLUMN = 'site';

/** How sites are told: as the split keeps them together, by TCGA barcodes where all have one, or by a column `site`. */
function siteRule(patients: readonly Patient[], { split }: Pick<Config, 'split'>): SiteRule | undefined {
  if (split.by !== undefined) return split.by;
  if (patients.every(({ id }) => parseBarcode(id))) return 'site';
  return patients.some(({ clinical }) => clinical[COLUMN]) ? { column: COLUMN } : undefined;
}

/** Sites that both train and test: something to be known, and a leak where the split says that it keeps sites together. */
export function sharedSites(everyone: readonly Patient[], split: Split, config: Pick<Config, 'split'>): LocalFinding[] {
  const patients = dividedPatients(everyone, partsOf(split));
  const rule = siteRule(patients, config);
  if (rule === undefined || patients.length === 0) return [];
  const { siteOf } = sitesOf(patients, rule);
  const training = new Set(split.train.map((id) => siteOf.get(id)));
  const testing = [...new Set(split.test.flatMap((id) => siteOf.get(id) ?? []))];
  const shared = testing.filter((site) => training.has(site)).sort();
  if (shared.length === 0) return [];
  const tested = split.test.filter((id) => {
    const site = siteOf.get(id);
    return site !== undefined && shared.includes(site);
  }).length;
  const share = Math.round((100 * tested) / split.test.length);
  const leak = config.split.by !== undefined;
  return [
    {
      kind: 'site',
      severity: leak ? 'leak' : 'note',
      message:
        `${shared.length} of ${counted(testing.length, 'test site')} also ${shared.length === 1 ? 'has' : 'have'} training patients: ${tested} of ${split.test.length} test patients (${share} %)` +
        (leak ? ', and split.by says that sites are kept together' : ''),
      who: shared,
      remedy: leak
        ? 'Divide and train again'
        : 'The figures hold for patients of these sites; split.by: site says what is left at others',
    },
  ];
}

/** Whether the patients whose predictions were scored are those of the test part, all of them and no other. */
export function scoredPatients(
  scored: readonly string[],
  split: Split,
  result: Pick<Result, 'chosenOnThese' | 'split'> | undefined,
): LocalFinding[] {
  const findings: LocalFinding[] = [];
  const used = new Set([...split.train, ...split.validation, ...(split.conformal ?? [])]);
  const known = scored.filter((id) => used.has(id));
  if (known.length > 0) {
    const message = `${counted(known.length, 'scored patient', 'scored patients')} trained, selected or calibrated the model (${someOf(known)})`;
    findings.push({
      kind: 'scored',
      severity: 'leak',
      message,
      who: known,
      remedy: 'Score the test patients: `subspace evaluate`',
    });
  }
  const missing = split.test.filter((id) => !scored.includes(id));
  if (missing.length > 0) {
    const message = `${counted(missing.length, 'test patient has', 'test patients have')} no prediction (${someOf(missing)})`;
    findings.push({
      kind: 'scored',
      severity: 'note',
      message,
      who: missing,
      remedy: 'Score the run again, and say who was left out',
    });
  }
  if (result?.chosenOnThese) {
    findings.push({
      kind: 'scored',
      severity: 'leak',
      message: `result.json is of the ${result.split} patients: ${CHOSEN_ON_THESE}`,
      who: [],
      remedy: 'Score the test patients: `subspace evaluate`',
    });
  }
  return findings;
}

/** Numbers that are fitted again come back to this part of their size. */
const TOLERANCE = 1e-6;

/** What a model learned from patients before its weights, in words and where it stands; the genes that it reads have a finding of their own. */
const FITTED: readonly (readonly [words: string, value: (model: Model) => unknown])[] = [
  ['the gene scaling of the tumour subspace', ({ scaling: { tumour } }) => ({ ...tumour, genes: undefined })],
  [
    'the gene scaling of the microenvironment subspace',
    ({ scaling: { microenvironment } }) => ({ ...microenvironment, genes: undefined }),
  ],
  ['the survival cuts', ({ outcome }) => outcome.kind === 'survival' && { cuts: outcome.cuts, end: outcome.end }],
  ['the classes', ({ outcome }) => outcome.kind === 'classes' && outcome.classes],
  ['the class weights', ({ outcome }) => outcome.kind === 'classes' && outcome.weights],
  ['the encoding of covariates', ({ covariates }) => covariates],
];

/**
 * Learns again, on the training patients alone, what a model learned before its weights, and compares: genes and their scaling, survival cuts, classes and
 * their weights, covariates.
 */
export function fittedOutside(model: Model, cohort: Cohort, split: Split, config: Config): LocalFinding[] {
  const fit = (train: readonly string[]) =>
    learnModel(cohort, { ...split, train }, config, model.inputs, model.version);
  const byTraining = fit(split.train);
  const sameGenes = isSame(genesOf(model), genesOf(byTraining));
  const different = FITTED.filter(([, value]) => sameGenes && !isSame(value(model), value(byTraining)));
  if (sameGenes && different.length === 0) return [];
  const byAll = fit([...new Set(Object.values(split).flat() as string[])]);
  const whose = (value: (model: Model) => unknown) =>
    `what comes out on its training patients alone, ${isSame(value(model), value(byAll)) ? 'but' : 'nor'} on all patients of the split together`;
  return [
    ...(sameGenes ? [] : [otherGenes(genesOf(model), genesOf(byTraining), whose(genesOf))]),
    ...different.map(([words, value]): LocalFinding => {
      const message = `${words} of the model ${words.endsWith('s') ? 'are' : 'is'} not ${whose(value)}`;
      return {
        kind: 'fitted',
        severity: 'leak',
        message,
        who: [],
        remedy: 'Train again; if model.json was written by hand, restore it',
      };
    }),
  ];
}

function genesOf({ scaling: { tumour, microenvironment } }: Model): string[] {
  return [...tumour.genes, ...microenvironment.genes];
}

function otherGenes(own: readonly string[], expected: readonly string[], whose: string): LocalFinding {
  const more = own.filter((gene) => !expected.includes(gene));
  const fewer = expected.filter((gene) => !own.includes(gene));
  const list = (words: string, genes: readonly string[]) =>
    genes.length > 0 ? [`${counted(genes.length, 'gene')} ${words} (${someOf(genes)})`] : [];
  const differences = [...list('more', more), ...list('fewer', fewer)].join(' and ') || 'another order';
  return {
    kind: 'genes',
    severity: 'leak',
    message: `the genes that the model reads are not ${whose}: ${differences}`,
    who: [...more, ...fewer],
    remedy: 'Choose genes by gene sets, or within the training patients of each fold, and train again',
  };
}

/** Equal but for rounding; a key that is undefined counts as absent. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [ofA, ofB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])].every((key) => isSame(ofA[key], ofB[key]));
}
