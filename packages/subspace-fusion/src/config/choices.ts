/**
 * How the tokens of a bag stand on the network's s × s grid: `raster` in the order of the list, as in the method's published code;
 * `spatial` by their coordinates.
 */
export const LAYOUTS = ['raster', 'spatial'] as const;

export type Layout = (typeof LAYOUTS)[number];

/** Columns of a STAR-counts file that can be read; the first is the default. */
export const STAR_COLUMNS = ['tpm_unstranded', 'fpkm_uq_unstranded', 'fpkm_unstranded', 'unstranded'] as const;

export type StarColumn = (typeof STAR_COLUMNS)[number];

export const EXPRESSION_FORMATS = ['matrix', 'cbioportal', 'gdc', 'mcat', 'ivygap', 'h5ad'] as const;

/** `matrix`: any text matrix of genes and patients, such as UCSC Xena's. */
export type ExpressionFormat = (typeof EXPRESSION_FORMATS)[number];

/** Names by which `clinical.columns` calls the markers, with the clinical column from which each is read. */
export const MARKER_COLUMNS = {
  idh: 'idh_status',
  codeletion: 'codel_1p19q',
  cdkn2a: 'cdkn2a_gistic',
  cdkn2b: 'cdkn2b_gistic',
  cdkn2abDeletion: 'cdkn2ab_homdel',
  grade: 'histologic_grade',
  histology: 'histology',
  tert: 'tert_promoter',
  egfr: 'egfr_gistic',
  egfrAmplification: 'egfr_amp',
  gain7loss10: 'chr7gain_chr10loss',
} as const;

export type MarkerKey = keyof typeof MARKER_COLUMNS;

/** Clinical variables that are known by name: age and sex by the names of their columns, the others as the markers of a diagnosis. */
export const CLINICAL_VARIABLES = ['age', 'sex', ...(Object.keys(MARKER_COLUMNS) as MarkerKey[])] as const;

export type ClinicalVariable = (typeof CLINICAL_VARIABLES)[number];
