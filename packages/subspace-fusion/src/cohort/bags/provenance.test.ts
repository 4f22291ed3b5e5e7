import { describe, expect, it } from 'vitest';
import type { BagHeader } from '../types.js';
import { cutDifferences, disagreements } from './agreement.js';
import { describePatches, provenanceOf, summarise } from './provenance.js';

describe('what attributes say', () => {
  it("takes TRIDENT's, CLAM's and STAMP's words, and numbers in any dress", () => {
    expect(
      provenanceOf(
        { patch_size: 256n, patch_size_level0: '512', target_magnification: Int32Array.of(20), encoder: 'uni_v1\0' },
        true,
      ),
    ).toEqual({ ...{ encoder: 'uni_v1', patchSize: 256, patchSizeLevel0: 512, magnification: 20, unit: 'pixels' } });
    expect(
      provenanceOf({ patch_size: 256, patch_level: 1, downsample: [4, 4], custom_downsample: 2 }, true).patchSizeLevel0,
    ).toBe(2048);
    expect(provenanceOf({ patch_size: 256, patch_level: 0 }, true).patchSizeLevel0).toBe(256);
    expect(provenanceOf({ patch_size: 256, patch_level: 1 }, true).patchSizeLevel0).toBeUndefined();
    expect(provenanceOf({ tile_size: 256, unit: 'um' }, false)).toEqual({
      patchSizeMicrometres: 256,
      unit: 'micrometres',
    });
    expect(provenanceOf({ tile_size: 224 }, false)).toEqual({});
    expect(provenanceOf({ patch_size_level0: 256, level0_mpp: 0.2325 }, true)).toEqual({
      patchSizeLevel0: 256,
      patchSizeMicrometres: 59.5,
      unit: 'pixels',
    });
  });

  it('is nothing where it makes no sense', () => {
    for (const value of ['None', '', NaN, -1, {}, null, [], Infinity])
      expect(provenanceOf({ encoder: value, patch_size: value }, false)).toEqual({});
  });

  it("never repeats a path of somebody's machine", () => {
    const named = (encoder: string) => provenanceOf({ encoder, savetodir: '/home/jane', name: 'jane' }, false);
    expect(named('/home/jane/weights/uni.pth')).toEqual({ encoder: 'uni.pth' });
    expect(named('C:\\Users\\jane\\uni.bin')).toEqual({ encoder: 'uni.bin' });
    expect(named('~/jane/uni')).toEqual({ encoder: 'uni' });
    expect(named('../jane/uni.pt')).toEqual({ encoder: 'uni.pt' });
    expect(named('jane/uni.pth')).toEqual({ encoder: 'uni.pth' });
    expect(named('file:///home/jane/uni')).toEqual({ encoder: 'uni' });
    expect(named('hf-hub:MahmoodLab/UNI')).toEqual({ encoder: 'hf-hub:MahmoodLab/UNI' }); // a model hub's name is no path
    expect(named('CPC (PathomicFusion)')).toEqual({ encoder: 'CPC (PathomicFusion)' });
    expect(named('a\x1b[2Jb\nc')).toEqual({ encoder: String.raw`a\u001b[2Jb\nc` });
  });
});

describe('agreement within a cohort', () => {
  const TRIDENT = {
    patches: 9,
    width: 1024,
    encoder: 'uni_v1',
    magnification: 20,
    level0Magnification: 40,
    patchSize: 256,
    patchSizeLevel0: 512,
    overlap: 0,
  };
  const problems = (...headers: readonly Partial<BagHeader>[]) =>
    disagreements(
      new Map(headers.map((header, i) => [`${'abcdef'[i]}.h5`, { patches: 9, width: 1024, ...header }])),
      undefined,
    ).map(({ severity, file, message }) => `${severity} ${file}: ${message}`);

  it('is reached by files that say the same, or nothing', () => {
    expect(problems(TRIDENT, { ...TRIDENT, patches: 5, encoder: 'UNI-v1', unit: 'pixels' })).toEqual([]);
    expect(problems({}, {})).toEqual([]);
    expect(problems()).toEqual([]);
  });

  it('does not mind how a slide was scanned', () => {
    expect(problems(TRIDENT, { ...TRIDENT, level0Magnification: 20, patchSizeLevel0: 256 })).toEqual([]);
  });

  it('names the files that say another encoder, magnification, size, spacing or width', () => {
    expect(problems(TRIDENT, TRIDENT, { ...TRIDENT, encoder: 'conch_v15' })).toEqual([
      "error c.h5: the features are by the encoder 'conch_v15'; those of a.h5 are by the encoder 'uni_v1'",
    ]);
    expect(problems({ ...TRIDENT, width: 512 }, TRIDENT, TRIDENT, { ...TRIDENT, width: 512 }, TRIDENT)).toEqual([
      'error a.h5: the features are 512 wide (so are those of 1 more: d.h5); those of b.h5 are 1024 wide',
    ]);
    expect(problems(TRIDENT, { ...TRIDENT, patchSizeLevel0: 1024 })).toEqual([
      'error b.h5: the features are of patches 256 µm wide on the slide; those of a.h5 are of patches 128 µm wide on the slide',
    ]);
    expect(problems(TRIDENT, { ...TRIDENT, magnification: 40, patchSizeLevel0: 256 })).toHaveLength(2);
    expect(problems({ patchSizeLevel0: 512 }, { patchSizeLevel0: 256 })).toEqual([
      'error b.h5: the features are of patches 256 pixels of level 0 wide; those of a.h5 are of patches 512 pixels of level 0 wide',
    ]);
    expect(problems({ patchSize: 256 }, { patchSize: 512 })).toHaveLength(1);
    expect(problems(TRIDENT, { ...TRIDENT, overlap: 64 })).toHaveLength(1);
  });

  it('takes the measured edge of a patch before the nominal one', () => {
    const nominal = { target_magnification: 20, level0_magnification: 20, patch_size: 256, patch_size_level0: 256 };
    const measured = (level0_mpp: number) => provenanceOf({ ...nominal, level0_mpp }, true);
    expect(problems(provenanceOf(nominal, true), measured(0.499), measured(0.51))).toEqual([]);
    expect(problems(measured(0.499), measured(0.499), measured(0.2325))).toEqual([
      'error c.h5: the features are of patches 59.5 µm wide on the slide; those of a.h5 are of patches 128 µm wide on the slide',
    ]);
  });

  it("compares STAMP's micrometres with TRIDENT's pixels", () => {
    const stamp = { encoder: 'uni_v1', patchSizeMicrometres: 128, patchSize: 256 };
    expect(problems(TRIDENT, stamp)).toEqual([]);
    expect(problems(TRIDENT, { ...stamp, patchSizeMicrometres: 256, patchSize: 224 })).toEqual([
      'error b.h5: the features were read at 8.75×; those of a.h5 were read at 20×',
      'error b.h5: the features are of patches 256 µm wide on the slide; those of a.h5 are of patches 128 µm wide on the slide',
    ]);
  });

  it('warns of a file that names no encoder beside others that do, unless the user says which', () => {
    expect(problems(TRIDENT, {}, {})).toEqual([
      'warning b.h5: 2 of 3 files, this one first, do not say their encoder; the others do',
    ]);
    const headers = new Map<string, BagHeader>([
      ['a.h5', TRIDENT],
      ['b.h5', { patches: 1, width: 1024 }],
    ]);
    expect(disagreements(headers, 'uni_v1')).toEqual([]);
  });

  it("compares one file with a model's training slides, whichever slide was scanned how", () => {
    const trained = summarise([TRIDENT, { ...TRIDENT, level0Magnification: 20, patchSizeLevel0: 256 }]);
    expect(cutDifferences(trained, TRIDENT)).toEqual([]);
    expect(
      cutDifferences(trained, { ...TRIDENT, level0Magnification: 20, patchSizeLevel0: 256, encoder: 'other' }),
    ).toEqual([]);
    expect([...cutDifferences(trained, {}), ...cutDifferences({}, TRIDENT)]).toEqual([]);
    expect(cutDifferences(trained, { ...TRIDENT, magnification: 10, patchSizeLevel0: 1024 })).toEqual([
      'the features were read at 10×, those of the training slides were read at 20×',
      'the features are of patches 256 µm wide on the slide, those of the training slides are of patches 128 µm wide on the slide',
    ]);
  });

  it('is summed up in a line', () => {
    const summary = summarise([
      { ...TRIDENT, unit: 'pixels' },
      { ...TRIDENT, level0Magnification: 20, patchSizeLevel0: 256 },
      { patches: 1, width: 2 },
    ]);
    expect(summary).toMatchObject({ encoder: ['uni_v1'], patchSizeLevel0: [512, 256], unit: ['pixels'] });
    expect(describePatches(summary)).toBe(
      '256 pixels, at 20×, 512 or 256 pixels at level 0, scanned at 40 or 20×, overlapping by 0, coordinates in pixels',
    );
    expect(describePatches(summarise([{ patches: 1, width: 2 }]))).toBeUndefined();
  });
});
