import { append } from '../../files/lists.js';
import { badInput, required, someOf, type Problem } from '../../files/errors.js';
import {
  datasetIn,
  groupIn,
  requireKnownFilters,
  withHdf5,
  type Entity,
  type Group,
  type Hdf5,
  type StoredData,
} from '../../files/hdf5.js';
import type { Source } from '../../files/source.js';
import { printable } from '../../files/text.js';
import { ensemblId } from './gene-names.js';
import { chooseSamples, type RawExpression, type ReadContext } from './samples.js';
import { checkCells } from './text-matrix.js';

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
async function readNumbers(
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
async function isStringColumn(hdf5: Hdf5, entity: Entity | undefined): Promise<boolean> {
  if (entity?.kind !== 'group') return isTextVector(entity);
  return (
    ['categories', 'codes'].every((name) => entity.keys.includes(name)) &&
    isTextVector(await hdf5.get(entity, 'categories'))
  );
}

const isTextVector = (entity: Entity | undefined): entity is StoredData =>
  entity?.kind === 'dataset' && entity.type === 'text' && entity.shape.length === 1;

/** A column of strings; a code of no category reads as an empty string. */
async function readStrings(hdf5: Hdf5, entity: Entity | undefined, file: string, what: string): Promise<string[]> {
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

/** Numbers that are kept in memory: 1 GiB of float32. */
const MOST_VALUES = 2 ** 28;

/** Columns of `var` that hold symbols where its index holds Ensembl ids, the best first. */
const SYMBOLS = ['gene_symbols', 'gene_symbol', 'gene_name', 'gene_names', 'feature_name', 'symbol', 'hgnc_symbol'];

/** `X`: a dense matrix, or the parts of a compressed one. */
type Matrix =
  | { readonly kind: 'dense'; readonly data: StoredData; readonly shape: readonly [number, number] }
  | {
      readonly kind: 'rows' | 'columns';
      readonly data: StoredData;
      readonly indices: StoredData;
      /** Where each row (or column) begins in `data`. */
      readonly starts: Float64Array;
      readonly shape: readonly [number, number];
    };

/**
 * Reads an AnnData file (anndata documentation, "On-disk format"): `X` dense, compressed by rows (CSR) or by columns (CSC); patients from the index
 * of `obs`, or from the column of it in which most ids of the clinical table stand; genes from the index of `var` and, where that holds Ensembl ids, symbols
 * from `var/gene_symbols` and its like. Only the rows of kept patients are read.
 * @throws {InputError} for a file that is no AnnData, contradicts itself, or has several rows a patient (single cells).
 */
export async function readH5ad(source: Source, context: ReadContext, problems: Problem[]): Promise<RawExpression> {
  const file = source.name;
  return withHdf5(source, async (hdf5) => {
    const matrix = await openMatrix(hdf5, file);
    const [observations, variables] = [await frame(hdf5, file, 'obs'), await frame(hdf5, file, 'var')];
    const names = await patientNames(hdf5, observations, context, file);
    const index = await indexOf(hdf5, observations, file);
    const ids = await indexOf(hdf5, variables, file);
    const [n, width] = matrix.shape;
    if (index.length !== n || ids.length !== width) {
      const message = `X is ${n} × ${width}, but obs has ${index.length} rows and var ${ids.length}`;
      throw badInput({ file, message, remedy: 'Write the file again with anndata' });
    }
    refuseSingleCells(file, index, names, context);
    const choice = chooseSamples(
      names.map((name) => context.nameSample(name)),
      context.patients,
    );
    if (choice.places.length * width > MOST_VALUES) {
      throw badInput({
        file,
        message: `${choice.places.length} × ${width} values are too many`,
        remedy: 'Leave genes or patients out',
      });
    }
    const symbols = ids.some((id) => ensemblId(id)) ? await symbolColumn(hdf5, variables, file) : undefined;
    const genes = ids.map((name, g) => ({ name, symbol: context.nameGene(name, symbols?.[g]) }));
    const rows = await readRowsOf(hdf5, matrix, choice.places, file);
    const cells = checkCells(context.genes);
    rows.forEach((row, r) => {
      const bad = row.findIndex((x) => !Number.isFinite(x));
      if (bad >= 0)
        row.forEach(
          (x, g) => Number.isFinite(x) || cells.read(String(x), genes[g].symbol, choice.places[r] + 1, ids[g]),
        );
    });
    append(problems, cells.problems(file));
    const patients = choice.places.map((place) => context.nameSample(names[place]).patient);
    return { orientation: 'patients × genes', patients, genes, rows, genesAreRows: false, choice };
  });
}

/** Two rows whose index differs and whose patient is the same by a column are cells, not samples. */
function refuseSingleCells(
  file: string,
  index: readonly string[],
  names: readonly string[],
  { patients, nameSample }: ReadContext,
): void {
  const seen = new Map<string, string>();
  names.forEach((name, i) => {
    const before = seen.get(name);
    if (before !== undefined && (patients?.has(nameSample(name).patient) ?? true)) {
      throw badInput({
        file,
        message: `'${name}' has several rows ('${before}' and '${index[i]}')`,
        remedy: 'One row a sample is needed: sum the cells of each patient first',
      });
    }
    seen.set(name, index[i]);
  });
}

const attribute = async (hdf5: Hdf5, group: Group, name: string): Promise<unknown> =>
  (await hdf5.attributes(group, [name]))[name];

/** `obs` or `var`. */
async function frame(hdf5: Hdf5, file: string, name: 'obs' | 'var'): Promise<Group> {
  const found = await groupIn(hdf5, hdf5.root, name);
  if (found) return found;
  const message = (await datasetIn(hdf5, hdf5.root, name))
    ? `'${name}' is in the layout of anndata before 0.7`
    : `there is no '${name}' (the file has: ${someOf(hdf5.root.keys)})`;
  throw badInput({ file, message, remedy: 'Write it again with a recent anndata' });
}

async function indexOf(hdf5: Hdf5, of: Group, file: string): Promise<string[]> {
  const named = await attribute(hdf5, of, '_index');
  const name = [named, '_index', 'index'].find(
    (candidate): candidate is string => typeof candidate === 'string' && of.keys.includes(candidate),
  );
  if (name === undefined)
    throw badInput({ file, message: `'${of.path}' has no index`, remedy: 'Write the file again with anndata' });
  return readStrings(hdf5, await hdf5.get(of, name), file, `${of.path}/${name}`);
}

/** The index of `obs`, or the column of it that holds more of the patients. */
async function patientNames(
  hdf5: Hdf5,
  observations: Group,
  { patients, nameSample }: ReadContext,
  file: string,
): Promise<string[]> {
  const index = await indexOf(hdf5, observations, file);
  if (!patients) return index;
  const known = (names: readonly string[]) =>
    new Set(names.map((name) => nameSample(name).patient).filter((id) => patients.has(id))).size;
  let best = { names: index, known: known(index) };
  if (best.known > 0) return index;
  for (const column of observations.keys) {
    const entity = await hdf5.get(observations, column);
    if (!(await isStringColumn(hdf5, entity))) continue;
    const names = await readStrings(hdf5, entity, file, `${observations.path}/${column}`);
    if (names.length === index.length && known(names) > best.known) best = { names, known: known(names) };
  }
  return best.names;
}

async function symbolColumn(hdf5: Hdf5, variables: Group, file: string): Promise<string[] | undefined> {
  for (const name of SYMBOLS) {
    const column = await hdf5.get(variables, name);
    if (await isStringColumn(hdf5, column)) return readStrings(hdf5, column, file, `${variables.path}/${name}`);
  }
  return undefined;
}

async function openMatrix(hdf5: Hdf5, file: string): Promise<Matrix> {
  const wrong = (message: string) => badInput({ file, message, remedy: 'Write the file again with anndata' });
  const dense = await datasetIn(hdf5, hdf5.root, 'X');
  if (dense) {
    const { shape } = dense;
    if (shape.length !== 2) throw wrong(`X has the shape [${shape.join(', ')}]`);
    return { kind: 'dense', data: dense, shape: shape as readonly [number, number] };
  }
  const sparse = await groupIn(hdf5, hdf5.root, 'X');
  if (!sparse) throw wrong(`there is no matrix 'X' (the file has: ${someOf(hdf5.root.keys)})`);
  const said = await hdf5.attributes(sparse, ['encoding-type', 'h5sparse_format', 'shape', 'h5sparse_shape']);
  const encoding = said['encoding-type'] ?? said['h5sparse_format'];
  const kind =
    encoding === 'csr_matrix' || encoding === 'csr'
      ? 'rows'
      : encoding === 'csc_matrix' || encoding === 'csc'
        ? 'columns'
        : undefined;
  const [data, indices, starts] = await Promise.all(
    ['data', 'indices', 'indptr'].map((name) => datasetIn(hdf5, sparse, name)),
  );
  const shape = said['shape'] ?? said['h5sparse_shape'];
  if (!kind || !data || !indices || !starts || data.shape[0] !== indices.shape[0])
    throw wrong(`X is neither a matrix nor CSR nor CSC`);
  const sides = Array.from((shape ?? []) as ArrayLike<number>, Number);
  const [n, width] = sides;
  if (sides.length < 2 || starts.shape[0] !== (kind === 'rows' ? n : width) + 1)
    throw wrong('the shape of X does not fit its parts');
  const at = await readNumbers(hdf5, starts, file, 0, starts.shape[0]);
  const total = data.shape[0] ?? 0;
  if (at.some((start, i) => start < (i === 0 ? 0 : at[i - 1]) || start > total))
    throw wrong('the parts of X do not fit together');
  return { kind, data, indices, starts: at, shape: [n, width] };
}

/** Numbers that one call brings into memory. */
const BLOCK = 2 ** 22;

/** Lines that follow each other as blocks from…to − 1 of at most {@link BLOCK} numbers, or of one line; `sizeTo` is the numbers before a line. */
function blocks(lines: readonly number[], sizeTo: (line: number) => number): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const line of lines) {
    const block = found.at(-1);
    if (block?.to === line && sizeTo(line + 1) - sizeTo(block.from) <= BLOCK) block.to = line + 1;
    else found.push({ from: line, to: line + 1 });
  }
  return found;
}

/** Rows of the matrix as float32, only these read from the disk; of columns, all are read. */
async function readRowsOf(
  hdf5: Hdf5,
  matrix: Matrix,
  places: readonly number[],
  file: string,
): Promise<Float32Array[]> {
  const [, width] = matrix.shape;
  const rows = places.map(() => new Float32Array(width));
  const rowOf = new Map(places.map((place, r) => [place, r]));
  if (matrix.kind === 'dense') {
    for (const { from, to } of blocks(places, (place) => place * width)) {
      const values = await readNumbers(hdf5, matrix.data, file, from, to);
      for (let place = from; place < to; place++)
        rows[required(rowOf, place)].set(values.subarray((place - from) * width, (place - from + 1) * width));
    }
    return rows;
  }
  const { kind, data, indices, starts } = matrix;
  const lines = kind === 'rows' ? places : [...starts.keys()].slice(0, -1);
  for (const block of blocks(lines, (line) => starts[line])) {
    const [first, end] = [starts[block.from], starts[block.to]];
    if (first === end) continue;
    const values = await readNumbers(hdf5, data, file, first, end);
    const across = await readNumbers(hdf5, indices, file, first, end);
    for (let line = block.from; line < block.to; line++) {
      for (let at = starts[line] - first; at < starts[line + 1] - first; at++) {
        const [row, column] = kind === 'rows' ? [rowOf.get(line), across[at]] : [rowOf.get(across[at]), line];
        if (column < 0 || column >= width || !Number.isInteger(column)) {
          const message = `X has the column ${column} of ${width}`;
          throw badInput({ file, message, remedy: 'Write the file again with anndata' });
        }
        if (row !== undefined) rows[row][column] = values[at];
      }
    }
  }
  return rows;
}
