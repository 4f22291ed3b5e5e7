import type { Config } from '../../config/config.js';
import { badInput } from '../../files/errors.js';
import { suggest } from '../../files/text.js';
import type { Patient } from '../types.js';

/** What a TCGA barcode says, at whatever level it stands: patient, sample, aliquot or slide. */
export interface Barcode {
  /** `TCGA-06-0174`, in capitals and with hyphens. */
  readonly patient: string;
  /** The tissue source site, field 2: `06`, in capitals. */
  readonly site: string;
  /** 1 primary tumour, 2 recurrent tumour, …, 10 and 11 normal tissue, 20 control; undefined at the patient's level. */
  readonly sampleType: number | undefined;
}

/** TCGA-site-participant, then the two digits of the sample type and a vial; R turns the hyphens of column names into points. */
const PATTERN = /^TCGA([-.])([A-Z0-9]{2})\1([A-Z0-9]{4})(?![A-Z0-9])(?:\1(\d{2})[A-Z]?(?![A-Z0-9]))?/i;

/**
 * Reads a TCGA barcode (GDC Encyclopedia, "TCGA Barcode"): `TCGA-06-0174`, `TCGA-06-0174-01A`, `TCGA-06-0174-01A-02R-1849-01`,
 * `TCGA-06-0174-01Z-00-DX3.23b6….svs`. Undefined for any other text.
 */
export function parseBarcode(text: string): Barcode | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [, , site, participant] = match;
  const type = match.at(4);
  return {
    patient: `TCGA-${site}-${participant}`.toUpperCase(),
    site: site.toUpperCase(),
    sampleType: type === undefined ? undefined : Number(type),
  };
}

/** The patient of a TCGA barcode; any other id stands for itself. */
export const patientOf = (id: string): string => parseBarcode(id)?.patient ?? id;

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
