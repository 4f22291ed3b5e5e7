import type { TimeUnit } from '../types.js';

export const CLINICAL_FORMATS = ['csv', 'cbioportal', 'gdc', 'mcat'] as const;
export type ClinicalFormat = (typeof CLINICAL_FORMATS)[number];

/** One row of a clinical file; an unknown cell is an empty string. */
export interface ClinicalRow {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly cells: Readonly<Record<string, string>>;
}

/** What a format's reader hands over: rows by patient id, and what the format says of survival. */
export interface ClinicalSource {
  readonly format: ClinicalFormat;
  readonly file: string;
  readonly columns: readonly string[];
  /** Column that the ids are from. */
  readonly patient: string;
  readonly rows: readonly ClinicalRow[];
  /** Columns of time and event where the format fixes them, and the unit of the time. */
  readonly survival?: { readonly time: string; readonly event: string; readonly unit: TimeUnit };
}
