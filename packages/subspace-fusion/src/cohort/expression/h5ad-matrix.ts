import { badInput, required, someOf, type InputError } from '../../files/errors.js';
import { datasetIn, groupIn, type Hdf5, type StoredData } from '../../files/hdf5.js';
import { readNumbers } from './h5ad-columns.js';

/** `X`: a dense matrix, or the parts of a compressed one. */
export type Matrix =
  | { readonly kind: 'dense'; readonly data: StoredData; readonly shape: readonly [number, number] }
  | {
      readonly kind: 'rows' | 'columns';
      readonly data: StoredData;
      readonly indices: StoredData;
      /** Where each row (or column) begins in `data`. */
      readonly starts: Float64Array;
      readonly shape: readonly [number, number];
    };

/** The matrix `X`. Throws {@link InputError} where there is none, or its parts do not fit together. */
export async function openMatrix(hdf5: Hdf5, file: string): Promise<Matrix> {
  const wrong = (message: string) => badInput({ file, message, remedy: 'Write the file again with anndata' });
  const dense = await datasetIn(hdf5, hdf5.root, 'X');
  if (dense) {
    const { shape } = dense;
    if (shape.length !== 2) throw wrong(`X has the shape [${shape.join(', ')}]`);
    return { kind: 'dense', data: dense, shape: shape as readonly [number, number] };
  }
  const sparse = await groupIn(hdf5, hdf5.root, 'X');
  if (!sparse)
    throw await withoutValues(hdf5, file, `there is no matrix 'X' (the file has: ${someOf(hdf5.root.keys)})`);
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

/**
 * Rows of the matrix as float32, only these read from the disk; of columns, all are read.
 * @param onBad Is given each value that is no finite number in float32, with its place in the rows.
 */
export async function readRowsOf(
  hdf5: Hdf5,
  matrix: Matrix,
  places: readonly number[],
  file: string,
  onBad: (value: number, row: number, column: number) => void,
): Promise<Float32Array[]> {
  const [, width] = matrix.shape;
  const rows = places.map(() => new Float32Array(width));
  const rowOf = new Map(places.map((place, r) => [place, r]));
  const set = (value: number, row: number, column: number) => {
    rows[row][column] = value;
    if (!Number.isFinite(rows[row][column])) onBad(value, row, column);
  };
  if (matrix.kind === 'dense') {
    for (const { from, to } of blocks(places, (place) => place * width)) {
      const values = await readNumbers(hdf5, matrix.data, file, from, to);
      values.forEach((value, i) => set(value, required(rowOf, from + Math.floor(i / width)), i % width));
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
        if (row !== undefined) set(values[at], row, column);
      }
    }
  }
  return rows;
}

/** Said of an `X` that is there for its shape, or not at all: the values are in one of the layers. */
async function withoutValues(hdf5: Hdf5, file: string, message: string): Promise<InputError> {
  const layers = (await groupIn(hdf5, hdf5.root, 'layers'))?.keys ?? [];
  const layer = layers.at(0);
  return badInput({
    file,
    message: layers.length > 0 ? `${message}; the layers are: ${someOf(layers)}` : message,
    remedy:
      layer === undefined
        ? 'Write the values to X'
        : `Write the right layer to X, as adata.X = adata.layers['${layer}'] does`,
  });
}

/** @throws {InputError} for rows that hold nothing but zeros and NaN. */
export async function requireValues(rows: readonly Float32Array[], hdf5: Hdf5, file: string): Promise<void> {
  if (rows.length === 0 || rows.some((row) => row.some((x) => x !== 0 && !Number.isNaN(x)))) return;
  throw await withoutValues(hdf5, file, 'X holds no value but zeros and NaN');
}
