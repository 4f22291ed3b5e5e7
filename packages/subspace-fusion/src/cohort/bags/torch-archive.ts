import type { Bytes } from './bytes.js';
import { whatItIs } from './signature.js';
import { zipEntries, type ZipEntry } from './zip.js';

/** A file of torch.save (PyTorch 1.6 and later): a pickle, and the numbers of its tensors in files beside it. */
export interface TorchArchive {
  readonly pickle: Uint8Array;
  /** Where the numbers of a storage stand. Throws {@link UserError} where they are missing. */
  storage(key: string): ZipEntry;
}

/**
 * Opens the archive and reads its pickle, of which nothing is run.
 * @param remedy What to do where the file holds something else.
 * @throws {UserError} for a file that is no archive of torch.save, or a damaged one.
 */
export function torchArchive(bytes: Bytes, remedy: string): TorchArchive {
  const { folder, entries } = archiveOf(bytes, remedy);
  const partOf = (name: string): ZipEntry => {
    const entry = entries.get(folder + name);
    if (!entry) throw bytes.wrong('a part of the archive is missing');
    return entry;
  };
  const { at, size } = partOf('data.pkl');
  return { pickle: bytes.read(at, size), storage: (key) => partOf(`data/${key}`) };
}

/** The files of the archive, and the folder in it that holds them all: its name is that of the file it was saved as. */
function archiveOf(bytes: Bytes, remedy: string): { folder: string; entries: Map<string, ZipEntry> } {
  const head = Buffer.from(bytes.read(0, Math.min(64, bytes.size)));
  if (head.toString('latin1', 0, 4) !== 'PK\x03\x04') {
    const other = whatItIs(head, 'PyTorch');
    throw bytes.wrong(other.message, other.remedy);
  }
  const entries = zipEntries(bytes);
  const names = [...entries.keys()];
  const pickle = names.find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined) {
    if (names.some((name) => name.endsWith('.npy')))
      throw bytes.wrong('this is a NumPy .npz archive', 'Save the features alone with numpy.save');
    throw bytes.wrong('this is a zip archive, but not of torch.save', remedy);
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  if (names.includes(`${folder}constants.pkl`)) throw bytes.wrong('this is a TorchScript model, not tensors', remedy);
  const order = entries.get(`${folder}byteorder`);
  if (order && Buffer.from(bytes.read(order.at, Math.min(order.size, 8))).toString('latin1') !== 'little') {
    throw bytes.wrong('the numbers are not little-endian', 'Save them again on an ordinary computer');
  }
  return { folder, entries };
}
