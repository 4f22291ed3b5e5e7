import { badInput, someOf } from '../../files/errors.js';
import {
  datasetIn,
  groupIn,
  isDataset,
  isGroup,
  requireKnownFilters,
  typeName,
  type Dataset,
  type Entity,
  type File,
  type Group,
} from '../../files/hdf5.js';

/** The columns of an AnnData file: numbers, texts, and the two tables that they are in. */

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
  const others = dataset.shape?.slice(1) ?? [];
  const width = others.reduce((product, n) => product * n, 1);
  if ((type !== INTEGER && type !== FLOAT) || (type === FLOAT && size < 4) || size > 8) {
    throw badInput({
      file,
      message: `'${dataset.path}' is of type ${typeName(dataset)}`,
      remedy: 'Store it as float32 or as integers',
    });
  }
  refuseLarge(file, dataset.path, (to - from) * width * size);
  requireKnownFilters(dataset, file);
  const values = dataset.slice([[from, to], ...others.map((): [] => [])]);
  return Float64Array.from(values as ArrayLike<number>, Number);
}

/** Whether an entity is a column of strings: a string array, or categories and codes. */
export function isStringColumn(entity: Entity | undefined): entity is Dataset | Group {
  if (isDataset(entity)) return entity.metadata.type === STRING && entity.shape?.length === 1;
  return (
    isGroup(entity) &&
    ['categories', 'codes'].every((name) => entity.keys().includes(name)) &&
    isStringColumn(entity.get('categories'))
  );
}

/** A column of strings; a code of no category reads as an empty string. */
export function readStrings(entity: Entity | undefined, file: string, what: string): string[] {
  const wrong = () =>
    badInput({ file, message: `'${what}' is no column of text`, remedy: 'Write the file again with anndata' });
  if (!isStringColumn(entity)) throw wrong();
  if (isGroup(entity)) {
    const categories = readStrings(entity.get('categories'), file, `${what}/categories`);
    const codes = entity.get('codes');
    if (!isDataset(codes) || codes.shape?.length !== 1) throw wrong();
    return Array.from(readNumbers(codes, file, 0, codes.shape[0]), (code) => categories[code] ?? '');
  }
  const count = entity.shape?.[0] ?? 0;
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

/** An attribute of a group; undefined where there is none. */
export const attribute = ({ attrs }: Group, name: string): unknown => (name in attrs ? attrs[name].value : undefined);

/** `obs` or `var`. */
export function frame(hdf5: File, file: string, name: 'obs' | 'var'): Group {
  const found = groupIn(hdf5, name);
  if (found) return found;
  const message = datasetIn(hdf5, name)
    ? `'${name}' is in the layout of anndata before 0.7`
    : `there is no '${name}' (the file has: ${someOf(hdf5.keys())})`;
  throw badInput({ file, message, remedy: 'Write it again with a recent anndata' });
}

/** The names of the rows of `obs` or `var`; of `var`, which other columns can name, they may be numbers. */
export function indexOf(of: Group, file: string, mayBeNumbers = false): string[] {
  const named = attribute(of, '_index');
  const name = [named, '_index', 'index'].find(
    (candidate): candidate is string => typeof candidate === 'string' && of.keys().includes(candidate),
  );
  if (name === undefined)
    throw badInput({ file, message: `'${of.path}' has no index`, remedy: 'Write the file again with anndata' });
  const index = of.get(name);
  if (mayBeNumbers && isDataset(index) && index.metadata.type === INTEGER && index.shape?.length === 1)
    return Array.from(readNumbers(index, file, 0, Math.min(index.shape[0], MOST_NAMES)), String);
  return readStrings(index, file, `${of.path}/${name}`);
}
