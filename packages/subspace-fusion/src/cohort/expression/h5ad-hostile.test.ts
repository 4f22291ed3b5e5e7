import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready, type Group } from 'h5wasm/node';
import { describe, expect, it } from 'vitest';
import { InputError, type Problem } from '../../files/errors.js';
import { bits, key } from '../../random/counter.js';
import { newFolder, write } from '../made-files.test.helper.js';
import { readExpression } from './read.js';

/** AnnData files that are damaged, contradict themselves or claim more than there is. */

const folder = newFolder();
const context = { patients: new Set(['P1', 'P2']), genes: new Set(['A']) };
let made = 0;

interface Made {
  readonly x?: (hdf5: File) => void;
  readonly samples?: string[];
  readonly obs?: (obs: Group) => void;
  readonly var?: (columns: Group) => void;
}

const dense = (hdf5: File) => void hdf5.create_dataset({ name: 'X', data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });

/** A whole X of patients P1, P2 and genes A, B, or whatever is put in its place. */
async function file({ x = dense, samples = ['P1', 'P2'], obs, var: ofGenes }: Made): Promise<string> {
  await ready;
  const path = join(folder, `made-${made++}.h5ad`);
  const hdf5 = new File(path, 'w');
  x(hdf5);
  const [rows, columns] = [hdf5.create_group('obs'), hdf5.create_group('var')];
  if (obs) obs(rows);
  else rows.create_dataset({ name: '_index', data: samples });
  if (ofGenes) ofGenes(columns);
  else columns.create_dataset({ name: '_index', data: ['A', 'B'] });
  hdf5.close();
  return path;
}

function sparse(data: Float32Array, indices: Int32Array, indptr: Int32Array, shape = [2, 2], encoding = 'csr_matrix') {
  return (hdf5: File) => {
    const group = hdf5.create_group('X');
    group.create_attribute('encoding-type', encoding);
    group.create_attribute('shape', Int32Array.from(shape));
    group.create_dataset({ name: 'data', data });
    group.create_dataset({ name: 'indices', data: indices });
    group.create_dataset({ name: 'indptr', data: indptr });
  };
}

const failure = async (parts: Made) =>
  readExpression(await file(parts), context, []).then(
    () => 'read',
    (error: unknown) => (error instanceof InputError ? error.message : `crashed: ${(error as Error).stack ?? ''}`),
  );

describe('AnnData that is not whole', () => {
  it('is refused for what is wrong with it', async () => {
    expect(await failure({})).toBe('read');
    expect(await failure({ x: () => undefined })).toMatch(/there is no matrix 'X' \(the file has: obs, var\)/);
    expect(
      await failure({ x: (hdf5) => void hdf5.create_dataset({ name: 'X', data: Float32Array.of(1, 2) }) }),
    ).toMatch(/X has the shape \[2\]/);
    expect(
      await failure({
        x: (hdf5) => void hdf5.create_dataset({ name: 'X', data: ['a', 'b', 'c', 'd'], shape: [2, 2] }),
      }),
    ).toMatch(/'\/X' is of type/);
    expect(await failure({ samples: ['P1', 'P2', 'P3'] })).toMatch(/X is 2 × 2, but obs has 3 rows and var 2/);
    expect(await failure({ obs: () => undefined })).toMatch(/'\/obs' has no index/);
    expect(
      await failure({ obs: (obs) => void obs.create_dataset({ name: '_index', data: Int32Array.of(1, 2) }) }),
    ).toMatch(/is no column of text/);
    expect(await failure({ samples: ['P1', 'P1'] })).toMatch(/'P1' has several rows.*sum the cells of each patient/);
  });

  it('is refused where X holds no value, with the layers that do', async () => {
    const filled = (x: number) => (hdf5: File) => {
      hdf5.create_dataset({ name: 'X', data: Float32Array.of(x, x, x, x), shape: [2, 2] });
      hdf5.create_group('layers').create_dataset({ name: 'counts', data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    };
    for (const x of [NaN, 0])
      expect(await failure({ x: filled(x) })).toMatch(
        /X holds no value but zeros and NaN; the layers are: counts.*adata\.layers\['counts'\]/,
      );
    expect(await failure({ x: (hdf5) => void hdf5.create_group('layers').create_group('tpm') })).toMatch(
      /there is no matrix 'X'.*layers are: tpm/,
    );
  });

  it('is refused for numbers that single precision does not hold', async () => {
    const large = Float64Array.of(1, 1e39, 3, 4);
    const expected = /row 1: the cell in column 'B' holds '1e\+39', which is too large/;
    expect(await failure({ x: (hdf5) => void hdf5.create_dataset({ name: 'X', data: large, shape: [2, 2] }) })).toMatch(
      expected,
    );
  });

  it('names its genes in the column of var that has those of the gene sets', async () => {
    const problems: Problem[] = [];
    const numbered = await file({
      var: (columns) => {
        columns.create_dataset({ name: '_index', data: Int32Array.of(0, 1) });
        columns.create_dataset({ name: 'kind', data: ['coding', 'coding'] });
        columns.create_dataset({ name: 'features', data: ['A', 'B'] });
      },
    });
    const { expression } = await readExpression(numbered, context, problems);
    expect([expression.genes, [...expression.values]]).toEqual([['A', 'B'], [1, 2, 3, 4]]); // prettier-ignore
    expect(problems.map(({ message }) => message)).toEqual([
      "the index of 'var' (0, 1) holds 0 of the genes of the gene sets, its column 'features' 1",
    ]);
  });

  it('is refused where the parts of a sparse matrix do not fit', async () => {
    const [data, indices] = [Float32Array.of(1, 2), Int32Array.of(0, 1)];
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 1, 2)) })).toBe('read');
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 1, 2), [2, 2], 'csc_matrix') })).toBe('read');
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 1, 9)) })).toMatch(
      /parts of X do not fit together/,
    );
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 2, 1)) })).toMatch(
      /parts of X do not fit together/,
    );
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, -1, 2)) })).toMatch(
      /parts of X do not fit together/,
    );
    expect(await failure({ x: sparse(data, Int32Array.of(0, 7), Int32Array.of(0, 1, 2)) })).toMatch(
      /X has the column 7 of 2/,
    );
    expect(await failure({ x: sparse(data, Int32Array.of(0), Int32Array.of(0, 1, 2)) })).toMatch(
      /neither a matrix nor CSR nor CSC/,
    );
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 1, 2), [1000000000, 2]) })).toMatch(
      /shape of X does not fit/,
    );
    expect(await failure({ x: sparse(data, indices, Int32Array.of(0, 1, 2), [2, 1000000000]) })).toMatch(
      /but obs has 2 rows and var 2/,
    );
  });

  it('is refused where it claims more than memory holds', async () => {
    const huge = (hdf5: File) =>
      void hdf5
        .create_dataset({ name: 'X', data: Float32Array.of(), shape: [0, 2], maxshape: [null, 2], chunks: [64, 2] })
        .resize([2 ** 40, 2]);
    expect(await failure({ x: huge })).toMatch(/but obs has 2 rows/);
    const names = (obs: Group) =>
      void obs
        .create_dataset({ name: '_index', data: ['P1'], shape: [1], maxshape: [null], chunks: [64] })
        .resize([2 ** 40]);
    expect(await failure({ obs: names })).toMatch(/'\/obs\/_index' has 1099511627776 names/);
  });
});

it('AnnData with damaged bytes is refused or read', async () => {
  const whole = readFileSync(join(import.meta.dirname, 'fixtures/csr.h5ad'));
  const random = (i: number) => bits(key(1, 'h5ad'), i);
  for (let i = 0; i < 60; i++) {
    const damaged = Buffer.from(whole);
    damaged[random(3 * i) % whole.length] = random(3 * i + 1) % 256;
    const bytes = i % 4 === 0 ? damaged.subarray(0, random(3 * i + 2) % whole.length) : damaged;
    const path = write(folder, `damaged-${i}.h5ad`, bytes);
    await readExpression(path, context, []).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
    });
  }
});
