import { afterAll, beforeAll, describe, it } from 'vitest';
import { plainDropoutMask } from '../dropout.js';
import { createKernels, type Kernels } from './kernels.js';
import { expectSameBits } from './testing.test.helper.js';

let single: Kernels; // on the calling thread
let threaded: Kernels;

beforeAll(async () => {
  single = await createKernels({ threads: 1 });
  threaded = await createKernels({ threads: 2 });
});

afterAll(async () => {
  await Promise.all([single, threaded].map((kernels) => kernels.close()));
});

describe('dropout mask', () => {
  it.each([
    { length: 1, keep: 0.9 },
    { length: 65_537, keep: 1 },
    { length: 65_539, keep: 2 ** -32 },
    { length: (1 << 22) + 70_001, keep: 0.9 }, // more than stands in memory at a time
  ])('has the bits of the plain version: $length elements, keep $keep', async ({ length, keep }) => {
    const expected = new Float32Array(length);
    plainDropoutMask(expected, 0xdeadbeef, keep);
    for (const each of [single, threaded]) {
      const mask = new Float32Array(length);
      await each.dropoutMask(mask, 0xdeadbeef, keep);
      expectSameBits(mask, expected);
    }
  });

  it('calls may overlap', async () => {
    const masks = [1, 2, 3].map(() => new Float32Array(100_000));
    await Promise.all(masks.map((mask, i) => threaded.dropoutMask(mask, i, 0.5)));
    masks.forEach((mask, i) => {
      const expected = new Float32Array(mask.length);
      plainDropoutMask(expected, i, 0.5);
      expectSameBits(mask, expected);
    });
  });
});
