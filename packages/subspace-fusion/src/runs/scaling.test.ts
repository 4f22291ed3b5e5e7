import { describe, expect, it } from 'vitest';
import { readExpression } from '../cohort/expression/read.js';
import { floorGenes } from '../cohort/genes/floors.js';
import { readGeneSets } from '../cohort/genes/gene-files.js';
import type { Expression } from '../cohort/types.js';
import { readTable } from '../files/file-source.js';
import { normal } from '../random/counter.js';
import { cohorts } from '../testing/data.js';
import { applyGeneScaling, fitGeneScaling } from './scaling.js';

/** A matrix from one array a gene. */
function matrix(columns: Record<string, number[]>): Expression {
  const genes = Object.keys(columns);
  const patients = Object.values(columns)[0].map((_, p) => `P${p}`);
  return {
    patients,
    genes,
    values: Float32Array.from(patients.flatMap((_, p) => genes.map((gene) => columns[gene][p]))),
  };
}

describe('gene scaling', () => {
  const n = 400;
  const gaussian = Array.from({ length: n }, (_, i) => 10 + 2 * normal(7, i));
  const expression = matrix({
    A: gaussian,
    constant: gaussian.map(() => 0.1),
    wild: gaussian.map((x, i) => (i === 3 ? 3515 : x)),
  });
  const { patients } = expression;

  it('gives training patients mean 0 and a deviation near 1, clipped at 3', () => {
    const z = applyGeneScaling(fitGeneScaling(expression, patients, ['A'], 'none'), expression, patients);
    const mean = z.reduce((a, b) => a + b) / n;
    const deviation = Math.sqrt(z.reduce((a, b) => a + (b - mean) ** 2, 0) / n);
    expect(Math.abs(mean)).toBeLessThan(0.05);
    // The tails pulled in make the deviation of a Gaussian 0.97 of its own.
    expect(deviation).toBeGreaterThan(1);
    expect(deviation).toBeLessThan(1.07);
    expect(z.every((value) => Math.abs(value) <= 3)).toBe(true);
  });

  it('lets no single value set the scale', () => {
    const { mean, deviation } = fitGeneScaling(expression, patients, ['A', 'wild'], 'none');
    expect(mean[1]).toBeCloseTo(mean[0], 1);
    expect(deviation[1] / deviation[0]).toBeCloseTo(1, 1);
    expect(applyGeneScaling(fitGeneScaling(expression, patients, ['wild'], 'none'), expression, ['P3'])[0]).toBe(3);
  });

  it('is 0 for a gene that was constant in training', () => {
    const scaling = fitGeneScaling(expression, patients, ['constant'], 'none');
    const other = matrix({ constant: [99] });
    expect([...applyGeneScaling(scaling, other, ['P0'])]).toEqual([0]);
  });

  it('learns from the training patients alone and finds genes by name', () => {
    const small = matrix({ A: [0, 2, 1000], B: [5, 7, -1000] });
    const scaling = fitGeneScaling(small, ['P0', 'P1'], ['B', 'A'], 'none');
    expect(scaling.mean).toEqual([6, 1]);
    const swapped = matrix({ A: [2], other: [1], B: [6] });
    const z = applyGeneScaling(JSON.parse(JSON.stringify(scaling)), swapped, ['P0']);
    expect([z[0], z[1]]).toEqual([0, Math.fround(1 / scaling.deviation[1])]);
  });

  it('transforms by log2(1 + x) or by ranks within the patient', () => {
    const small = matrix({ A: [0, 3], B: [1, 3], C: [7, 1] });
    expect(fitGeneScaling(small, ['P0'], ['A', 'B', 'C'], 'log2p1').mean).toEqual([0, 1, 3]);
    expect(fitGeneScaling(small, ['P1'], ['A', 'B', 'C'], 'rank').mean).toEqual([4 / 6, 4 / 6, 1 / 6]);
  });

  it('names what the matrix lacks', () => {
    expect(() => fitGeneScaling(expression, patients, ['A', 'X', 'Y'], 'none')).toThrow(/lacks 2 of the 3 genes.*X, Y/);
    expect(() => fitGeneScaling(expression, ['nobody'], ['A'], 'none')).toThrow(/no patient 'nobody'/);
  });
});

describe('genes whose floor gives a study away', () => {
  const group = (p: number) => (p < 20 ? 'one' : 'two');
  const groups = new Map(Array.from({ length: 40 }, (_, p) => [`P${p}`, group(p)]));
  const gene = (value: (p: number) => number) => Array.from({ length: 40 }, (_, p) => value(p));

  it('finds a shared minimum that differs between groups', () => {
    const expression = matrix({
      tellTale: gene((p) => (p % 4 === 0 ? (p < 20 ? -0.5 : -0.6) : p)),
      sameFloor: gene((p) => (p % 4 === 0 ? -0.5 : p)),
      noFloor: gene((p) => p),
      rareFloor: gene((p) => (p % 20 < 3 ? (p < 20 ? -0.5 : -0.6) : p)),
    });
    expect(floorGenes(expression, groups)).toEqual(['tellTale']);
    const tinyGroup = new Map([...groups].filter(([id]) => Number(id.slice(1)) < 29));
    expect(floorGenes(expression, tinyGroup)).toEqual([]);
  });
});

const MATRIX = {
  TCGA: { genes: 1544, patients: 569, inSets: 389, floors: 66, value: ['AATK', -0.0957], still: 4 },
  invented: { genes: 70, patients: 520, inSets: 64, floors: 6, value: ['ME00', -0.3601], still: 1 },
} as const;
describe.each(cohorts)('an expression matrix ($cohort)', ({ cohort, folder: DATA }) => {
  const expected = MATRIX[cohort];
  it(`has study floors in ${expected.floors} of the ${expected.inSets} genes`, async () => {
    const { columns, rows } = await readTable(`${DATA}/tcga-gbmlgg/clinical.csv`);
    const study = columns.indexOf('study');
    const studyOf = new Map(rows.map(({ cells }) => [cells[0], cells[study]]));
    const sets = await readGeneSets(`${DATA}/gene-sets/glioma-subspaces.tcga1544.gmt`, []);
    const genes = new Set([...sets.values()].flat());
    const file = `${DATA}/tcga-gbmlgg/expression.csv.gz`;
    const { expression, orientation, otherPatients } = await readExpression(
      file,
      { patients: new Set(studyOf.keys()), genes },
      [],
    );
    expect([expression.genes.length, expression.patients.length, orientation, otherPatients]).toEqual([
      expected.genes,
      expected.patients,
      'genes × patients',
      [],
    ]);
    expect(floorGenes(expression, studyOf).filter((gene) => genes.has(gene))).toHaveLength(expected.floors);
    expect(genes.size).toBe(expected.inSets);
    const [gene, value] = expected.value;
    expect(expression.values[expression.genes.indexOf(gene)]).toBe(Math.fround(value));

    const scaling = fitGeneScaling(expression, expression.patients, [...genes], 'none');
    const z = applyGeneScaling(scaling, expression, expression.patients);
    // No wild value flattens a gene: away from its mean are at least 15 % of the patients, but for a few genes that hardly vary.
    const moved = [...genes].map(
      (_, g) => expression.patients.filter((_, p) => Math.abs(z[p * genes.size + g]) > 0.25).length / expected.patients,
    );
    expect(moved.filter((part) => part < 0.15)).toHaveLength(expected.still);
  });
});
