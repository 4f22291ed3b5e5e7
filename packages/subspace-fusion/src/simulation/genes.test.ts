import { describe, expect, it } from 'vitest';
import { defined } from '../testing/defined.js';
import { drawCounts, geneModel, geneSetsFile, logMean } from './genes.js';
import { drawLatents } from './latents.js';

const loadsOnBoth = ({
  tumourWeight,
  microenvironmentWeight,
}: {
  tumourWeight: number;
  microenvironmentWeight: number;
}) => tumourWeight !== 0 && microenvironmentWeight !== 0;

describe('simulated genes', () => {
  it('load on one subspace, a fifth of a set on both, a tenth on none', () => {
    const genes = geneModel(1, 1);
    const tumour = genes.filter(({ set }) => set === 'TUMOUR');
    expect(tumour.filter(loadsOnBoth)).toHaveLength(tumour.length / 5);
    expect(tumour.filter((g) => g.tumourWeight === 0)).toHaveLength(tumour.length / 10);
    expect(tumour.filter((g) => !loadsOnBoth(g)).every((g) => g.microenvironmentWeight === 0)).toBe(true);
    expect(
      genes.filter(({ set }) => set === 'OTHER').every((g) => g.tumourWeight === 0 && g.microenvironmentWeight === 0),
    ).toBe(true);
  });

  it('of the twin differ in their weights alone, and load on both subspaces alike with the same strength', () => {
    const [separated, mixed] = [geneModel(1, 1), geneModel(1, 0)];
    mixed.forEach((gene, g) => {
      expect(gene.tumourWeight).toBe(gene.microenvironmentWeight);
      const { tumourWeight, microenvironmentWeight, ...rest } = separated[g];
      expect(gene).toMatchObject(rest);
      expect(Math.hypot(gene.tumourWeight, gene.microenvironmentWeight)).toBeCloseTo(
        Math.hypot(tumourWeight, microenvironmentWeight),
        12,
      );
    });
  });

  it('follow π·tumour + (1−π)·microenvironment + site', () => {
    const gene = defined(geneModel(1, 1).find(loadsOnBoth));
    const programmes = new Float64Array(6);
    const shift = (purity: number) => logMean(gene, programmes, purity, 2) - gene.baseline - gene.siteEffects[2];
    expect(shift(0.7)).toBeCloseTo(0, 12);
    programmes[gene.tumourProgramme] = 2;
    expect(shift(0.7)).toBeCloseTo(0.7 * gene.tumourWeight * 2, 12);
    programmes[gene.tumourProgramme] = 0;
    programmes[gene.microenvironmentProgramme] = 2;
    expect(shift(0.7)).toBeCloseTo(0.3 * gene.microenvironmentWeight * 2, 12);
  });

  it('know nothing of h, φ or the marker', () => {
    const genes = geneModel(1, 1);
    const latents = drawLatents(1, 0);
    expect(drawCounts(genes, 1, 0, { ...latents, h: 9, phi: -1, rim: 1, core: 1 })).toEqual(
      drawCounts(genes, 1, 0, latents),
    );
  });

  it('come with disjoint subspaces and decoys of every kind in GMT form', () => {
    const sets = new Map(
      geneSetsFile(geneModel(1, 1), 1)
        .trimEnd()
        .split('\n')
        .map((line) => [line.split('\t')[0], line.split('\t').slice(2)]),
    );
    expect([...sets.keys()]).toEqual(['TUMOUR', 'MICROENVIRONMENT', 'DECOY_1', 'DECOY_2', 'DECOY_3']);
    expect(defined(sets.get('TUMOUR')).filter((gene) => defined(sets.get('MICROENVIRONMENT')).includes(gene))).toEqual(
      [],
    );
    expect(new Set(defined(sets.get('DECOY_1')).map((gene) => gene.slice(0, 3)))).toEqual(
      new Set(['TUM', 'MIC', 'OTH']),
    );
  });
});
