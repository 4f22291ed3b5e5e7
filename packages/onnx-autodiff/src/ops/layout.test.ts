import { describe, expect, test } from 'vitest';
import { add, concat, expand, mul, pad, reshape, slice, transpose } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

describe('gradients agree with central differences', () => {
  test.each([
    [
      [2, 3],
      [3, 2],
    ],
    [
      [2, 3, 4],
      [-1, 6],
    ],
    [[2, 3], [6]],
    [[1], []],
    [[], [1, 1]],
    [
      [0, 3],
      [3, 0, 2],
    ],
    [
      [2, 3],
      [2, 3],
    ],
  ])('reshape of [%s] to [%s]', (from, to) => expectGradients([mixed(...from)], (x) => reshape(x, to)));

  test.each([
    [
      [2, 3],
      [1, 0],
    ],
    [
      [2, 3, 4],
      [2, 0, 1],
    ],
    [
      [2, 1, 3, 2],
      [3, 1, 0, 2],
    ],
    [
      [2, 3],
      [0, 1],
    ],
    [[], []],
    [
      [0, 3],
      [1, 0],
    ],
  ])('transpose of [%s] to the order [%s]', (shape, order) =>
    expectGradients([mixed(...shape)], (x) => transpose(x, order)),
  );

  test.each([
    [[], [2, 3]],
    [[3], [2, 3]],
    [
      [2, 1],
      [4, 2, 3],
    ],
    [
      [1, 1],
      [1, 1],
    ],
    [[1], [0]],
    [
      [2, 1],
      [2, 0],
    ],
  ])('expand of [%s] to [%s]', (from, to) => expectGradients([mixed(...from)], (x) => expand(x, to)));

  test('concat', async () => {
    await expectGradients([mixed(2, 3), mixed(2, 1), mixed(2, 2)], (x, y, z) => concat([x, y, z], -1));
    await expectGradients([mixed(1), mixed(2)], (x, y) => concat([x, y, x], 0));
    await expectGradients([mixed(2, 3, 1), mixed(2, 1, 1)], (x, y) => concat([x, y], 1));
    await expectGradients([mixed(2, 3)], (x) => concat([x], 0));
    await expectGradients([mixed(2, 0), mixed(2, 2)], (x, y) => concat([x, y], 1));
  });

  test.each([
    [[5], 0, 1, 4],
    [[2, 3, 4], 1, 0, 2],
    [[2, 3], -1, 2, 3],
    [[1, 1], 0, 0, 1],
    [[2, 3], 1, 1, 1],
  ])('slice of [%s] along axis %s from %s to %s', (shape, axis, start, end) =>
    expectGradients([mixed(...shape)], (x) => slice(x, axis, start, end)),
  );

  test.each([
    [[3], 0, 1, 2],
    [[2, 3], -1, 0, 2],
    [[2, 1, 2], 1, 3, 0],
    [[2], 0, 0, 0],
    [[0, 2], 0, 1, 1],
  ])('pad of [%s] along axis %s by %s and %s', (shape, axis, before, after) =>
    expectGradients([mixed(...shape)], (x) => pad(x, axis, before, after)),
  );

  test('one value read in several parts', () =>
    expectGradients([mixed(4, 3)], (x) => {
      const turned = transpose(slice(reshape(x, [3, 4]), 1, 1, 4), [1, 0]);
      return mul(slice(x, 0, 0, 3), add(slice(x, 0, 1, 4), turned));
    }));
});

test('elements land where they should', async () => {
  const x = given([2, 3], [1, 2, 3, 4, 5, 6]);
  expect([...(await evaluate([x], (v) => transpose(v, [1, 0]))).y]).toEqual([1, 4, 2, 5, 3, 6]);
  expect([...(await evaluate([x], (v) => slice(v, 1, 1, 3))).y]).toEqual([2, 3, 5, 6]);
  expect([...(await evaluate([x], (v) => pad(v, 1, 1, 0))).y]).toEqual([0, 1, 2, 3, 0, 4, 5, 6]);
  expect([...(await evaluate([x], (v) => concat([v, v], 1))).y]).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  expect([...(await evaluate([given([2, 1], [1, 2])], (v) => expand(v, [2, 2]))).y]).toEqual([1, 1, 2, 2]);
});

test('large arrays: the same bits at one and two threads', () =>
  expectSameBits([mixed(64, 50, 40), mixed(40)], (x, y) =>
    concat([transpose(pad(x, 1, 2, 3), [2, 0, 1]), transpose(expand(y, [64, 55, 40]), [2, 0, 1])], 2),
  ));

describe('a shape error names the operation and the shapes', () => {
  test('Reshape', () => {
    expectShapeError('Reshape', [[2, 3]], (x) => reshape(x, [4]));
    expectShapeError('Reshape', [[2, 3]], (x) => reshape(x, [-1, 4]));
    expectShapeError('Reshape', [[2, 3]], (x) => reshape(x, [-1, -1]));
    expectShapeError('Reshape', [[0, 3]], (x) => reshape(x, [0, -1]));
    expectShapeError('Reshape', [[2, 3]], (x) => reshape(x, [-2, -3]));
  });
  test('Transpose', () => {
    expectShapeError('Transpose', [[2, 3]], (x) => transpose(x, [0]));
    expectShapeError('Transpose', [[2, 3]], (x) => transpose(x, [0, 0]));
  });
  test('Expand', () => {
    expectShapeError('Expand', [[2, 3]], (x) => expand(x, [3, 3]));
    expectShapeError('Expand', [[2, 3]], (x) => expand(x, [3]));
  });
  test('Concat', () => {
    expectShapeError(
      'Concat',
      [
        [2, 3],
        [3, 3],
      ],
      (x, y) => concat([x, y], 1),
    );
    expectShapeError('Concat', [[2, 3]], (x) => concat([x, x], 2));
    expectShapeError('Concat', [[]], (x) => concat([x, x], 0));
    expect(() => concat([], 0)).toThrow('Concat');
  });
  test('Slice', () => {
    expectShapeError('Slice', [[2, 3]], (x) => slice(x, 1, 1, 4));
    expectShapeError('Slice', [[2, 3]], (x) => slice(x, 2, 0, 1));
    expectShapeError('Slice', [[2, 3]], (x) => slice(x, 0, 2, 1));
  });
  test('Pad', () => {
    expectShapeError('Pad', [[2, 3]], (x) => pad(x, 0, -1, 0));
    expectShapeError('Pad', [[2, 3]], (x) => pad(x, 2, 1, 0));
  });
});
