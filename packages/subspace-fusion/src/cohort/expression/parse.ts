import { append } from '../../files/lists.js';
import type { ExpressionFormat } from '../../config/values.js';
import { requireContent } from '../../files/bytes.js';
import { badInput, type Problem } from '../../files/errors.js';
import { kindOfSource } from '../../files/signature.js';
import { parseFirstLine, parseHeader } from '../../files/table.js';
import type { Expression } from '../types.js';
import { fileIn, type ExpressionFiles } from './expression-files.js';
import { isGct, readGct } from './gct.js';
import { findStarCounts, readGdc, type GdcOptions } from './gdc.js';
import {
  ensemblId,
  geneNamer,
  repeatedGeneProblems,
  withoutRepeatedGenes,
  type GeneMap,
  type RepeatedGene,
} from './gene-names.js';
import { settleSpellings } from './gene-spelling.js';
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

/** Tells an expression format by what the file or folder holds. Throws {@link InputError} for a folder of none, or what cannot be read. */
async function detectFormat(files: ExpressionFiles): Promise<ExpressionFormat> {
  const { file, name } = files;
  if (await isIvyGap(files)) return 'ivygap';
  if (!file) {
    if ((await findStarCounts(files)).length > 0) return 'gdc';
    throw badInput({
      file: name,
      message: 'the folder has neither STAR-counts files of the GDC nor the tables of the Ivy GAP',
      remedy: 'Name the expression matrix itself',
    });
  }
  requireContent(file);
  if ((await kindOfSource(file)) === 'hdf5') return 'h5ad';
  if (isGct(await parseFirstLine(file))) return 'gct';
  const header = await parseHeader(file, { named: true });
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

/** How the file is to be read; what is not said is detected. */
export interface ParseOptions extends GdcOptions {
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
    files: ExpressionFiles,
    context: ReadContext,
    options: GdcOptions,
    problems: Problem[],
  ) => Promise<RawExpression>;
} = {
  matrix: (files, context, _, problems) => readMatrix(fileIn(files), context, problems),
  cbioportal: (files, context, _, problems) => readCbioportal(fileIn(files), context, problems),
  mcat: (files, context, _, problems) => readMcat(fileIn(files), context, problems),
  gct: (files, context, _, problems) => readGct(fileIn(files), context, problems),
  gdc: readGdc,
  ivygap: (files, context, _, problems) => readIvyGap(files, context, problems),
  h5ad: (files, context, _, problems) => readH5ad(fileIn(files), context, problems),
};

/**
 * Reads expression in any of the formats of docs/formats.md, detected by its content: one sample a patient, one gene a symbol. Only the
 * numbers of kept patients stay in memory. Genes that no model needs may miss values (NaN).
 * @throws {InputError} for a file or folder that cannot be read, naming all at once: cells that are no number (row and column), needed
 * genes that miss values, repeated patients.
 */
export async function parseExpression(
  files: ExpressionFiles,
  context: ExpressionContext,
  problems: Problem[],
  options: ParseOptions = {},
): Promise<ExpressionFile> {
  const file = files.name;
  const format = options.format ?? (await detectFormat(files));
  const { patients, genes: needed, geneMap, samples } = context;
  const names = { nameGene: geneNamer(needed, geneMap), nameSample: sampleNamer(patients, samples) };
  const read = await READERS[format](files, { patients, genes: needed, ...names }, options, problems);
  refuseForeignIds(file, read, needed);
  const raw = { ...read, genes: settleSpellings(file, read.genes, needed, problems) };
  const { expression, repeated } = withoutRepeatedGenes(raw);
  append(problems, [
    ...sampleProblems(file, raw.choice, raw.sampleRule),
    ...repeatedGeneProblems(file, repeated, needed),
  ]);
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
