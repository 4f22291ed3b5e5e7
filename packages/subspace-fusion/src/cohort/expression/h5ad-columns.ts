import { badInput, someOf } from '../../files/errors.js';
import {
  datasetIn,
  groupIn,
  requireKnownFilters,
  type Entity,
  type Group,
  type Hdf5,
  type StoredData,
} from '../../files/hdf5.js';
import { printable } from '../../files/text.js';

/** The columns of an AnnData file: numbers, texts, and the two tables that they are in. */

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
export async function readNumbers(
  hdf5: Hdf5,
  dataset: StoredData,
  file: string,
  from: number,
  to: number,
): Promise<Float64Array> {
  const { type, size } = dataset;
  const others = dataset.shape.slice(1);
  const width = others.reduce((product, n) => product * n, 1);
  if ((type !== 'integer' && type !== 'float') || (type === 'float' && size < 4) || size > 8) {
    throw badInput({
      file,
      message: `'${dataset.path}' is of type ${printable(dataset.typeName)}`,
      remedy: 'Store it as float32 or as integers',
    });
  }
  refuseLarge(file, dataset.path, (to - from) * width * size);
  requireKnownFilters(dataset, file);
  const values = await hdf5.read(dataset, [[from, to], ...others.map((): [] => [])]);
  return Float64Array.from(values as ArrayLike<number>, Number);
}

/** Whether an entity is a column of strings: a string array, or categories and codes. */
export async function isStringColumn(hdf5: Hdf5, entity: Entity | undefined): Promise<boolean> {
  if (entity?.kind !== 'group') return isTextVector(entity);
  return (
    ['categories', 'codes'].every((name) => entity.keys.includes(name)) &&
    isTextVector(await hdf5.get(entity, 'categories'))
  );
}

const isTextVector = (entity: Entity | undefined): entity is StoredData =>
  entity?.kind === 'dataset' && entity.type === 'text' && entity.shape.length === 1;

/** A column of strings; a code of no category reads as an empty string. */
export async function readStrings(
  hdf5: Hdf5,
  entity: Entity | undefined,
  file: string,
  what: string,
): Promise<string[]> {
  const wrong = () =>
    badInput({ file, message: `'${what}' is no column of text`, remedy: 'Write the file again with anndata' });
  if (entity?.kind === 'group' && (await isStringColumn(hdf5, entity))) {
    const categories = await readStrings(hdf5, await hdf5.get(entity, 'categories'), file, `${what}/categories`);
    const codes = await datasetIn(hdf5, entity, 'codes');
    if (codes?.shape.length !== 1) throw wrong();
    return Array.from(await readNumbers(hdf5, codes, file, 0, codes.shape[0]), (code) => categories[code] ?? '');
  }
  if (!isTextVector(entity)) throw wrong();
  const [count] = entity.shape;
  if (count > MOST_NAMES)
    throw badInput({
      file,
      message: `'${what}' has ${count} names`,
      remedy: 'Write the file again, with bulk samples only',
    });
  if (count === 0) return [];
  refuseLarge(file, what, count * entity.size);
  requireKnownFilters(entity, file);
  return (await hdf5.read(entity, [[0, count]])) as string[];
}

/** An attribute of a group; undefined where there is none. */
const attribute = async (hdf5: Hdf5, group: Group, name: string): Promise<unknown> =>
  (await hdf5.attributes(group, [name]))[name];

/** `obs` or `var`. */
export async function frame(hdf5: Hdf5, file: string, name: 'obs' | 'var'): Promise<Group> {
  const found = await groupIn(hdf5, hdf5.root, name);
  if (found) return found;
  const message = (await datasetIn(hdf5, hdf5.root, name))
    ? `'${name}' is in the layout of anndata before 0.7`
    : `there is no '${name}' (the file has: ${someOf(hdf5.root.keys)})`;
  throw badInput({ file, message, remedy: 'Write it again with a recent anndata' });
}

/** The names of the rows of `obs` or `var`; of `var`, which other columns can name, they may be numbers. */
export async function indexOf(hdf5: Hdf5, of: Group, file: string, mayBeNumbers = false): Promise<string[]> {
  const named = await attribute(hdf5, of, '_index');
  const name = [named, '_index', 'index'].find(
    (candidate): candidate is string => typeof candidate === 'string' && of.keys.includes(candidate),
  );
  if (name === undefined)
    throw badInput({ file, message: `'${of.path}' has no index`, remedy: 'Write the file again with anndata' });
  const index = await hdf5.get(of, name);
  if (mayBeNumbers && index?.kind === 'dataset' && index.type === 'integer' && index.shape.length === 1)
    return Array.from(await readNumbers(hdf5, index, file, 0, Math.min(index.shape[0], MOST_NAMES)), String);
  return readStrings(hdf5, index, file, `${of.path}/${name}`);
}
