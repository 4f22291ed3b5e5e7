import { z } from 'zod';

/**
 * How the tokens of a bag stand on the network's s × s grid: `raster` in the order of the list, as in the method's published code;
 * `spatial` by their coordinates.
 */
export const LAYOUTS = ['raster', 'spatial'] as const;

export type Layout = (typeof LAYOUTS)[number];

/** Columns of a STAR-counts file that can be read; the first is the default. */
export const STAR_COLUMNS = ['tpm_unstranded', 'fpkm_uq_unstranded', 'fpkm_unstranded', 'unstranded'] as const;

export type StarColumn = (typeof STAR_COLUMNS)[number];

export const EXPRESSION_FORMATS = ['matrix', 'cbioportal', 'gct', 'gdc', 'mcat', 'ivygap', 'h5ad'] as const;

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

/**
 * Largest values that settings may have, far above what any cohort or machine needs: a slip of zeros is refused before it takes the machine's memory.
 */
export const MOST = {
  /** Also with one patient in each fold. */
  folds: 10_000,
  repeats: 1000,
  epochs: 100_000,
  batch: 4096,
  /** Tokens of a bag, 256 × 256. */
  bag: 65_536,
  /** Threads and cores of one machine. */
  threads: 1024,
  gpus: 64,
} as const;

export const name = z.string().min(1);
/** A whole number from 1 to `most`. */
export const count = (most: number) => z.int().positive().max(most);
export const fraction = z.number().gt(0).lt(1);
export const share = z.number().min(0).lt(1);
export const seed = z.int().nonnegative();

/** Marks the schemas of {@link path}. */
const PATHS = z.registry<{ readonly isPath: true }>();
/** A path. {@link parseConfig} makes it absolute: relative ones start at the config's folder, or at its `data` folder. */
export const path = () => z.string().min(1).register(PATHS, { isPath: true });
export const isPath = (schema: z.core.$ZodType): boolean => PATHS.get(schema) !== undefined;

/** What is wrong and what to do about it, as one message of the schema; {@link wordsOf} takes it apart. */
export const says = (message: string, remedy: string) => `${message}\n${remedy}`;
/** Message and remedy of the schema's own words; undefined for zod's, which are about the value of one key. */
export function wordsOf(text: string): { message: string; remedy: string } | undefined {
  const end = text.indexOf('\n');
  return end < 0 ? undefined : { message: text.slice(0, end), remedy: text.slice(end + 1) };
}

/** A key that a form of a section does not have. Its type is undefined, so that the key tells the forms apart. */
export const excluded = (message: string, remedy = 'Take one of them away') =>
  z.never({ error: says(message, remedy) }).optional();

/** A key that would make it another form. */
export const elsewhere = z.never().optional();

/** The message of a union whose errors are those of the form that the user meant. */
export const NO_FORM = 'no form of the section fits';

/** Text of a cell; YAML reads 1 and true as no text. */
export const cell = z.union([name, z.number(), z.boolean()]).transform(String);
export const column = z.strictObject({ column: name.describe('Clinical column.') });
/** One path or several, as a list. */
export const paths = z
  .union([path(), z.array(path()).min(1)], {
    error: ({ input }) => (input === undefined ? undefined : 'expected a path, or a list of paths'),
  })
  .transform((given) => (typeof given === 'string' ? [given] : given));
