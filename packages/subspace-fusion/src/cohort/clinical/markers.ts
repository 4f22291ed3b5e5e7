import { MARKER_COLUMNS } from '../../config/values.js';

/** What the clinical table says about the markers of the WHO 2021 classification; undefined is unknown. */
export interface Markers {
  readonly idh: 'mutant' | 'wildtype' | undefined;
  readonly codeleted: boolean | undefined;
  /** GISTIC calls, −2 (homozygous deletion) to 2 (amplification). */
  readonly cdkn2a: number | undefined;
  readonly cdkn2b: number | undefined;
  readonly homozygousDeletion: boolean | undefined;
  readonly grade: 2 | 3 | 4 | undefined;
  readonly glioblastomaHistology: boolean | undefined;
  readonly tertMutant: boolean | undefined;
  readonly egfr: number | undefined;
  readonly egfrAmplified: boolean | undefined;
  readonly gain7loss10: boolean | undefined;
}

type Reader<T> = (cell: string) => T | undefined;

/** Reads a cell by a list of the words for each value. */
function words<T>(table: readonly (readonly [T, string])[]): Reader<T> {
  const values = new Map(table.flatMap(([value, list]) => list.split('|').map((word) => [word, value] as const)));
  return (cell) => values.get(cell.trim().toLowerCase());
}

const yesNo = (yes: string, no: string) =>
  words([
    [true, `${yes}|1|1.0|yes|true`],
    [false, `${no}|0|0.0|no|false`],
  ]);

const gistic: Reader<number> = (cell) => {
  const call = Number(cell);
  return Number.isInteger(call) && Math.abs(call) <= 2 ? call : undefined;
};

/** For each marker its clinical column and how its cells read. */
const COLUMNS: {
  readonly [M in keyof Markers]: { readonly column: string; readonly read: Reader<NonNullable<Markers[M]>> };
} = {
  idh: {
    column: MARKER_COLUMNS.idh,
    read: words([
      ['mutant', 'mutant|mut|mutated|idh-mutant|idhmut|idhmut-codel|idhmut-non-codel|1|1.0'],
      ['wildtype', 'wt|wildtype|wild-type|wild type|idh-wildtype|idhwt|0|0.0'],
    ]),
  },
  codeleted: {
    column: MARKER_COLUMNS.codeletion,
    read: yesNo(
      'codel|codeleted|co-deleted|idhmut-codel',
      'non-codel|noncodel|non-codeleted|intact|idhmut-non-codel|idhwt',
    ),
  },
  cdkn2a: { column: MARKER_COLUMNS.cdkn2a, read: gistic },
  cdkn2b: { column: MARKER_COLUMNS.cdkn2b, read: gistic },
  homozygousDeletion: {
    column: MARKER_COLUMNS.cdkn2abDeletion,
    read: yesNo('deleted|homozygous deletion', 'intact|not deleted'),
  },
  grade: {
    column: MARKER_COLUMNS.grade,
    read: words([
      [2, 'g2|2|2.0|ii|grade 2'],
      [3, 'g3|3|3.0|iii|grade 3'],
      [4, 'g4|4|4.0|iv|grade 4'],
    ]),
  },
  glioblastomaHistology: { column: MARKER_COLUMNS.histology, read: (cell) => /glioblastoma|\bgbm\b/i.test(cell) },
  tertMutant: { column: MARKER_COLUMNS.tert, read: yesNo('mutant|mut|mutated', 'wt|wildtype|wild-type|wild type') },
  egfr: { column: MARKER_COLUMNS.egfr, read: gistic },
  egfrAmplified: {
    column: MARKER_COLUMNS.egfrAmplification,
    read: yesNo('amplified|amp', 'not amplified|non-amplified'),
  },
  gain7loss10: {
    column: MARKER_COLUMNS.gain7loss10,
    read: yesNo('gain & loss|gain chr 7 & loss chr 10|+7/-10', 'no combined cna|absent'),
  },
};

type ClinicalRow = Readonly<Record<string, string>>;

/** The clinical column that holds a marker. */
export const markerColumn = (marker: keyof Markers): string => COLUMNS[marker].column;

const ALL = Object.keys(COLUMNS) as (keyof Markers)[];

/** The markers of one patient; an empty cell and one that cannot be read are both unknown, and so are those that are not asked for. */
export function readMarkers(clinical: ClinicalRow, wanted: readonly (keyof Markers)[] = ALL): Markers {
  const entries = ALL.map((marker) => {
    const { column, read } = COLUMNS[marker];
    const cell = wanted.includes(marker) ? clinical[column] : undefined;
    return [marker, cell === undefined || cell === '' ? undefined : read(cell)];
  });
  return Object.fromEntries(entries) as Markers;
}

/** How many patients have a known value of each marker whose column the table has. */
export function countMarkers(rows: readonly ClinicalRow[], columns: readonly string[]): Record<string, number> {
  const present = Object.values(COLUMNS).filter(({ column }) => columns.includes(column));
  return Object.fromEntries(
    present.map(({ column, read }) => [
      column,
      rows.filter((row) => row[column] && read(row[column]) !== undefined).length,
    ]),
  );
}

/** Columns of these markers whose cell says something that is no known value. */
export function unreadableMarkers(clinical: ClinicalRow, wanted: readonly (keyof Markers)[] = ALL): string[] {
  return wanted
    .map((marker) => COLUMNS[marker])
    .filter(({ column, read }) => clinical[column] && read(clinical[column]) === undefined)
    .map(({ column }) => column);
}

/** True where one of the findings is true, false where all are known to be false, otherwise undefined. */
export function anyOf(...findings: readonly (boolean | undefined)[]): boolean | undefined {
  if (findings.includes(true)) return true;
  return findings.includes(undefined) ? undefined : false;
}

/** Homozygous deletion (GISTIC −2) of CDKN2A or CDKN2B, from its own column or from the calls. One gene intact speaks for both. */
export function homozygousDeletion({ homozygousDeletion, cdkn2a, cdkn2b }: Markers): boolean | undefined {
  if (homozygousDeletion !== undefined) return homozygousDeletion;
  const calls = [cdkn2a, cdkn2b].filter((call) => call !== undefined);
  return calls.length === 0 ? undefined : calls.includes(-2);
}

/** EGFR amplification (GISTIC 2), from its own column or from the call. */
export function egfrAmplification({ egfrAmplified, egfr }: Markers): boolean | undefined {
  return egfrAmplified ?? (egfr === undefined ? undefined : egfr === 2);
}

/** The pairs of findings of one patient that cannot both be true, each in words. */
export function contradictions(m: Markers): string[] {
  const found: string[] = [];
  if (m.idh === 'wildtype' && m.codeleted)
    found.push('idh_status is wild type and codel_1p19q is codeleted, which defines an IDH-mutant tumour');
  const calls = [m.cdkn2a, m.cdkn2b].filter((call) => call !== undefined);
  if (m.homozygousDeletion !== undefined && calls.length > 0 && m.homozygousDeletion !== calls.includes(-2)) {
    found.push(
      `cdkn2ab_homdel is ${Number(m.homozygousDeletion)} and the GISTIC calls of CDKN2A/B are ${calls.join(' and ')}`,
    );
  }
  if (m.egfrAmplified !== undefined && m.egfr !== undefined && m.egfrAmplified !== (m.egfr === 2)) {
    found.push(`egfr_amp is ${Number(m.egfrAmplified)} and egfr_gistic is ${m.egfr}`);
  }
  if (m.glioblastomaHistology && m.grade !== undefined && m.grade < 4) {
    found.push(`histology is glioblastoma and histologic_grade is G${m.grade}`);
  }
  return found;
}
