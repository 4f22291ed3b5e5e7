import type { Sample, SampleChoice } from './samples.js';

export const EXPRESSION_FORMATS = ['matrix', 'cbioportal', 'gdc', 'mcat', 'ivygap', 'h5ad'] as const;
/** `matrix`: any text matrix of genes and patients, such as UCSC Xena's. */
export type ExpressionFormat = (typeof EXPRESSION_FORMATS)[number];

/** What a format's reader is told. */
export interface ReadContext {
  /** Patients to keep; undefined keeps all. */
  readonly patients: ReadonlySet<string> | undefined;
  /** Genes that a model needs, by symbol. */
  readonly genes: ReadonlySet<string>;
  readonly nameGene: (name: string, symbol?: string) => string;
  /** The sample, and its patient, that a name on the patients' axis stands for. */
  readonly nameSample: (name: string) => Sample;
}

export type Orientation = 'genes × patients' | 'patients × genes';

/** A gene of the file. */
export interface FileGene {
  /** As the file names it. */
  readonly name: string;
  /** As it is known here. */
  readonly symbol: string;
}

/** What a format's reader hands over: one sample a patient, genes as they stand in the file, repeated ones included. */
export interface RawExpression {
  readonly orientation: Orientation;
  readonly patients: readonly string[];
  readonly genes: readonly FileGene[];
  /** Numbers of a row of the file: of all patients where `genesAreRows`, otherwise of all genes. NaN is missing. */
  readonly rows: readonly Float32Array[];
  readonly genesAreRows: boolean;
  readonly choice: SampleChoice;
  /** By which rule one of several samples was taken, where it is not the barcodes' one. */
  readonly sampleRule?: string;
  /** True where the format says that these are counts, TPM or FPKM and no logarithms. */
  readonly linear?: boolean;
}
