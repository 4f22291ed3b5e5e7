import { describe, expect, test } from 'vitest';
import {
  add,
  cast,
  compile,
  constant,
  gather,
  gatherElements,
  input,
  integers,
  lengthOf,
  mul,
  scatterAdd,
  type Value,
} from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

describe('gradients agree with central differences', () => {
  test('gather along each axis, indices repeated and left out', async () => {
    await expectGradients([mixed(3, 2)], (x) => gather(x, integers([2, 0, 2, 2])));
    await expectGradients([mixed(2, 3, 2)], (x) => gather(x, integers([1, 1, 0, 2], [2, 2]), 1));
    await expectGradients([mixed(2, 3)], (x) => gather(x, integers([0, 0]), -1));
    await expectGradients([mixed(4)], (x) => gather(x, integers([3], [])));
    await expectGradients([mixed(1)], (x) => gather(x, integers([0, 0, 0])));
    await expectGradients([mixed(3, 2)], (x) => gather(x, integers([])));
    await expectGradients([mixed(0, 2)], (x) => gather(x, integers([])));
  });
  test('gather with indices counted from the end', () =>
    expectGradients([mixed(3, 2)], (x) => gather(x, integers([-1, 0, -3]))));

  test('gatherElements along each axis, indices repeated and left out', async () => {
    await expectGradients([mixed(3, 4)], (x) => gatherElements(x, integers([0, 1, 2, 2, 0, 0, 1, 1], [2, 4]), 0));
    await expectGradients([mixed(2, 3)], (x) => gatherElements(x, integers([2, 2, 2, 2, 0, 0, 0, 1], [2, 4]), -1));
    await expectGradients([mixed(2, 2, 2)], (x) => gatherElements(x, integers([1, 1, 0, 0], [2, 1, 2]), 1));
    await expectGradients([mixed(3, 3)], (x) => gatherElements(x, integers([2, 0], [1, 2]), 0));
    await expectGradients([mixed(1, 1)], (x) => gatherElements(x, integers([0, 0], [1, 2]), 1));
    await expectGradients([mixed(2, 3)], (x) => gatherElements(x, integers([], [2, 0]), 1));
  });

  test('scatterAdd along each axis, indices repeated and left out', async () => {
    await expectGradients([mixed(2, 4)], (x) => scatterAdd([3, 4], integers([0, 1, 2, 2, 0, 0, 1, 1], [2, 4]), x, 0));
    await expectGradients([mixed(2, 4)], (x) => scatterAdd([2, 3], integers([2, 2, 2, 2, 0, 0, 0, 1], [2, 4]), x, -1));
    await expectGradients([mixed(2, 1, 2)], (x) => scatterAdd([2, 2, 2], integers([1, 1, 0, 0], [2, 1, 2]), x, 1));
    await expectGradients([mixed(1)], (x) => scatterAdd([1], integers([0]), x, 0));
    await expectGradients([mixed(0)], (x) => scatterAdd([2], integers([]), x, 0));
  });

  test('what was gathered, changed and scattered back', () => {
    const indices = integers([0, 2, 2, 1, 0, 0], [3, 2]);
    return expectGradients([mixed(3, 2)], (x) =>
      mul(x, scatterAdd([3, 2], indices, mul(gatherElements(x, indices, 0), 2), 0)),
    );
  });
});

test('repeated indices add up', async () => {
  const scattered = await evaluate([given([4], [1, 2, 4, 8])], (x) => scatterAdd([3], integers([2, 0, 2, 2]), x, 0));
  expect([...scattered.y]).toEqual([2, 0, 13]);
  const gathered = await evaluate([given([3], [5, 6, 7])], (x) => gather(x, integers([2, 0, 2, 2])));
  expect([...gathered.y]).toEqual([7, 5, 7, 7]);
});

test('thousands of updates to a few places: the same bits at one and two threads, in every run', () => {
  const indices = integers(
    Array.from({ length: 300 * 200 }, (_, i) => (i * 7919) % 5),
    [300, 200],
  );
  const scatter = (x: Value) => scatterAdd([5, 200], indices, x, 0);
  return expectSameBits(
    [mixed(300, 200), mixed(5, 200)],
    (x, y) => add(scatter(x), scatter(gatherElements(y, indices, 0))),
    { runs: 20 },
  );
});

test('the length of an axis', async () => {
  const [rows, columns] = [0, -1].map((axis) => (x: Value) => cast(lengthOf(x, axis), 'float32'));
  expect([...(await evaluate([mixed(4, 3)], rows)).y]).toEqual([4]);
  expect([...(await evaluate([mixed(4, 3)], columns)).y]).toEqual([3]);
});

test('an index beyond the axis fails when the program runs', async () => {
  const x = input('x', [2, 2]);
  const program = await compile({ y: gather(x, integers([5])) });
  await expect(program.run({ x: new Float32Array(4) })).rejects.toThrow('Gather');
  await program.dispose();
});

describe('a shape error names the operation and the shapes', () => {
  test('Gather', () => {
    expectShapeError('Gather', [[]], (x) => gather(x, integers([0, 0])));
    expectShapeError('Gather', [[2, 3]], (x) => gather(x, integers([0, 0]), 2));
  });
  test('GatherElements', () => {
    expectShapeError('GatherElements', [[2, 3], [2]], (x) => gatherElements(x, integers([0, 0]), 0));
    expectShapeError('GatherElements', [[2, 3]], (x) => gatherElements(x, integers([0, 0], [2, 1]), 2));
    expectShapeError(
      'GatherElements',
      [
        [2, 1],
        [1, 2],
      ],
      (x) => gatherElements(x, integers([0, 0], [1, 2]), 0),
    );
  });
  test('ScatterElements', () => {
    expectShapeError('ScatterElements', [[2], [3]], (_, x) => scatterAdd([4], integers([0, 0]), x, 0));
    expectShapeError('ScatterElements', [[2], [2]], (_, x) => scatterAdd([2, 2], integers([0, 0]), x, 0));
    expectShapeError('ScatterElements', [[2]], (x) => scatterAdd([2], integers([0, 0]), x, 1));
  });
  test('indices of another type', () => {
    expect(() => gather(constant([1, 2]), constant([0, 1]))).toThrow('Gather: indices are float32, not int64');
  });
});
