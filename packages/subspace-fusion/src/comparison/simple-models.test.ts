import { describe, expect, it } from 'vitest';
import type { Patient, Split } from '../cohort/types.js';
import { readTable } from '../files/file-source.js';
import type { BatchLabels } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { concordanceIndex } from '../metrics/concordance.js';
import { normal } from '../random/counter.js';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { clinicalColumns } from './clinical-reference.js';
import { simpleModels } from './simple-models.js';
import type { SlideSummary } from './slides.js';

describe('clinical columns', () => {
  it('are found by name and read in words, unknown values as the mean of the training patients', () => {
    const train = [
      { Age: '40', gender: 'Male', idh_status: 'Mutant' },
      { Age: '60', gender: 'female', idh_status: 'WT' },
      { Age: '', gender: 'F', idh_status: 'WT' },
    ];
    const columns = clinicalColumns(['age', 'sex', 'idh'], train, [{ Age: '', gender: '', idh_status: '' }]);
    if ('reason' in columns) throw new Error(columns.reason);
    expect([...columns.train]).toEqual([40, 1, 1, 60, 0, 0, 50, 0, 0]);
    expect([...columns.scored]).toEqual([50, 1 / 3, 1 / 3].map(Math.fround));
  });

  it('that are absent, or say the same of everybody, are refused', () => {
    expect(clinicalColumns(['age'], [{ stage: '40' }], [])).toEqual({
      reason: "the clinical table does not have a column 'age' of numbers",
    });
    expect(clinicalColumns(['sex'], [{ sex: 'f' }, { sex: 'female' }], [])).toEqual({
      reason: 'all training patients have the same sex',
    });
  });
});

/** A cohort without bags; genes are random numbers. */
function samplesOf(patients: readonly Patient[], labels: (ids: readonly string[]) => BatchLabels): CohortSamples {
  return {
    patients: new Map(patients.map((p) => [p.id, p])),
    genes: (id) => {
      const i = patients.findIndex((p) => p.id === id);
      return { tumour: Float32Array.from([normal(1, i)]), microenvironment: Float32Array.from([normal(2, i)]) };
    },
    labels,
    slides: () => [],
    open: () => Promise.reject(new Error('there are no slides')),
    sample: () => Promise.reject(new Error('simple models read no bag')),
  };
}

/** Slides of one patch each whose feature says nothing. */
const slidesOf = (ids: readonly string[]) =>
  new Map(
    ids.map((id, i): [string, SlideSummary] => {
      const features = Float32Array.from([normal(3, i)]);
      return [id, { mean: features, patches: { features, width: 1, neighbours: new Uint32Array() } }];
    }),
  );

describe('simple models', () => {
  it('are fitted on the training patients and say why they are left out', () => {
    const patients = Array.from({ length: 40 }, (_, i): Patient => ({
      id: `P${i}`,
      clinical: { idh_status: i % 2 ? 'Mutant' : 'WT', age: '' },
      bags: [],
    }));
    const label = (id: string) => Number(id.slice(1)) % 2;
    const samples = samplesOf(patients, (ids) => ({ kind: 'classes', labels: ids.map(label), weights: [1, 1] }));
    const ids = patients.map(({ id }) => id);
    const models = simpleModels(samples, { train: ids.slice(0, 30), test: ids.slice(30) }, 1, slidesOf(ids), {
      variables: ['idh'],
      leftOut: [],
      defining: [],
    });
    expect(Object.keys(models)).toEqual([
      'ridgeLogistic',
      'elasticNet',
      'meanSlide',
      'genesMeanSlide',
      'genesPatchKinds',
      'age',
      'ageSex',
      'idh',
      'idhAge',
      'clinical',
      'ageDiagnosisGrade',
    ]);
    expect(models['ageSex']).toEqual({ reason: "the clinical table does not have a column 'age' of numbers" });
    const [probabilities] = (models['idh'] as { runs: ArrayLike<number>[] }).runs;
    expect(Array.from({ length: 10 }, (_, i) => probabilities[2 * i + 1] > 0.5)).toEqual(
      ids.slice(30).map((id) => label(id) === 1),
    );
    const onItself = simpleModels(samples, { train: ids.slice(0, 30), test: ids.slice(30) }, 1, slidesOf(ids), {
      variables: [],
      leftOut: [],
      defining: ['idh'],
    });
    expect(onItself['clinical']).toEqual({
      reason: expect.stringMatching(/none that the label is not made of/) as string,
    });
  });
});

/** R's C-index in each fold. */
const AGE_AND_SEX = {
  TCGA: ['0.765', '0.767', '0.821', '0.769', '0.718'],
  invented: ['0.662', '0.642', '0.682', '0.656', '0.686'],
};

describe.each(cohorts)('on a glioma table ($cohort)', ({ cohort, folder }) => {
  it('age and sex reach the C-index that R reaches in every published fold', async () => {
    const { columns, rows } = await readTable(`${folder}/tcga-gbmlgg/clinical.csv`);
    const patients = rows.map(({ cells }): Patient => {
      const clinical = Object.fromEntries(columns.map((column, i) => [column, cells[i]]));
      return {
        id: cells[0],
        clinical,
        survival: { time: Number(clinical['survival_months']), event: clinical['event'] === '1' },
        bags: [],
      };
    });
    const byId = new Map(patients.map((p) => [p.id, p]));
    const survival = (id: string) => defined(defined(byId.get(id)).survival);
    const samples = samplesOf(patients, (ids) => ({
      kind: 'survival',
      labels: ids.map((id) => ({ time: survival(id).time, censored: !survival(id).event, bin: 0 })),
    }));
    const values = [0, 1, 2, 3, 4].map((fold) => {
      const ids = (inFold: boolean) =>
        patients.filter(({ clinical }) => (clinical['fold'] === String(fold)) === inFold).map(({ id }) => id);
      const split: Split = { train: ids(false), validation: [], test: ids(true) };
      const { runs } = simpleModels(samples, split, 1, slidesOf([...byId.keys()]), {
        variables: [],
        leftOut: [],
        defining: [],
      })['ageSex'] as { runs: ArrayLike<number>[] };
      return defined(
        concordanceIndex(
          split.test.map((id) => survival(id).time),
          split.test.map((id) => survival(id).event),
          runs[0],
        ).value,
      );
    });
    expect(values.map((value) => value.toFixed(3))).toEqual(AGE_AND_SEX[cohort]);
  });
});
