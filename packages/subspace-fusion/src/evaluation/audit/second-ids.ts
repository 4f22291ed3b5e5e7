import type { Patient, Split } from '../../cohort/types.js';
import { counted } from '../../files/errors.js';
import { alikeAmong, ALIKE, standardise } from './alike-genes.js';
import { inWords, onSeveralSides, partsOf, type LocalFinding } from './findings.js';

/** Patients that may be one person under several ids, and by what. */
export interface SecondId {
  readonly patients: readonly string[];
  readonly words: string;
}

/** What of a cohort is compared: its patients and the expression that it was loaded with. */
interface Compared {
  readonly patients: readonly Patient[];
  readonly expression: {
    readonly patients: readonly string[];
    readonly genes: readonly string[];
    readonly values: Float32Array;
  };
}

/** Patients who may be one person: by their genes, their row of the clinical table, or slides that are called regions of one. */
export function secondIds({ patients, expression }: Compared): SecondId[] {
  const genes = standardise(expression.patients, expression.genes.length, expression.values);
  const known = new Set(patients.map(({ id }) => id));
  return [
    ...alikeAmong(genes.filter(({ patient }) => known.has(patient))).map(([a, b]) => ({
      patients: [a.patient, b.patient],
      words: `have the same expression (correlation above ${ALIKE} over ${counted(expression.genes.length, 'gene')})`,
    })),
    ...sameRows(patients),
    ...sameSlideRegions(patients),
  ];
}

/** Pairs of equal rows by chance, over all pairs of patients, above which equal rows say nothing. */
const BY_CHANCE = 0.001;

/**
 * Patients whose known clinical values are all the same, where that is no chance. Of the P pairs of patients, A_c have one value in column c, not
 * counting those in question: if the columns are independent, P·Π_c (A_c + ½)/(P + 1) pairs are the same in all by chance. Columns of names, in which
 * every patient has another value, are left out.
 */
function sameRows(patients: readonly Patient[]): SecondId[] {
  const names = [...new Set(patients.flatMap(({ clinical }) => Object.keys(clinical)))];
  const columns = names
    .map((name) => patients.map(({ clinical }) => clinical[name] ?? ''))
    .filter((column) => new Set(column).size < patients.length);
  const rows = groupsOf(patients.map((_, i) => JSON.stringify(columns.map((column) => column[i]))));
  const all = pairsOf(patients.length);
  const alike = columns.map((column) => groupsOf(column).reduce((sum, { length }) => sum + pairsOf(length), 0));
  const words = `have the same values in all of ${columns.length} clinical columns`;
  return rows
    .filter(({ length }) => {
      const byChance = alike.reduce((p, pairs) => (p * (pairs - pairsOf(length) + 0.5)) / (all + 1), all);
      return length > 1 && byChance <= BY_CHANCE;
    })
    .map((places) => ({ patients: places.map((i) => patients[i].id), words }));
}

/** Places of each value. */
function groupsOf(values: readonly string[]): number[][] {
  const places = new Map<string, number[]>();
  values.forEach((value, i) => {
    const own = places.get(value);
    if (own) own.push(i);
    else places.set(value, [i]);
  });
  return [...places.values()];
}

const pairsOf = (n: number): number => (n * (n - 1)) / 2;

/** What is left of a slide's name without the region at its end: `S12-345_roi2`, `S12-345_region_2`, `S12-345-x1024-y2048`. */
const REGION = /[ _.-]*(?:(?:roi|region|area|part|crop|core|tile|section)[ _.-]*\d+|x\d+[ _.-]*y\d+)$/i;

/** Patients whose slides are called regions of one slide. */
function sameSlideRegions(patients: readonly Patient[]): SecondId[] {
  const owners = new Map<string, Set<string>>();
  for (const { id, bags } of patients)
    for (const { slide } of bags) {
      const stem = slide.replace(REGION, '');
      if (stem !== slide && stem !== '') owners.set(stem, (owners.get(stem) ?? new Set()).add(id));
    }
  return [...owners]
    .filter(([, ids]) => ids.size > 1)
    .map(([stem, ids]) => ({
      patients: [...ids],
      words: `have slides whose names say that they are regions of one, ${stem}`,
    }));
}

/** What second ids mean for a split: a leak where they are on different sides. */
export function secondIdFindings(found: readonly SecondId[], split: Split): LocalFinding[] {
  const partOf = partsOf(split);
  return found.flatMap(({ patients, words }): LocalFinding[] => {
    const who = patients.filter((id) => partOf(id) !== undefined).sort();
    if (who.length < 2) return [];
    const leak = onSeveralSides(who, partOf);
    return [
      {
        kind: 'patient',
        severity: leak ? 'leak' : 'note',
        message: `${inWords(who, partOf)} ${words}`,
        who,
        remedy: `Find out whether they are one person, and give one person one id${leak ? '; then train again' : ''}`,
      },
    ];
  });
}
