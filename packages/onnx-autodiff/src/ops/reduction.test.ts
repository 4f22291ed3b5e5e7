import { describe, expect, test } from 'vitest';
import { add, logSoftmax, max, mean, mul, softmax, sum, type Value } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { distinct, given, mixed } from '../testing/samples.js';
import { sumTo } from './broadcasting.js';

const reductions: Record<string, (x: Value, axes?: readonly number[], keep?: boolean) => Value> = { sum, mean, max };

describe('gradients agree with central differences', () => {
  describe.each(Object.entries(reductions))('%s', (_name, reduce) => {
    test.each([
      [[2, 3], undefined],
      [[2, 3, 4], [1]],
      [
        [2, 3, 4],
        [0, -1],
      ],
      [
        [3, 2],
        [0, 1],
      ],
      [[2, 1, 3], [1]],
      [[1, 1], [0]],
      [[1], undefined],
      [[], undefined],
    ])('of [%s] over axes %s', async (shape, axes) => {
      await expectGradients([distinct(...shape)], (x) => reduce(x, axes));
      await expectGradients([distinct(...shape)], (x) => mul(x, reduce(x, axes, true)));
    });
    test('over no axes is the identity', () => expectGradients([distinct(2, 3)], (x) => reduce(x, [])));
  });
  test.each([
    [[2, 3], -1],
    [[2, 3, 2], 1],
    [[3, 2], 0],
    [[2, 1], 1],
    [[1], 0],
    [[0, 3], 1],
  ])('softmax and logSoftmax of [%s] along axis %s', async (shape, axis) => {
    await expectGradients([mixed(...shape)], (x) => softmax(mul(x, 3), axis));
    await expectGradients([mixed(...shape)], (x) => logSoftmax(mul(x, 3), axis));
  });
  test.each([
    [
      [2, 3, 4],
      [3, 1],
    ],
    [[2, 3], []],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [1, 2, 1],
      [2, 1],
    ],
    [[1, 1], []],
  ])('sumTo from [%s] to [%s]', (from, to) => expectGradients([mixed(...from)], (x) => sumTo(x, to)));
});

test('sums over nothing are 0, and the gradient has no elements', async () => {
  const { y, gradients } = await evaluate([mixed(2, 0)], (x) => sum(x, [1]));
  expect([...y]).toEqual([0, 0]);
  expect(gradients[0].length).toBe(0);
});

test('equal maxima share the gradient', async () => {
  const { gradients } = await evaluate([given([2, 3], [5, 1, 5, 2, 2, 2])], (x) => max(x, [1]));
  const [a, b, c, d, e, f] = gradients[0];
  expect(Math.abs(b)).toBe(0);
  expect(a).toBe(c);
  expect(d).toBe(e);
  expect(e).toBe(f);
});

test('softmax and its logarithm stand large numbers', async () => {
  const large = given([3], [1000, 999, -1000]);
  const p = 1 / (1 + Math.exp(-1));
  const { y, gradients } = await evaluate([large], (x) => softmax(x));
  [p, 1 - p, 0].forEach((value, i) => expect(y[i]).toBeCloseTo(value, 6));
  const logarithm = await evaluate([large], (x) => logSoftmax(x));
  expect(logarithm.y[2]).toBeCloseTo(-2000 + Math.log(p), 2);
  expect([...gradients[0], ...logarithm.gradients[0]].every(Number.isFinite)).toBe(true);
});

test('large arrays: the same bits at one and two threads', () =>
  expectSameBits([mixed(3, 400, 200)], (x) =>
    add(add(add(sum(x), mean(x, [1], true)), add(max(x, [2], true), sum(x, [0]))), add(softmax(x), logSoftmax(x, 1))),
  ));

const named = [
  ['ReduceSum', sum],
  ['ReduceMean', mean],
  ['ReduceMax', max],
] as const;
test.each(named)('%s: a shape error names the operation and the shapes', (name, op) => {
  expectShapeError(name, [[2, 3]], (x) => op(x, [2]));
  expectShapeError(name, [[2, 3]], (x) => op(x, [-3]));
  expectShapeError(name, [[2, 3]], (x) => op(x, [1, -1]));
});
test.each([
  ['Softmax', softmax],
  ['LogSoftmax', logSoftmax],
])('%s: a shape error names the operation and the shapes', (name, op) =>
  expectShapeError(name, [[2, 3]], (x) => op(x, 2)),
);
