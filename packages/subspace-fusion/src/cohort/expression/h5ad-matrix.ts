import { badInput, someOf, type InputError } from '../../files/errors.js';
import { datasetIn, groupIn, type Dataset, type File } from '../../files/hdf5.js';
import { attribute, readNumbers } from './h5ad-columns.js';

/** `X`: a dense matrix, or the parts of a compressed one. */
export type Matrix =
  | { readonly kind: 'dense'; readonly data: Dataset; readonly shape: readonly [number, number] }
  | {
      readonly kind: 'rows' | 'columns';
      readonly data: Dataset;
      readonly indices: Dataset;
      /** Where each row (or column) begins in `data`. */
      readonly starts: Float64Array;
      readonly shape: readonly [number, number];
    };

/** The matrix `X`. Throws {@link InputError} where there is none, or its parts do not fit together. */
export function openMatrix(hdf5: File, file: string): Matrix {
  const wrong = (message: string) => badInput({ file, message, remedy: 'Write the file again with anndata' });
  const dense = datasetIn(hdf5, 'X');
  if (dense) {
    const shape = dense.shape ?? [];
    if (shape.length !== 2) throw wrong(`X has the shape [${shape.join(', ')}]`);
    return { kind: 'dense', data: dense, shape: shape as [number, number] };
  }
  const sparse = groupIn(hdf5, 'X');
  if (!sparse) throw withoutValues(hdf5, file, `there is no matrix 'X' (the file has: ${someOf(hdf5.keys())})`);
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

/**
 * Rows of the matrix as float32, only these read from the disk; of columns, all are read one after another.
 * @param onBad Is given each value that is no finite number in float32, with its place in the rows.
 */
export function readRowsOf(
  matrix: Matrix,
  places: readonly number[],
  file: string,
  onBad: (value: number, row: number, column: number) => void,
): Float32Array[] {
  const [, width] = matrix.shape;
  if (matrix.kind === 'dense')
    return places.map((place, r) => {
      const values = readNumbers(matrix.data, file, place, place + 1);
      const row = Float32Array.from(values);
      row.forEach((x, g) => {
        if (!Number.isFinite(x)) onBad(values[g], r, g);
      });
      return row;
    });
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
      if (row === undefined) return;
      rows[row][column] = values[i];
      if (!Number.isFinite(rows[row][column])) onBad(values[i], row, column);
    });
  }
  return rows;
}

/** Said of an `X` that is there for its shape, or not at all: the values are in one of the layers. */
function withoutValues(hdf5: File, file: string, message: string): InputError {
  const layers = groupIn(hdf5, 'layers')?.keys() ?? [];
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
export function requireValues(rows: readonly Float32Array[], hdf5: File, file: string): void {
  if (rows.length === 0 || rows.some((row) => row.some((x) => x !== 0 && !Number.isNaN(x)))) return;
  throw withoutValues(hdf5, file, 'X holds no value but zeros and NaN');
}
