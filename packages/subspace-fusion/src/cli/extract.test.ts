import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBagHeader } from '../cohort/bags/features.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { SMALL_ENCODER_YAML, smallEncoder } from '../testing/small-encoder.js';

let folder: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cli-extract-'));
  writeFileSync(at('encoder.onnx'), smallEncoder({ size: 32, width: 8 }));
  writeFileSync(at('encoder.yaml'), SMALL_ENCODER_YAML);
  const tissue = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><rect width="512" height="512" fill="white"/><circle cx="256" cy="256" r="200" fill="rgb(205,130,175)"/></svg>',
  );
  await sharp(tissue)
    .removeAlpha()
    .tiff({ compression: 'deflate', tile: true, xres: 2000, yres: 2000 })
    .toFile(at('P1.tif'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('subspace extract', () => {
  test('makes feature files and says what it did', async () => {
    const { code, out, err } = await subspace(
      'extract',
      at('P1.tif'),
      '--encoder',
      at('encoder.onnx'),
      '--out',
      at('bags'),
      '--patch-size',
      '64',
      '--tissue',
      '0.9',
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^1\/1 P1: \d+ patches, 4\d % of the slide is tissue; [\d.]+ patches\/s\n1 slide done, \d+ patches, [\d.]+ patches\/s\n$/,
    );
    expect(await readBagHeader(at('bags/P1.h5'))).toMatchObject({
      width: 8,
      patchSize: 64,
      magnification: 20,
      encoder: 'small random encoder',
    });
    const again = await subspace(
      'extract',
      at('P1.tif'),
      '--encoder',
      at('encoder.onnx'),
      '--out',
      at('bags'),
      '--patch-size',
      '64',
      '--tissue',
      '0.9',
      '--json',
    );
    expect(JSON.parse(again.out)).toEqual([{ slide: 'P1', file: at('P1.tif'), status: 'present' }]);
  });

  test('by micrometres, with another description of the encoder', async () => {
    const { code, out } = await subspace(
      'extract',
      at('P1.tif'),
      '--encoder',
      at('encoder.onnx'),
      '--out',
      at('coarse'),
      '--mpp',
      '1',
      '--patch-size',
      '64',
      '--set',
      'name=mine',
      '--set',
      'mean=[0, 0, 0]',
    );
    expect([code, out]).toEqual([0, expect.stringContaining('1 slide done')]);
    expect(await readBagHeader(at('coarse/P1.h5'))).toMatchObject({
      encoder: 'mine',
      magnification: 10,
      patchSizeLevel0: 128,
    });
  });

  test('bad input is told in plain words, and the others are done', async () => {
    writeFileSync(at('text.svs'), 'no slide');
    const { code, out, err } = await subspace(
      'extract',
      at('text.svs'),
      at('P1.tif'),
      '--encoder',
      at('encoder.onnx'),
      '--out',
      at('some'),
      '--patch-size',
      '64',
    );
    expect([code, isPlainMessage(err)]).toEqual([2, true]);
    expect(err).toMatch(/text.svs: a text file is not read/);
    expect(out).toMatch(/2\/2 P1: .+\n1 slide done, 1 failed/);
  });

  test.each([
    [['--tissue', '2'], /It must be above 0 and at most 1/],
    [['--mpp', '0'], /It must be a number above 0/],
    [['--mpp', '0.5', '--magnification', '20'], /cannot be used with/],
    [['--fix', '2.5'], /whole number/],
    [['--set', 'mean'], /key=value/],
  ])('%s is refused', async (flags, message) => {
    const { code, err } = await subspace(
      'extract',
      at('P1.tif'),
      '--encoder',
      at('encoder.onnx'),
      '--out',
      at('none'),
      ...flags,
    );
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });
});
