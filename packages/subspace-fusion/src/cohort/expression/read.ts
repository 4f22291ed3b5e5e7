import { open, stat } from 'node:fs/promises';
import type { ExpressionFormat } from '../../config/choices.js';
import type { Config } from '../../config/config.js';
import { badInput, shortNumber, type Problem } from '../../files/errors.js';
import { readHeader, requireFile } from '../../files/table.js';
import type { Expression, ExpressionTransform } from '../types.js';
import { findStarCounts, readGdc, type GdcOptions } from './gdc.js';
import {
  ensemblId,
  geneNamer,
  repeatedGeneProblems,
  withoutRepeatedGenes,
  type GeneMap,
  type RepeatedGene,
} from './gene-names.js';
import { readH5ad } from './h5ad.js';
import { isIvyGap, readIvyGap } from './ivygap.js';
import { isCbioportalMatrix, isMcatMatrix, readCbioportal, readMatrix, readMcat } from './matrices.js';
import {
  sampleNamer,
  sampleProblems,
  type Orientation,
  type RawExpression,
  type ReadContext,
  type Sample,
  type SampleChoice,
} from './samples.js';
import { describeScale, valueScale } from './value-scale.js';

const HDF5 = Buffer.from([0x89, 0x48, 0x44, 0x46]);

async function isHdf5(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.equals(HDF5);
  } finally {
    await handle.close();
  }
}

/** Tells an expression format by what the file or folder holds. Throws {@link InputError} for a folder of none, or what cannot be read. */
export async function detectFormat(path: string): Promise<ExpressionFormat> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) {
    if (await isIvyGap(path)) return 'ivygap';
    if ((await findStarCounts(path)).length > 0) return 'gdc';
    throw badInput({
      file: path,
      message: 'the folder has neither STAR-counts files of the GDC nor the tables of the Ivy GAP',
      remedy: 'Name the expression matrix itself',
    });
  }
  await requireFile(path);
  if (await isHdf5(path)) return 'h5ad';
  if (await isIvyGap(path)) return 'ivygap';
  const header = await readHeader(path);
  if (isCbioportalMatrix(header)) return 'cbioportal';
  if (header[0] === 'gene_id' && header.includes('tpm_unstranded')) return 'gdc';
  return isMcatMatrix(header) ? 'mcat' : 'matrix';
}

/** What the other files of a cohort know, by which the matrix's two axes are told apart. */
export interface ExpressionContext {
  /** Patients to keep; undefined keeps all. */
  readonly patients: ReadonlySet<string> | undefined;
  /** Genes that a model needs: they may be neither repeated nor incomplete. */
  readonly genes: ReadonlySet<string>;
  /** Symbols of the names that the file uses, where the user gives them. */
  readonly geneMap?: GeneMap | undefined;
  /** Samples that the clinical table lists, by their names. */
  readonly samples?: ReadonlyMap<string, Sample> | undefined;
}

/** The config's choices of how the file is read; what is not said is detected. */
export interface ExpressionOptions extends GdcOptions {
  readonly format?: ExpressionFormat | undefined;
}

/** An expression matrix, and what else the file told. */
export interface ExpressionFile {
  readonly expression: Expression;
  readonly format: ExpressionFormat;
  readonly orientation: Orientation;
  /** Names on the patients' axis that are no patient of the context. */
  readonly otherPatients: readonly string[];
  /** Patients of whom one of several samples was taken, and samples of normal tissue. */
  readonly samples: Pick<SampleChoice, 'several' | 'normal'>;
  /** Genes that stand in the file several times under one or several names. */
  readonly repeated: readonly RepeatedGene[];
  /** True where the format says that these are counts, TPM or FPKM. */
  readonly linear: boolean;
}

const READERS: {
  readonly [F in ExpressionFormat]: (
    file: string,
    context: ReadContext,
    options: GdcOptions,
    problems: Problem[],
  ) => Promise<RawExpression>;
} = {
  matrix: (file, context, _, problems) => readMatrix(file, context, problems),
  cbioportal: (file, context, _, problems) => readCbioportal(file, context, problems),
  mcat: (file, context, _, problems) => readMcat(file, context, problems),
  gdc: readGdc,
  ivygap: (file, context, _, problems) => readIvyGap(file, context, problems),
  h5ad: (file, context, _, problems) => readH5ad(file, context, problems),
};

/**
 * Reads expression in any of the formats of docs/formats.md, detected by its content: one sample a patient, one gene a symbol. Only the
 * numbers of kept patients stay in memory. Genes that no model needs may miss values (NaN).
 * @throws {InputError} for a file or folder that cannot be read, naming all at once: cells that are no number (row and column), needed
 * genes that miss values, repeated patients.
 */
export async function readExpression(
  file: string,
  context: ExpressionContext,
  problems: Problem[],
  options: ExpressionOptions = {},
): Promise<ExpressionFile> {
  const format = options.format ?? (await detectFormat(file));
  const { patients, genes: needed, geneMap, samples } = context;
  const names = { nameGene: geneNamer(needed, geneMap), nameSample: sampleNamer(patients, samples) };
  const raw = await READERS[format](file, { patients, genes: needed, ...names }, options, problems);
  refuseForeignIds(file, raw, needed);
  const { expression, repeated } = withoutRepeatedGenes(raw);
  problems.push(...sampleProblems(file, raw.choice, raw.sampleRule), ...repeatedGeneProblems(file, repeated, needed));
  const { several, normal, others: otherPatients } = raw.choice;
  return {
    expression,
    format,
    orientation: raw.orientation,
    otherPatients,
    samples: { several, normal },
    repeated,
    linear: raw.linear ?? false,
  };
}

/** Ensembl ids beside symbols: nothing can match, and the remedy is a table. */
function refuseForeignIds(file: string, { genes }: RawExpression, needed: ReadonlySet<string>): void {
  const foreign = genes.filter(({ symbol }) => ensemblId(symbol) !== undefined && !needed.has(symbol));
  if (needed.size === 0 || foreign.length === 0 || genes.some(({ symbol }) => needed.has(symbol))) return;
  throw badInput({
    file,
    message: `the genes are Ensembl ids (${foreign[0].name}), those of the gene sets are not`,
    remedy: 'Give a table of gene_id and symbol by expression.geneMap',
  });
}

/**
 * The transform of a matrix: the config's; or `none` where negative values show that it is transformed already; or `log2p1` where the format says
 * that the values are counts, TPM or FPKM.
 * @throws {InputError} where none of them tells, or `log2p1` meets negative values.
 */
export function decideTransform(
  { file, transform }: Pick<Config['expression'], 'file' | 'transform'>,
  { values }: Expression,
  linear = false,
): ExpressionTransform {
  const lowest = values.reduce((least, value) => (value < least ? value : least), 0);
  if (transform === 'log2p1' && lowest < 0) {
    throw badInput({
      file,
      message: `the transform log2p1 is for counts, TPM or FPKM, and the matrix has negative values (down to ${shortNumber(lowest)})`,
      remedy: "Set expression.transform to 'none' or 'rank'",
    });
  }
  if (transform === undefined && lowest >= 0 && !linear) {
    throw badInput({
      file,
      message: 'the matrix has no negative value, so it does not show whether it is transformed already',
      remedy:
        "Set expression.transform: 'log2p1' for counts, TPM or FPKM, 'none' for logarithms or z-scores, 'rank' for ranks within a patient",
    });
  }
  return transform ?? (lowest < 0 ? 'none' : 'log2p1');
}

/** Warns of a transform that the values do not call for: logarithms of logarithms, or none of counts. */
export function transformProblems(file: string, expression: Expression, transform: ExpressionTransform): Problem[] {
  const scale = valueScale(expression);
  const remedy = (right: string) => `If so, set expression.transform to '${right}'`;
  const warning = (right: ExpressionTransform): Problem[] => [
    {
      severity: 'warning',
      file,
      message: `the transform is '${transform}', but the values look like ${describeScale(scale)}`,
      remedy: remedy(right),
    },
  ];
  if (transform === 'log2p1' && scale === 'logarithms') return warning('none');
  if (transform === 'none' && (scale === 'counts' || scale === 'linear')) return warning('log2p1');
  return [];
}
