import { describe, expect, test } from 'vitest';
import { add, and, cast, compile, constant, equal, greater, greaterOrEqual, mul, where, type Value } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError, slopes } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

const checkerboard = (...shape: number[]) =>
  constant(
    Uint8Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => (i % 3 === 0 ? 1 : 0)),
    shape,
  );

describe('gradients agree with central differences', () => {
  test.each([
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [], []],
    [[3], [2, 1], [2, 3]],
    [[2, 1, 1], [3, 1], [4]],
    [[], [2], [1, 2]],
    [[1], [1, 1], []],
    [[0, 2], [2], [0, 1]],
  ])('where of condition [%s], [%s] and [%s]', async (condition, a, b) => {
    await expectGradients([mixed(...a), mixed(...b)], (x, y) => where(checkerboard(...condition), x, y));
  });
  test('where chosen by the values themselves, and with numbers', async () => {
    await expectGradients([mixed(3, 4)], (x) => where(greater(x, 0), mul(x, 3), mul(x, x)));
    await expectGradients([mixed(3, 4)], (x) => add(where(greater(0, x), x, 0), where(greater(0, x), 1, x)));
  });
});

test('comparisons are exact at equality', async () => {
  const one = constant([1, 2, 3]);
  const other = constant([2, 2, 2]);
  const numbers = async (condition: Value) => {
    const program = await compile({ y: cast(condition, 'float32') });
    const { y } = await program.run({});
    await program.dispose();
    return [...y];
  };
  expect(await numbers(greater(one, other))).toEqual([0, 0, 1]);
  expect(await numbers(greaterOrEqual(one, other))).toEqual([0, 1, 1]);
  expect(await numbers(equal(one, other))).toEqual([0, 1, 0]);
  expect(await numbers(and(greaterOrEqual(one, other), greaterOrEqual(other, one)))).toEqual([0, 1, 0]);
});

test('no gradient flows through comparisons and casts', async () => {
  expect(await slopes([-1, 0, 1], (x) => cast(greater(x, 0), 'float32'))).toEqual([0, 0, 0]);
  expect(await slopes([-1, 0, 1], (x) => cast(cast(x, 'int64'), 'float32'))).toEqual([0, 0, 0]);
});

test('what where does not choose may be infinite', async () => {
  const { gradients } = await evaluate([given([2], [2, 3]), given([2], [Infinity, 1])], (x, y) =>
    where(greater(y, 5), x, y),
  );
  expect([...gradients[0], ...gradients[1]].every(Number.isFinite)).toBe(true);
});

test('large arrays: the same bits at one and two threads', () =>
  expectSameBits([mixed(300, 400), mixed(400)], (x, y) => where(greater(x, y), x, y)));

test.each([
  ['Greater', greater],
  ['GreaterOrEqual', greaterOrEqual],
  ['Equal', equal],
  ['And', and],
])('%s: a shape error names the operation and the shapes', (name, op) =>
  expectShapeError(
    name,
    [
      [2, 3],
      [4, 3],
    ],
    op,
  ),
);
test('Where: a shape error names the operation and the shapes', () => {
  expectShapeError('Where', [[2], [2, 3], [3]], where);
  expectShapeError('Where', [[2], [2], [3]], where);
});
