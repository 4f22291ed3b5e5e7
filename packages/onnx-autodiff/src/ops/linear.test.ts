import { describe, expect, test } from 'vitest';
import { add, gemm, linear, matmul, sum } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

describe('gradients agree with central differences', () => {
  test.each([
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [2, 3, 1],
    ],
    [
      [2, 3, 4],
      [4, 2],
    ],
    [
      [3, 2],
      [2, 2, 4],
    ],
    [
      [2, 1, 2, 3],
      [3, 3, 2],
    ],
    [
      [1, 1],
      [1, 1],
    ],
    [
      [1, 2, 3],
      [2, 3, 2],
    ],
    [
      [0, 3],
      [3, 2],
    ],
    [
      [2, 0],
      [0, 3],
    ],
  ])('matmul of [%s] and [%s]', (a, b) => expectGradients([mixed(...a), mixed(...b)], matmul));

  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('gemm, transposed: %s, %s', async (transA, transB) => {
    const matrix = (rows: number, columns: number, transposed: boolean) =>
      transposed ? mixed(columns, rows) : mixed(rows, columns);
    for (const [n, k, m] of [
      [2, 3, 4],
      [1, 1, 1],
      [1, 3, 1],
      [0, 2, 3],
      [2, 0, 3],
    ] as const) {
      await expectGradients([matrix(n, k, transA), matrix(k, m, transB)], (a, b) => gemm(a, b, { transA, transB }));
    }
  });

  test('a matrix times itself', async () => {
    await expectGradients([mixed(3, 3)], (x) => matmul(x, x));
    await expectGradients([mixed(3, 3)], (x) => gemm(x, x, { transB: true }));
  });

  test.each([[[3]], [[2, 3]], [[2, 2, 3]], [[1, 1, 3]], [[0, 3]]])(
    'linear of [%s], with and without bias',
    async (shape) => {
      await expectGradients([mixed(...shape), mixed(4, 3), mixed(4)], linear);
      await expectGradients([mixed(...shape), mixed(4, 3)], (x, w) => linear(x, w));
      await expectGradients([mixed(...shape), mixed(1, 3), mixed(1)], linear);
    },
  );

  test('linear of rows without elements gives the bias', () =>
    expectGradients([mixed(2, 0), mixed(3, 0), mixed(3)], linear));
});

test('products are those of linear algebra', async () => {
  const a = given([2, 2], [1, 2, 3, 4]);
  const b = given([2, 2], [5, 6, 7, 8]);
  expect([...(await evaluate([a, b], matmul)).y]).toEqual([19, 22, 43, 50]);
  expect([...(await evaluate([a, b], (x, y) => gemm(x, y, { transA: true }))).y]).toEqual([26, 30, 38, 44]);
  expect([...(await evaluate([a, b], linear)).y]).toEqual([17, 23, 39, 53]);
  expect([...(await evaluate([a, b, given([2], [100, 200])], linear)).y]).toEqual([117, 223, 139, 253]);
});

test('large matrices: the same bits at one and two threads', () =>
  expectSameBits([mixed(4, 120, 200), mixed(200, 150), mixed(30, 150), mixed(30)], (x, y, w, b) => {
    const product = linear(matmul(x, y), w, b);
    return add(product, sum(product));
  }));

describe('a shape error names the operation and the shapes', () => {
  test('MatMul', () => {
    expectShapeError(
      'MatMul',
      [
        [2, 3],
        [2, 3],
      ],
      matmul,
    );
    expectShapeError(
      'MatMul',
      [
        [2, 2, 3],
        [3, 3, 2],
      ],
      matmul,
    );
    expectShapeError('MatMul', [[3], [3, 2]], matmul);
  });
  test('Gemm', () => {
    expectShapeError(
      'Gemm',
      [
        [2, 3],
        [2, 3],
      ],
      (a, b) => gemm(a, b),
    );
    expectShapeError(
      'Gemm',
      [
        [2, 3],
        [3, 2],
      ],
      (a, b) => gemm(a, b, { transA: true, transB: false }),
    );
    expectShapeError(
      'Gemm',
      [
        [2, 2, 3],
        [3, 2],
      ],
      (a, b) => gemm(a, b),
    );
  });
  test('linear', () => {
    expectShapeError('linear', [[2, 3], [4, 2], [4]], linear);
    expectShapeError('linear', [[2, 3], [4, 3], [3]], linear);
    expectShapeError(
      'linear',
      [
        [2, 3],
        [4, 3],
        [4, 1],
      ],
      linear,
    );
    expectShapeError('linear', [[], [4, 3]], (x, w) => linear(x, w));
  });
});
