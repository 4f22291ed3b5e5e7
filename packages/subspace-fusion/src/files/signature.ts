import { requireContent } from './bytes.js';
import type { Source } from './source.js';
import { extension, latin1 } from './text.js';

/** What files of a kind begin with, or have at a place. */
const SIGNATURES = [
  ['hdf5', '\x89HDF'],
  ['zip', 'PK\x03\x04'],
  ['npy', '\x93NUMPY'],
  ['gzip', '\x1f\x8b'],
  ['bzip2', 'BZh'],
  ['xz', '\xfd7zXZ'],
  ['old excel', '\xd0\xcf\x11\xe0'],
  ['utf-16', '\xff\xfe'],
  ['utf-16', '\xfe\xff'],
  ['png', '\x89PNG'],
  ['jpeg', '\xff\xd8\xff'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'], // BigTIFF
  ['tiff', 'MM\0+'],
  ['dicom', 'DICM', 128],
  ['czi', 'ZISRAWFILE'],
  ['git lfs', 'version https://git-lfs'],
] as const satisfies readonly (readonly [kind: string, bytes: string, at?: number])[];

/** What the first bytes of a file say that it is. */
export type FileKind = (typeof SIGNATURES)[number][0] | 'safetensors' | 'pickle' | 'text' | 'unknown';

/** Bytes from which a file's kind is told. */
export const HEAD = 256;

/** The first byte of a pickle, which a file of torch.save before PyTorch 1.6 is a row of. */
const PICKLE = '\x80';
/** Printable ASCII, tabs and line ends in the beginning. */
const TEXT = /^[\t\n\r\x20-\x7e]*$/;
const TEXT_LENGTH = 64;

/** The one place where kinds of files are told apart by their content. */
export function kindOf(head: Uint8Array): FileKind {
  const text = latin1(head);
  for (const [kind, bytes, at] of SIGNATURES) if (text.startsWith(bytes, at)) return kind;
  // The length of a header of less than 4 GiB, then a JSON object.
  if (text.startsWith('\0\0\0\0{', 4)) return 'safetensors';
  if (text.startsWith(PICKLE)) return 'pickle';
  return TEXT.test(text.slice(0, TEXT_LENGTH).replace(/\0+$/, '')) ? 'text' : 'unknown';
}

/** The kind of a source, by its first bytes. */
export const kindOfSource = async (source: Source): Promise<FileKind> => kindOf(await source.read(0, HEAD));

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

const BAG_KINDS: { readonly [K in FileKind]?: BagFormat } = {
  hdf5: 'HDF5',
  zip: 'PyTorch',
  npy: 'NumPy',
  safetensors: 'safetensors',
};

const byExtension = (name: string): BagFormat | undefined =>
  Object.entries(EXTENSIONS).find(([known]) => known === extension(name))?.[1];

/** Whether a file name has the extension of a feature file. */
export const isBagName = (name: string): boolean => byExtension(name) !== undefined;

/**
 * Format of a feature file, by its content; by its extension where the content is of no known format, so that the reader of that
 * format says what is wrong.
 * @throws {InputError} for an empty file.
 */
export async function bagFormat(source: Source): Promise<BagFormat> {
  requireContent(source);
  return BAG_KINDS[await kindOfSource(source)] ?? byExtension(source.name) ?? 'HDF5';
}

/** What a file that is not of the `wanted` format is instead, by its first bytes. */
export function whatItIs(head: Uint8Array, wanted: BagFormat): { message: string; remedy: string } {
  const kind = kindOf(head);
  if (kind === 'git lfs') {
    return {
      message: `this is a Git LFS pointer, not the ${wanted} file itself`,
      remedy: 'Fetch it with `git lfs pull`',
    };
  }
  if (kind === 'pickle') {
    return {
      message: 'this is a bare Python pickle, as torch.save wrote them before PyTorch 1.6',
      remedy: 'If you trust it, load it with PyTorch and save the tensor again with torch.save',
    };
  }
  const words = kind === 'text' ? 'this is a text file' : `the file has no ${wanted} signature`;
  return { message: `${words}, not ${wanted}`, remedy: `Put the ${wanted} file itself here` };
}
