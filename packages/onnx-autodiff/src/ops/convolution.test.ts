import { describe, expect, test } from 'vitest';
import { conv2d, type ConvolutionOptions, type Value } from '../index.js';
import { evaluate, expectGradients, expectSameBits, expectShapeError } from '../testing/central-differences.js';
import { given, mixed } from '../testing/samples.js';

const conv = (x: Value, w: Value, b?: Value) => conv2d(x, w, b);

describe('gradients agree with central differences', () => {
  const cases: [image: number[], kernel: number[], options: ConvolutionOptions][] = [
    [[1, 1, 4, 4], [1, 1, 3, 3], {}],
    [[2, 2, 4, 3], [3, 2, 2, 1], {}],
    [[2, 3, 3, 3], [2, 3, 1, 1], {}],
    [[2, 4, 3, 3], [6, 2, 1, 1], { groups: 2 }],
    [[1, 2, 5, 4], [2, 2, 3, 3], { padding: 1 }],
    [[2, 2, 7, 6], [2, 2, 3, 2], { stride: 2 }],
    [[1, 2, 10, 9], [2, 1, 6, 6], { stride: 4, padding: 1, groups: 2 }], // depthwise; the last stride leaves columns over
    [[2, 4, 7, 5], [6, 2, 3, 2], { stride: 2, padding: 1, groups: 2 }],
    [[1, 1, 5, 5], [1, 1, 2, 2], { stride: 3 }], // strides that step over pixels
    [[1, 2, 6, 7], [2, 2, 2, 3], { dilation: 2, padding: 1 }],
    [[1, 2, 9, 8], [2, 1, 3, 2], { dilation: 2, stride: 3, padding: 2, groups: 2 }],
    [[1, 1, 1, 1], [1, 1, 1, 1], {}],
    [[1, 1, 2, 2], [1, 1, 4, 4], { padding: 1 }],
    [[1, 1, 3, 3], [1, 1, 1, 1], { padding: 2 }],
    [[0, 2, 3, 3], [2, 2, 2, 2], {}],
  ];
  test.each(cases)('image [%s], kernel [%s], %o', async (image, kernel, options) => {
    await expectGradients([mixed(...image), mixed(...kernel), mixed(kernel[0])], (x, w, b) => conv2d(x, w, b, options));
    await expectGradients([mixed(...image), mixed(...kernel)], (x, w) => conv2d(x, w, undefined, options));
  });
});

test('the kernel is not flipped', async () => {
  const image = given([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
  const kernel = given([1, 1, 1, 2], [10, 1]);
  expect([...(await evaluate([image, kernel, given([1], [100])], conv)).y]).toEqual([112, 123, 145, 156]);
});

test('large images: the same bits at one and two threads', async () => {
  const options = { stride: 2, padding: 1, groups: 2 };
  await expectSameBits([mixed(2, 16, 40, 40), mixed(32, 8, 3, 3), mixed(32)], (x, w, b) => conv2d(x, w, b, options));
});

test('Conv: a shape error names the operation and the shapes', () => {
  expectShapeError(
    'Conv',
    [
      [1, 3, 4, 4],
      [2, 2, 3, 3],
    ],
    conv,
  );
  expectShapeError(
    'Conv',
    [
      [1, 0, 4, 4],
      [2, 0, 3, 3],
    ],
    conv,
  );
  expectShapeError(
    'Conv',
    [
      [1, 4, 4, 4],
      [3, 2, 3, 3],
    ],
    (x, w) => conv2d(x, w, undefined, { groups: 2 }),
  );
  expectShapeError(
    'Conv',
    [
      [4, 4],
      [2, 2],
    ],
    conv,
  );
  expectShapeError(
    'Conv',
    [
      [1, 1, 2, 2],
      [1, 1, 3, 3],
    ],
    conv,
  );
  expectShapeError('Conv', [[1, 1, 4, 4], [2, 1, 3, 3], [3]], conv);
});
