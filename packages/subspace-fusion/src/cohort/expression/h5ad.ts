import { append } from '../../files/lists.js';
import { badInput, someOf, type Problem } from '../../files/errors.js';
import {
  datasetIn,
  groupIn,
  isDataset,
  isGroup,
  requireKnownFilters,
  typeName,
  withHdf5,
  type Dataset,
  type Entity,
  type File,
  type Group,
} from '../../files/hdf5.js';
import type { Source } from '../../files/source.js';
import { ensemblId } from './gene-names.js';
import { chooseSamples, type RawExpression, type ReadContext } from './samples.js';
import { checkCells } from './text-matrix.js';

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
function readNumbers(dataset: Dataset, file: string, from: number, to: number): Float64Array {
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
function isStringColumn(entity: Entity | undefined): entity is Dataset | Group {
  if (isDataset(entity)) return entity.metadata.type === STRING && entity.shape?.length === 1;
  return (
    isGroup(entity) &&
    ['categories', 'codes'].every((name) => entity.keys().includes(name)) &&
    isStringColumn(entity.get('categories'))
  );
}

/** A column of strings; a code of no category reads as an empty string. */
function readStrings(entity: Entity | undefined, file: string, what: string): string[] {
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

/** Numbers that are kept in memory: 1 GiB of float32. */
const MOST_VALUES = 2 ** 28;

/** Columns of `var` that hold symbols where its index holds Ensembl ids, the best first. */
const SYMBOLS = ['gene_symbols', 'gene_symbol', 'gene_name', 'gene_names', 'feature_name', 'symbol', 'hgnc_symbol'];

/** `X`: a dense matrix, or the parts of a compressed one. */
type Matrix =
  | { readonly kind: 'dense'; readonly data: Dataset; readonly shape: readonly [number, number] }
  | {
      readonly kind: 'rows' | 'columns';
      readonly data: Dataset;
      readonly indices: Dataset;
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
  return withHdf5(source, (hdf5) => {
    const matrix = openMatrix(hdf5, file);
    const [observations, variables] = [frame(hdf5, file, 'obs'), frame(hdf5, file, 'var')];
    const names = patientNames(observations, context, file);
    const index = indexOf(observations, file);
    const ids = indexOf(variables, file);
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
    const symbols = ids.some((id) => ensemblId(id)) ? symbolColumn(variables, file) : undefined;
    const genes = ids.map((name, g) => ({ name, symbol: context.nameGene(name, symbols?.[g]) }));
    const rows = readRowsOf(matrix, choice.places, file);
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

const attribute = ({ attrs }: Group, name: string): unknown => (name in attrs ? attrs[name].value : undefined);

/** `obs` or `var`. */
function frame(hdf5: File, file: string, name: 'obs' | 'var'): Group {
  const found = groupIn(hdf5, name);
  if (found) return found;
  const message = datasetIn(hdf5, name)
    ? `'${name}' is in the layout of anndata before 0.7`
    : `there is no '${name}' (the file has: ${someOf(hdf5.keys())})`;
  throw badInput({ file, message, remedy: 'Write it again with a recent anndata' });
}

function indexOf(of: Group, file: string): string[] {
  const named = attribute(of, '_index');
  const name = [named, '_index', 'index'].find(
    (candidate): candidate is string => typeof candidate === 'string' && of.keys().includes(candidate),
  );
  if (name === undefined)
    throw badInput({ file, message: `'${of.path}' has no index`, remedy: 'Write the file again with anndata' });
  return readStrings(of.get(name), file, `${of.path}/${name}`);
}

/** The index of `obs`, or the column of it that holds more of the patients. */
function patientNames(observations: Group, { patients, nameSample }: ReadContext, file: string): string[] {
  const index = indexOf(observations, file);
  if (!patients) return index;
  const known = (names: readonly string[]) =>
    new Set(names.map((name) => nameSample(name).patient).filter((id) => patients.has(id))).size;
  let best = { names: index, known: known(index) };
  if (best.known > 0) return index;
  for (const column of observations.keys()) {
    const entity = observations.get(column);
    if (!isStringColumn(entity)) continue;
    const names = readStrings(entity, file, `${observations.path}/${column}`);
    if (names.length === index.length && known(names) > best.known) best = { names, known: known(names) };
  }
  return best.names;
}

function symbolColumn(variables: Group, file: string): string[] | undefined {
  const column = SYMBOLS.find((name) =>
    isStringColumn(variables.keys().includes(name) ? variables.get(name) : undefined),
  );
  return column === undefined ? undefined : readStrings(variables.get(column), file, `${variables.path}/${column}`);
}

function openMatrix(hdf5: File, file: string): Matrix {
  const wrong = (message: string) => badInput({ file, message, remedy: 'Write the file again with anndata' });
  const dense = datasetIn(hdf5, 'X');
  if (dense) {
    const shape = dense.shape ?? [];
    if (shape.length !== 2) throw wrong(`X has the shape [${shape.join(', ')}]`);
    return { kind: 'dense', data: dense, shape: shape as [number, number] };
  }
  const sparse = groupIn(hdf5, 'X');
  if (!sparse) throw wrong(`there is no matrix 'X' (the file has: ${someOf(hdf5.keys())})`);
  const encoding = attribute(sparse, 'encoding-type') ?? attribute(sparse, 'h5sparse_format');
  const kind =
    encoding === 'csr_matrix' || encoding === 'csr'
      ? 'rows'
      : encoding === 'csc_matrix' || encoding === 'csc'
        ? 'columns'
        : undefined;
  const [data, indices, starts] = ['data', 'indices', 'indptr'].map((name) => datasetIn(sparse, name));
  const shape = attribute(sparse, 'shape') ?? attribute(sparse, 'h5sparse_shape');
  if (!kind || !data || !indices || !starts || data.shape?.[0] !== indices.shape?.[0])
    throw wrong(`X is neither a matrix nor CSR nor CSC`);
  const sides = Array.from((shape ?? []) as ArrayLike<number>, Number);
  const [n, width] = sides;
  if (sides.length < 2 || starts.shape?.[0] !== (kind === 'rows' ? n : width) + 1)
    throw wrong('the shape of X does not fit its parts');
  const at = Float64Array.from(readNumbers(starts, file, 0, starts.shape[0]));
  const total = data.shape?.[0] ?? 0;
  if (at.some((start, i) => start < (i === 0 ? 0 : at[i - 1]) || start > total))
    throw wrong('the parts of X do not fit together');
  return { kind, data, indices, starts: at, shape: [n, width] };
}

/** Rows of the matrix as float32, only these read from the disk; of columns, all are read one after another. */
function readRowsOf(matrix: Matrix, places: readonly number[], file: string): Float32Array[] {
  const [, width] = matrix.shape;
  if (matrix.kind === 'dense')
    return places.map((place) => Float32Array.from(readNumbers(matrix.data, file, place, place + 1)));
  const { kind, data, indices, starts } = matrix;
  const rows = places.map(() => new Float32Array(width));
  const rowOf = new Map(places.map((place, r) => [place, r]));
  const lines = kind === 'rows' ? places : [...starts.keys()].slice(0, -1);
  for (const line of lines) {
    const [from, to] = [starts[line], starts[line + 1]];
    if (from === to) continue;
    const values = readNumbers(data, file, from, to);
    readNumbers(indices, file, from, to).forEach((index, i) => {
      const [row, column] = kind === 'rows' ? [rowOf.get(line), index] : [rowOf.get(index), line];
      if (column < 0 || column >= width || !Number.isInteger(column)) {
        throw badInput({
          file,
          message: `X has the column ${column} of ${width}`,
          remedy: 'Write the file again with anndata',
        });
      }
      if (row !== undefined) rows[row][column] = values[i];
    });
  }
  return rows;
}
