import type { Config } from '../../config/config.js';
import { badInput } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import type { Patient } from '../types.js';
import { parseBarcode } from './barcode.js';

/** What a site is: the tissue source site of a TCGA barcode, or a clinical column. */
export type SiteRule = NonNullable<Config['split']['by']>;

export interface Sites {
  /** Site by patient; those of a column are told apart by cohort. */
  readonly siteOf: ReadonlyMap<string, string>;
  /** Patients whose site is not known: those of a cohort count as one site. */
  readonly unknown: readonly string[];
}

/**
 * The site of each patient: by field 2 of a TCGA barcode (GDC Encyclopedia, "TCGA Barcode"), or by a clinical column.
 * @param asked where the rule was given, for messages
 * @throws {InputError} where no patient has a barcode, or there is no such column
 */
export function sitesOf(patients: readonly Patient[], rule: SiteRule, asked = 'split.by'): Sites {
  const read = rule === 'site' ? ({ id }: Patient) => parseBarcode(id)?.site : fromColumn(patients, rule.column, asked);
  const unknown: string[] = [];
  const siteOf = new Map<string, string>();
  for (const patient of patients) {
    const site = read(patient);
    if (site === undefined) unknown.push(patient.id);
    siteOf.set(patient.id, site ?? `${patient.cohort ?? ''} (unknown)`);
  }
  if (unknown.length === patients.length && patients.length > 0) {
    const what = rule === 'site' ? 'has a TCGA barcode as its id' : `has a value of '${rule.column}'`;
    throw badInput({
      file: 'split',
      message: `no patient ${what} (${asked})`,
      remedy: `Name a clinical column of the site, {column: NAME} (on the command line column=NAME), or take ${asked} away`,
    });
  }
  return { siteOf, unknown };
}

function fromColumn(
  patients: readonly Patient[],
  column: string,
  asked: string,
): (patient: Patient) => string | undefined {
  const columns = [...new Set(patients.flatMap(({ clinical }) => Object.keys(clinical)))];
  if (patients.length > 0 && !columns.includes(column)) {
    throw badInput({
      file: 'split',
      message: `there is no column '${column}' (${asked})`,
      remedy: suggest(column, columns),
    });
  }
  return ({ cohort = '', clinical }) => (clinical[column] ? `${cohort} ${clinical[column]}` : undefined);
}
