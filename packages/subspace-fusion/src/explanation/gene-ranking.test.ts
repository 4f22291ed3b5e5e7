import { expect, test } from 'vitest';
import { shapleyShares } from '../patient/attribution.js';
import { key, normal } from '../random/counter.js';
import { defined } from '../testing/defined.js';
import { compareGroups, enrichment, rankGenes, type AttributionTable } from './gene-ranking.js';

/** 30 patients and 40 genes: attributions are the genes' slopes times their expression. */
function tableOf(slope: (g: number) => number, subspace: AttributionTable['subspace'] = 'tumour'): AttributionTable {
  const z = Array.from({ length: 30 }, (_, p) =>
    Float64Array.from({ length: 40 }, (_, g) => normal(key(1, subspace, p), g)),
  );
  return {
    subspace,
    genes: Array.from({ length: 40 }, (_, g) => `${subspace}${g}`),
    z,
    attributions: z.map((row) => row.map((x, g) => slope(g) * x)),
  };
}

test('the gene that always counts comes first, beyond chance, with its slope; the others do not differ from chance', () => {
  const { genes, chance } = rankGenes(
    tableOf((g) => (g === 7 ? -0.5 : 0.1)),
    1,
  );
  expect(genes.map(({ rank }) => rank)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  const [first, ...others] = genes;
  expect(first).toMatchObject({
    gene: 'tumour7',
    rank: 1,
    rankLow: 1,
    rankHigh: 1,
    slope: expect.closeTo(-0.5, 10),
    p: 1 / 1001,
  });
  expect(first.low).toBeLessThan(first.importance);
  expect(first.high).toBeGreaterThan(first.importance);
  expect(first.importance).toBeGreaterThan(chance);
  expect(others.every(({ p, importance }) => p > 0.05 && importance < chance)).toBe(true);
});

test('where no gene counts more than another, one in twenty rankings has a gene beyond chance', () => {
  const any = Array.from({ length: 8 }, (_, seed) => {
    const table = tableOf(() => 0.1);
    const shuffled = table.attributions.map((row, p) => row.map((_, g) => 0.1 * normal(key(seed, 'null', p), g)));
    return rankGenes({ ...table, attributions: shuffled }, seed).genes.some(({ p }) => p <= 0.05);
  });
  expect(any.filter(Boolean).length).toBeLessThanOrEqual(2);
});

test('a set at the top is enriched, one at random is not, and its area counts pairs within a subspace', () => {
  const slope = (g: number) => (g < 6 ? 0.5 : 0.05 + g / 1e4);
  const rankings = [
    rankGenes(tableOf(slope), 1),
    rankGenes(
      tableOf((g) => 10 * slope(g), 'microenvironment'),
      1,
    ),
  ];
  const sets = new Map([
    ['top', ['tumour0', 'tumour1', 'tumour2', 'microenvironment3', 'microenvironment4', 'absent']],
    ['spread', [6, 12, 18, 24, 30, 36].map((g) => `tumour${g}`)],
    ['elsewhere', ['X', 'Y']],
    ['all', rankings.flatMap(({ genes }) => genes.map(({ gene }) => gene))],
  ]);
  const [top, spread, elsewhere, all] = enrichment(rankings, sets, 1);
  expect(top).toMatchObject({ set: 'top', read: 5, genes: 6 });
  expect(top.auc).toBeGreaterThan(0.95);
  expect(top.p).toBeLessThan(0.01);
  expect(top.adjustedP).toBeCloseTo(2 * defined(top.p), 10);
  expect(spread.p).toBeGreaterThan(0.05);
  expect(defined(spread.chance).low).toBeLessThan(0.5);
  expect(defined(spread.chance).high).toBeGreaterThan(0.5);
  expect(elsewhere).toEqual({ set: 'elsewhere', read: 0, genes: 2, reason: 'the model reads none of its genes' });
  expect(all.auc).toBeUndefined();
});

test('shares of the subspaces differ between groups where they do', () => {
  const patients = (share: (p: number) => number) =>
    Array.from({ length: 24 }, (_, p) => ({
      group: p % 2 ? 'high risk' : 'low risk',
      shares: shapleyShares(['tumour', 'microenvironment'], {
        neither: 0,
        alone: { tumour: share(p), microenvironment: 1 - share(p) },
        both: 1,
      }),
    }));
  const noise = (p: number) => 0.05 * normal(key(2, 'noise'), p);
  const apart = compareGroups(
    patients((p) => (p % 2 ? 0.7 : 0.4) + noise(p)),
    1,
  );
  expect(apart.p).toBeLessThan(0.01);
  expect(apart.groups.map(({ group, patients: n }) => [group, n])).toEqual([
    ['high risk', 12],
    ['low risk', 12],
  ]);
  const { mean, low, high } = apart.groups[0].tumourShare;
  expect(Math.abs(mean - 0.7)).toBeLessThan(0.05);
  expect(low < mean && mean < high).toBe(true);
  expect(compareGroups(patients(noise), 1).p).toBeGreaterThan(0.05);
  expect(
    compareGroups(
      patients(noise).map((p) => ({ ...p, group: 'all' })),
      1,
    ),
  ).not.toHaveProperty('p');
});
