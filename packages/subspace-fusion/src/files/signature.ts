import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { requireFile } from './table.js';

/** Formats of feature files, by the extensions they usually have. */
const EXTENSIONS = {
  '.h5': 'HDF5',
  '.hdf5': 'HDF5',
  '.pt': 'PyTorch',
  '.pth': 'PyTorch',
  '.npy': 'NumPy',
  '.safetensors': 'safetensors',
} as const;
export type BagFormat = (typeof EXTENSIONS)[keyof typeof EXTENSIONS];

/** Whether a file name has the extension of a feature file. */
export const isBagName = (name: string): boolean => extname(name).toLowerCase() in EXTENSIONS;

const startsWith = (head: Buffer, text: string) => head.subarray(0, text.length).equals(Buffer.from(text, 'latin1'));

/** The first byte of a pickle, which a file of torch.save before PyTorch 1.6 is a row of. */
const PICKLE = '\x80';

/**
 * Format of a feature file, by its content; by its extension where the content is of no known format, so that the reader of that
 * format says what is wrong.
 * @throws {InputError} for a file that is missing or empty.
 */
export async function bagFormat(file: string): Promise<BagFormat> {
  await requireFile(file);
  const head = await headOf(file);
  if (startsWith(head, '\x89HDF\r\n\x1a\n')) return 'HDF5';
  if (startsWith(head, 'PK\x03\x04')) return 'PyTorch';
  if (startsWith(head, '\x93NUMPY')) return 'NumPy';
  if (head[8] === '{'.charCodeAt(0) && head.readBigUInt64LE(0) < 2n ** 32n) return 'safetensors';
  const extension = extname(file).toLowerCase();
  return extension in EXTENSIONS ? EXTENSIONS[extension as keyof typeof EXTENSIONS] : 'HDF5';
}

async function headOf(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(64);
    await handle.read(head, 0, head.length, 0);
    return head;
  } finally {
    await handle.close();
  }
}

/** What a file that is not of the `wanted` format is instead, by its first bytes. */
export function whatItIs(head: Buffer, wanted: BagFormat): { message: string; remedy: string } {
  const text = head.toString('latin1').replace(/\0+$/, '');
  if (text.startsWith('version https://git-lfs')) {
    return {
      message: `this is a Git LFS pointer, not the ${wanted} file itself`,
      remedy: 'Fetch it with `git lfs pull`',
    };
  }
  if (startsWith(head, PICKLE)) {
    return {
      message: 'this is a bare Python pickle, as torch.save wrote them before PyTorch 1.6',
      remedy: 'If you trust it, load it with PyTorch and save the tensor again with torch.save',
    };
  }
  // Printable ASCII, tabs and line ends only.
  const kind = /^[\t\n\r\x20-\x7e]*$/.test(text) ? 'this is a text file' : `the file has no ${wanted} signature`;
  return { message: `${kind}, not ${wanted}`, remedy: `Put the ${wanted} file itself here` };
}
