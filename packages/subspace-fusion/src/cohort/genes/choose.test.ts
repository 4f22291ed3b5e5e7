import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../config/config.js';
import type { Problem } from '../../files/errors.js';
import { normal } from '../../random/counter.js';
import type { Cohort } from '../types.js';
import { chooseGenes } from './choose.js';

const IDS = Array.from({ length: 60 }, (_, p) => `P${p}`);
const isTest = (p: number) => p % 3 === 0;
const training = IDS.filter((_, p) => !isTest(p));
const inY = (p: number) => p >= 30;

/** Values by gene: two studies of 30 patients, 20 of each to train; `of` sets a floor or its absence. */
function cohort(
  of: Readonly<Partial<Record<string, (p: number) => number>>>,
  sets: Cohort['genes'] = { tumour: ['A', 'B'], microenvironment: ['C'] },
): Cohort {
  const genes = ['A', 'B', 'C', ...Array.from({ length: 20 }, (_, r) => `R${r}`)];
  const value = (gene: string, g: number, p: number) => of[gene]?.(p) ?? 5 + normal(g + 1, p);
  const expression = {
    patients: IDS,
    genes,
    values: Float32Array.from(IDS.flatMap((_, p) => genes.map((gene, g) => value(gene, g, p)))),
  };
  const patients = IDS.map((id, p) => ({ id, cohort: 'x', clinical: { study: inY(p) ? 'y' : 'x' }, bags: [] }));
  const made: Partial<Cohort> = { names: ['x'], patients, incomplete: [], expression, genes: sets };
  return made as Cohort;
}

const config = (geneSets = '') =>
  parseConfig(
    `name: x\nclinical: {file: c.csv, time: t, event: e}\nfeatures: {folder: b}\nexpression: {file: e.csv, leaveOutFloorsBy: study}\ngeneSets: {file: s.gmt${geneSets}}\n`,
    'x.yaml',
  );
const noFloor = (p: number) => 5 + p / 100;
/** A floor of half of the training patients of study y. */
const trainingFloor = (p: number) => (inY(p) && !isTest(p) && p % 2 === 0 ? 0 : noFloor(p));
/** The same, of the test patients. */
const testFloor = (p: number) => (inY(p) && isTest(p) ? 0 : noFloor(p));
/** A floor among the training patients that a lower value of one test patient hides. */
const hiddenFloor = (p: number) => (p === 30 ? -1 : trainingFloor(p));

describe('the genes of a model', () => {
  it('lack those whose floor among the training patients gives a study away, whatever the test patients have', () => {
    const problems: Problem[] = [];
    const made = cohort({ A: testFloor, B: hiddenFloor });
    expect(chooseGenes(made, config(), training, problems)).toEqual({ tumour: ['A'], microenvironment: ['C'] });
    expect(problems).toEqual([
      {
        severity: 'warning',
        file: expect.stringMatching(/s\.gmt$/),
        message: '1 of 2 genes of TUMOUR has a floor that gives the study away among 40 patients (B)',
        remedy: 'They are left out. Each training decides by its training patients alone',
      },
    ]);
    // By everyone the other gene would be left out.
    expect(chooseGenes(made, config(), IDS, [])).toEqual({ tumour: ['B'], microenvironment: ['C'] });
  });

  it('are an error where a set is left empty', () => {
    expect(() => chooseGenes(cohort({ C: trainingFloor }), config(), training, [])).toThrow(
      /s\.gmt: every gene of MICROENVIRONMENT that the matrix has \(1\) has a floor that gives the study away among 40 patients, and none is left\. Give/,
    );
    expect(chooseGenes(cohort({ C: testFloor }), config(), training, []).microenvironment).toEqual(['C']);
  });

  it('are of random sets drawn without those floors, and without a look at test patients', () => {
    const drawn = (of: Parameters<typeof cohort>[0], ids = training) => {
      const { tumour, microenvironment } = chooseGenes(
        cohort(of, { tumour: ['A', 'B'], microenvironment: ['C', 'R0'] }),
        config(', random: 1'),
        ids,
        [],
      );
      expect([tumour.length, microenvironment.length]).toEqual([2, 2]);
      return [...tumour, ...microenvironment];
    };
    const first = drawn({});
    const [gone] = first;
    expect(drawn({ [gone]: testFloor })).toEqual(first);
    expect(drawn({ [gone]: (p) => (isTest(p) ? p : 1) })).not.toContain(gone); // constant in training
    const without = drawn({ [gone]: hiddenFloor });
    // The others keep their places in the order, and one more is taken.
    expect(without.slice(0, 3)).toEqual(first.slice(1));
    expect(without).toHaveLength(4);
    expect(drawn({ [gone]: hiddenFloor }, IDS)).toEqual(first);
  });
});
