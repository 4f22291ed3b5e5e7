import { open, stat } from 'node:fs/promises';
import { badInput } from '../problems.js';
import { readHeader, requireFile } from '../table.js';
import { isCbioportalMatrix } from './cbioportal.js';
import { findStarCounts } from './gdc.js';
import { isIvyGap } from './ivygap.js';
import { isMcatMatrix } from './mcat.js';
import type { ExpressionFormat } from './raw.js';

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

/** Tells an expression format by what the file or folder holds. Throws {@link UserError} for a folder of none, or what cannot be read. */
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
