import { describe, expect, test } from 'vitest';
import {
  abs,
  add,
  clip,
  constant,
  div,
  elu,
  erf,
  exp,
  floor,
  gelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  sigmoid,
  sign,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
  type Operand,
  type Value,
} from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError, slopes } from '../testing/central-differences.js';
import { distinct, given, mixed, positive } from '../testing/samples.js';

const binary: Record<string, (a: Operand, b: Operand) => Value> = { add, sub, mul, div, maximum, minimum };
const unary: Record<string, (x: Value) => Value> = { neg, exp, square, abs, tanh, sigmoid, relu, elu, erf, gelu };

describe('gradients agree with central differences', () => {
  const shapes: [number[], number[]][] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], []],
    [[], []],
    [[3], [2, 3]],
    [
      [2, 1, 4],
      [3, 1],
    ],
    [[1, 1], [1]],
    [
      [1, 3],
      [2, 1],
    ],
    [[0, 3], [3]],
  ];
  for (const [name, op] of Object.entries(binary)) {
    test.each(shapes)(`${name} of [%s] and [%s]`, async (a, b) => {
      // `distinct` keeps every element 0.05 from every element of the other argument: no tie is crossed.
      const other =
        name === 'div'
          ? positive(...b)
          : {
              shape: b,
              draw: (seed: number) =>
                distinct(...b)
                  .draw(seed)
                  .map((x) => x + 0.05),
            };
      await expectGradients([distinct(...a), other], op);
    });
    test(`${name} of a value with itself and with a number`, async () => {
      await expectGradients([positive(2, 3)], (x) =>
        name === 'maximum' || name === 'minimum' ? op(x, 9) : op(x, op(x, x)),
      );
      await expectGradients([positive(2, 3)], (x) => op(12, x));
    });
  }
  for (const [name, op] of Object.entries(unary)) {
    test.each([[[2, 3]], [[1]], [[]], [[2, 0]]])(`${name} of [%s]`, (shape) => expectGradients([mixed(...shape)], op));
  }
  test.each([[[2, 3]], [[]], [[0]]])('log and sqrt of [%s]', async (shape) => {
    await expectGradients([positive(...shape)], log);
    await expectGradients([positive(...shape)], sqrt);
  });
  test('clip, below, within and above its ends', async () => {
    await expectGradients([given([5], [-2, -0.5, 0.3, 0.9, 4])], (x) => mul(clip(x, -1, 1), x));
    expect(await slopes([-1, 0, 1, 1.5], (x) => clip(x, -1, 1))).toEqual([1, 1, 1, 0]);
  });
  test('saturated units', async () => {
    await expectGradients([given([6], [-30, -8, -4, 4, 8, 30])], (x) =>
      add(add(tanh(x), sigmoid(x)), add(elu(x), gelu(x))),
    );
  });
});

describe('at the kinks', () => {
  test('relu is flat at 0', async () => expect(await slopes([-1, 0, 2], relu)).toEqual([0, 0, 1]));
  test('elu is smooth at 0', async () => expect(await slopes([0], elu)).toEqual([1]));
  test('abs has slope 0 at 0', async () => expect(await slopes([-2, 0, 3], abs)).toEqual([-1, 0, 1]));
  test('no gradient flows through sign and floor', async () => {
    expect(await slopes([-1.5, 0, 2.5], (x) => add(sign(x), floor(x)))).toEqual([0, 0, 0]);
    expect([...(await evaluate([given([3], [-1.5, 0, 2.5])], floor)).y]).toEqual([-2, 0, 2]);
  });
  test('stopGradient leaves the value and hides it from differentiation', async () => {
    const point = [-1.5, 0, 2.5];
    expect([...(await evaluate([given([3], point)], stopGradient)).y]).toEqual(point);
    expect(await slopes(point, (x) => mul(x, stopGradient(x)))).toEqual(point); // x·(x held fixed), not x²
  });
  test('sign of the smallest and the largest numbers', async () => {
    expect([...(await evaluate([given([6], [1.2e-38, -1.2e-38, 3.4e38, -3.4e38, Infinity, 0])], sign)).y]).toEqual([
      1, -1, 1, -1, 1, 0,
    ]);
  });
  test('a tie of maximum or minimum goes to the first argument', async () => {
    for (const op of [maximum, minimum]) {
      const { gradients } = await evaluate([given([1], [3]), given([1], [3])], op);
      expect(gradients[0][0]).not.toBe(0);
      expect(gradients[1][0]).toBe(0);
    }
  });
});

test('large arrays: the same bits at one and two threads', async () => {
  const shape = [64, 1500];
  await expectSameBits([mixed(...shape), positive(1500), positive(64, 1)], (x, y, z) => {
    const units = Object.values(unary).reduce((total, op) => add(total, op(x)), constant(0));
    return maximum(minimum(div(mul(units, y), z), sub(add(x, log(y)), sqrt(z))), z);
  });
});

test.each([
  ['Add', add],
  ['Sub', sub],
  ['Mul', mul],
  ['Div', div],
  ['Max', maximum],
  ['Min', minimum],
])('%s: a shape error names the operation and the shapes', (name, op) => expectShapeError(name, [[2, 3], [2]], op));
