import { stat } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { badInput, shortNumber, type Problem } from '../../files/errors.js';
import { fileSource, folderOf, folderStore, withFile } from '../../files/file-source.js';
import type { Source } from '../../files/source.js';
import type { Expression, ExpressionTransform } from '../types.js';
import type { ExpressionFiles, Paths } from './expression-files.js';
import { parseGeneMap, type GeneMap } from './gene-names.js';
import { parseExpression, type ExpressionContext, type ExpressionFile, type ParseOptions } from './parse.js';
import { describeScale, valueScale } from './value-scale.js';

export type { ExpressionContext, ExpressionFile } from './parse.js';

/** {@link parseGeneMap} of a path. */
export const readGeneMap = (path: string, problems: Problem[]): Promise<GeneMap> =>
  withFile(path, (source) => parseGeneMap(source, problems));

/** The config's choices of how the file is read; what is not said is detected. */
export interface ExpressionOptions extends Omit<ParseOptions, 'samples'> {
  readonly samples?: string | undefined;
}

/** {@link parseExpression} of a path, a file's or a folder's; what is opened is closed again. */
export async function readExpression(
  path: string,
  context: ExpressionContext,
  problems: Problem[],
  { format, column, samples: sheet }: ExpressionOptions = {},
): Promise<ExpressionFile> {
  const files = await expressionAt(path);
  try {
    const read = (samples?: Source) => parseExpression(files, context, problems, { format, column, samples });
    return await (sheet === undefined ? read() : withFile(sheet, read));
  } finally {
    await files.file?.close();
  }
}

/** Paths of this machine. */
export const nodePaths: Paths = { file: fileSource, expression: expressionAt };

async function expressionAt(path: string): Promise<ExpressionFiles> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory()
    ? { name: path, file: undefined, folder: folderStore(path) }
    : { name: path, file: await fileSource(path), folder: folderOf(path) };
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
