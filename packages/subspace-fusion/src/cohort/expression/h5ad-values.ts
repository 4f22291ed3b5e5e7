import { Dataset, Group } from 'h5wasm/node';
import { requireKnownFilters } from '../hdf5.js';
import { badInput } from '../problems.js';

const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;

/** Bytes that one call may bring into memory. */
const MOST_BYTES = 2 ** 28;
/** Names of an axis: a million cells, or all transcripts, are fewer. */
const MOST_NAMES = 2_000_000;

function refuseLarge(file: string, what: string, bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw badInput({
    file,
    message: `'${what}' claims ${bytes} bytes`,
    remedy: 'Write the file again, with bulk samples only',
  });
}

/** Items `from`…`to − 1` of a vector, or these rows of a matrix, as numbers. Integers and floats of any width are read. */
export function readNumbers(dataset: Dataset, file: string, from: number, to: number): Float64Array {
  const { type, size } = dataset.metadata;
  const width = dataset.shape!.slice(1).reduce((product, n) => product * n, 1);
  if ((type !== INTEGER && type !== FLOAT) || (type === FLOAT && size < 4) || size > 8) {
    throw badInput({
      file,
      message: `'${dataset.path}' is of type ${String(dataset.dtype)}`,
      remedy: 'Store it as float32 or as integers',
    });
  }
  refuseLarge(file, dataset.path, (to - from) * width * size);
  requireKnownFilters(dataset, file);
  const values = dataset.slice([[from, to], ...dataset.shape!.slice(1).map((): [] => [])]);
  return Float64Array.from(values as ArrayLike<number>, Number);
}

/** Whether an entity is a column of strings: a string array, or categories and codes. */
export function isStringColumn(entity: unknown): entity is Dataset | Group {
  if (entity instanceof Dataset) return entity.metadata.type === STRING && entity.shape?.length === 1;
  return (
    entity instanceof Group &&
    ['categories', 'codes'].every((name) => entity.keys().includes(name)) &&
    isStringColumn(entity.get('categories'))
  );
}

/** A column of strings; a code of no category reads as an empty string. */
export function readStrings(entity: unknown, file: string, what: string): string[] {
  const wrong = () =>
    badInput({ file, message: `'${what}' is no column of text`, remedy: 'Write the file again with anndata' });
  if (!isStringColumn(entity)) throw wrong();
  if (entity instanceof Group) {
    const categories = readStrings(entity.get('categories'), file, `${what}/categories`);
    const codes = entity.get('codes');
    if (!(codes instanceof Dataset) || codes.shape?.length !== 1) throw wrong();
    return Array.from(readNumbers(codes, file, 0, codes.shape[0]), (code) => categories[code] ?? '');
  }
  const count = entity.shape![0];
  if (count > MOST_NAMES)
    throw badInput({
      file,
      message: `'${what}' has ${count} names`,
      remedy: 'Write the file again, with bulk samples only',
    });
  if (count === 0) return [];
  refuseLarge(file, what, count * entity.metadata.size);
  requireKnownFilters(entity, file);
  return entity.slice([[0, count]]) as string[];
}
