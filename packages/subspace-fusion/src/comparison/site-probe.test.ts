import { describe, expect, it } from 'vitest';
import { normal, permutation } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { probeSites, type ProbedFold } from './site-probe.js';

const patients = Array.from({ length: 180 }, (_, i) => `P${i}`);
/** Three sites and a small one. */
const sites = new Map(patients.map((id, i) => [id, i < 4 ? 'small' : 'ABC'[i % 3]]));
/** Mean patch features, `[8]`, that the stain of a site shifts; genes, `[5]`, that know of no site. */
const stained = (id: string) => {
  const i = Number(id.slice(1));
  return [Float32Array.from({ length: 8 }, (_, j) => normal(1, 8 * i + j) + (j === i % 3 ? 1.5 : 0))];
};
const genes = (id: string) => [Float32Array.from({ length: 5 }, (_, j) => normal(2, 5 * Number(id.slice(1)) + j))];

const foldsOf = (part: (i: number) => number): ProbedFold[] =>
  [0, 1, 2].map((fold) => ({
    fold,
    split: { train: patients.filter((_, i) => part(i) !== fold), test: patients.filter((_, i) => part(i) === fold) },
    inputs: { genes, slides: stained },
  }));
const folds = foldsOf((i) => Math.floor(i / 3) % 3);

describe('the probe for the site', () => {
  it('finds the stain of sites, and finds nothing where there is nothing', () => {
    const probe = probeSites('site', sites, folds, 1);
    if ('reason' in probe) throw new Error(probe.reason);
    expect(probe).toMatchObject({ of: 'site', sites: ['A', 'B', 'C'], patients: 176, leftOut: 4 });
    const { genes, slides } = probe.inputs;
    if (genes.value === null || slides.value === null) throw new Error('numbers expected');
    expect(slides.value).toBeGreaterThan(0.8);
    expect(slides.low).toBeGreaterThan(0.7);
    expect(genes.low).toBeLessThan(0.5);
    expect(genes.high).toBeGreaterThan(0.5);
    expect(slides.n).toBe(176);
  });

  it('is at chance where sites are shuffled', () => {
    const order = permutation(3, patients.length);
    const shuffled = new Map(patients.map((id, i) => [id, defined(sites.get(patients[order[i]]))]));
    const probe = probeSites('site', shuffled, folds, 1);
    if ('reason' in probe) throw new Error(probe.reason);
    const { slides } = probe.inputs;
    if (slides.value === null) throw new Error('a number expected');
    expect(slides.low).toBeLessThan(0.5);
    expect(slides.high).toBeGreaterThan(0.5);
    expect(Math.abs(slides.value - 0.5)).toBeLessThan(0.1);
  });

  it('says why it is not computed', () => {
    expect(probeSites('site', new Map(patients.map((id) => [id, 'A'])), folds, 1)).toEqual({
      of: 'site',
      reason: '1 of 1 sites have 10 patients; two are needed',
    });
    const whole = probeSites(
      'site',
      sites,
      foldsOf((i) => i % 3),
      1,
    );
    expect(whole).toMatchObject({
      inputs: { slides: { value: null, reason: expect.stringMatching(/keep sites whole/) as string } },
    });
  });
});
