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
