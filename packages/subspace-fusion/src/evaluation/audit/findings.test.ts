import { describe, expect, it } from 'vitest';
import type { Patient } from '../../cohort/types.js';
import { parseConfig } from '../../config/config.js';
import { key, normal } from '../../random/counter.js';
import { alikePairs, sharedPatches, SKETCH, type AuditedSlide } from './alike-slides.js';
import { samePerson, sharedSites } from './findings.js';

const patient = (id: string, slides: readonly string[] = [], clinical = {}): Patient => ({
  id,
  clinical,
  bags: slides.map((slide) => ({ slide, path: '' })),
});
const configWith = (lines = '') =>
  parseConfig(
    `name: x\nclinical: {file: c.csv, time: t, event: e}\nfeatures: {folder: b}\nexpression: {file: e.csv}\n${lines}`,
    'x.yaml',
  );

describe('one person under two ids', () => {
  it('is found by barcodes of samples, whatever their case, and by the names of slides', () => {
    const patients = [
      patient('TCGA-06-0174-01A'),
      patient('tcga-06-0174-02B'),
      patient('A1', ['TCGA-02-0047-01Z-00-DX1']),
      patient('A2', ['TCGA-02-0047-01Z-00-DX2']),
      patient('TCGA-06-0175'),
    ];
    const findings = samePerson(patients, {
      train: ['TCGA-06-0174-01A', 'A1', 'A2'],
      validation: ['TCGA-06-0175'],
      test: ['tcga-06-0174-02B'],
    });
    expect(findings.map(({ severity, who }) => [severity, who])).toEqual([
      ['leak', ['TCGA-06-0174-01A', 'tcga-06-0174-02B']],
      ['note', ['A1', 'A2']],
    ]);
  });

  it('is not made of several slides of one patient, nor of patients outside of the split', () => {
    const patients = [
      patient('TCGA-06-0174', ['TCGA-06-0174-01Z-00-DX1', 'TCGA-06-0174-01Z-00-DX2']),
      patient('TCGA-06-0174-02A'),
    ];
    expect(samePerson(patients, { train: ['TCGA-06-0174'], validation: [], test: [] })).toEqual([]);
  });
});

describe('sites', () => {
  const patients = ['06-0001', '06-0002', '02-0001', '14-0001', '14-0002'].map((id) => patient(`TCGA-${id}`));
  const split = {
    train: ['TCGA-06-0001', 'TCGA-02-0001'],
    validation: [],
    test: ['TCGA-06-0002', 'TCGA-14-0001', 'TCGA-14-0002'],
  };

  it('that train and test are counted, with the patients of them who are tested', () => {
    expect(sharedSites(patients, split, configWith())).toMatchObject([
      {
        severity: 'note',
        who: ['06'],
        message: expect.stringMatching(/1 of 2 test sites also has .*: 1 of 3 test patients \(33 %\)/),
      },
    ]);
  });

  it('are a leak where the split keeps them together', () => {
    expect(sharedSites(patients, split, configWith('split: {by: site}'))).toMatchObject([
      { severity: 'leak', who: ['06'] },
    ]);
    expect(sharedSites(patients, { ...split, train: ['TCGA-02-0001'] }, configWith('split: {by: site}'))).toEqual([]);
  });

  it('are those of a column where ids do not tell them; otherwise nothing is said', () => {
    const named = ['a', 'a', 'b'].map((site, i) => patient(`P${i}`, [], { site }));
    const own = { train: ['P0'], validation: [], test: ['P1', 'P2'] };
    expect(sharedSites(named, own, configWith())).toMatchObject([
      { severity: 'note', message: expect.stringMatching(/1 of 2 test sites/) },
    ]);
    expect(
      sharedSites(
        named.map(({ id }) => patient(id)),
        own,
        configWith(),
      ),
    ).toEqual([]);
  });
});

describe('slides that look alike', () => {
  const slide = (i: number, mean: Float64Array, hashes: number[] = []): AuditedSlide => ({
    patient: `P${i}`,
    slide: `S${i}`,
    mean,
    hashes: Float64Array.from(hashes).sort(),
  });
  const random = (i: number) => Float64Array.from({ length: 64 }, (_, f) => normal(key(1, 'mean', i), f) * (f + 1));

  it('are near whatever the scale of their features, and few are near by chance', () => {
    const slides = Array.from({ length: 200 }, (_, i) => slide(i, random(i)));
    expect(alikePairs(slides)).toEqual([]);
    const twin = slide(
      200,
      slides[7].mean.map((x, f) => x + 0.05 * (f + 1) * normal(key(2), f)),
    );
    expect(alikePairs([...slides, twin]).map(({ slides: [a, b] }) => [a.slide, b.slide])).toEqual([['S7', 'S200']]);
  });

  it('share what their sketches share up to where both are complete', () => {
    const patches = (from: number, n: number) =>
      Float64Array.from({ length: n }, (_, i) => ((from + i) * 2654435761) % 4294967296)
        .sort()
        .subarray(0, SKETCH);
    const [a, b] = [patches(0, 4000), patches(3000, 4000)]; // 1000 of 4000 in common
    const { share } = sharedPatches({ mean: new Float64Array(), hashes: a }, { mean: new Float64Array(), hashes: b });
    expect(Math.abs(share - 0.25)).toBeLessThan(0.08); // three standard errors of 256 draws
  });
});
