import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { macroAuc } from '../../metrics/classification.js';
import { concordance } from '../../metrics/concordance.js';
import { cohorts } from '../../testing/data.js';
import { defined } from '../../testing/defined.js';
import { coxRisk, fitCox } from './cox.js';
import { fitRidgeCox, ridgeCoxRisk } from './ridge-cox.js';
import { fitRidgeLogistic, ridgeLogisticProbabilities } from './ridge-logistic.js';

type Row = Record<string, string>;

/** What R and scikit-learn find in a cohort. */
const EXPECTED = {
  TCGA: {
    // R survival: coefficients, standard errors, log-likelihoods.
    cox: {
      efron: [
        [0.06414131192, 0.08656204499],
        [0.005755073062, 0.1513260636],
        [-1012.304311, -946.1526139],
      ],
      breslow: [
        [0.06413009982, 0.08618216007],
        [0.005755255921, 0.15132876],
        [-1012.350956, -946.2261693],
      ],
    },
    ageAndSex: 0.765,
    genes: 389,
    ridge: 0.813,
    // scikit-learn's mean over the five folds, and twice its standard deviation (where none is quoted, 0.01 is one).
    auc: { who2021_diagnosis: [0.995, 0.02], histologic_grade: [0.859, 0.092] },
  },
  invented: {
    cox: {
      efron: [
        [0.0434853936983, -0.191955636348],
        [0.00561791957633, 0.159030696252],
        [-876.185170081, -846.949692912],
      ],
      breslow: [
        [0.0434837210342, -0.191932828275],
        [0.00561796014834, 0.159030611088],
        [-876.189364619, -846.956193515],
      ],
    },
    ageAndSex: 0.662,
    genes: 64,
    ridge: 0.8227,
    auc: { who2021_diagnosis: [0.9982, 0.0054], histologic_grade: [0.8837, 0.0586] },
  },
} as const;

/** The patients of a cohort, and designs of the genes of chosen sets, z-scores clipped at ±3. */
function readCohort(data: string) {
  const patients = parse<Row>(readFileSync(`${data}/tcga-gbmlgg/clinical.csv`), { columns: true });
  const text = gunzipSync(readFileSync(`${data}/tcga-gbmlgg/expression.csv.gz`)).toString();
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const columnOf = new Map(lines[0].map((patient, column) => [patient, column]));
  const valuesOf = new Map(lines.slice(1).map((line) => [line[0], line]));
  const sets = readFileSync(`${data}/gene-sets/glioma-subspaces.tcga1544.gmt`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const expression = (rows: Row[], ...names: string[]) => {
    const genes = sets
      .filter(([name]) => names.includes(name))
      .flatMap(([, , ...members]) => members.map((gene) => defined(valuesOf.get(gene))));
    const clipped = (line: string[], patient: string) =>
      Math.max(-3, Math.min(3, Number(line[defined(columnOf.get(patient))])));
    return Float32Array.from(rows.flatMap(({ patient_id }) => genes.map((line) => clipped(line, patient_id))));
  };
  return { patients, expression };
}

const ageAndMale = (rows: Row[]) =>
  Float32Array.from(rows.flatMap(({ age, sex }) => [Number(age), sex === 'male' ? 1 : 0]));
const survival = (rows: Row[]) => ({
  time: rows.map((row) => Number(row.survival_months)),
  event: rows.map((row) => row.event === '1'),
});
const cIndex = (rows: Row[], risk: Float64Array) =>
  defined(concordance(survival(rows).time, survival(rows).event, risk).index);

describe.each(cohorts)('baselines on glioma ($cohort)', ({ cohort, folder }) => {
  const expected = EXPECTED[cohort];
  const { patients, expression } = readCohort(folder);
  const parts = (rows: Row[]) => ({
    training: rows.filter(({ fold }) => fold !== '0'),
    test: rows.filter(({ fold }) => fold === '0'),
  });

  it.each(['efron', 'breslow'] as const)('Cox on age and sex agrees with R, %s ties', (ties) => {
    const [coefficients, standardErrors, logLikelihoods] = expected.cox[ties];
    const model = fitCox({ x: ageAndMale(patients), ...survival(patients), ties });
    coefficients.forEach((value, j) => expect(model.coefficients[j]).toBeCloseTo(value, 9));
    standardErrors.forEach((value, j) => expect(model.standardErrors[j]).toBeCloseTo(value, 9));
    expect(model.logLikelihoodNull).toBeCloseTo(logLikelihoods[0], 5);
    expect(model.logLikelihood).toBeCloseTo(logLikelihoods[1], 5);
  });

  it('age and sex reach the C-index of R on fold 0', () => {
    const { training, test } = parts(patients);
    const model = fitCox({ x: ageAndMale(training), ...survival(training) });
    expect(cIndex(test, coxRisk(model, ageAndMale(test)))).toBeCloseTo(expected.ageAndSex, 3);
  });

  it(`ridge Cox on ${expected.genes} genes reaches the C-index of glmnet on fold 0`, () => {
    const { training, test } = parts(patients);
    const model = fitRidgeCox({
      x: expression(training, 'TUMOUR', 'MICROENVIRONMENT'),
      ...survival(training),
      seed: 0,
    });
    expect(
      Math.abs(cIndex(test, ridgeCoxRisk(model, expression(test, 'TUMOUR', 'MICROENVIRONMENT'))) - expected.ridge),
    ).toBeLessThan(0.015);
    expect(expression(test, 'TUMOUR', 'MICROENVIRONMENT')).toHaveLength(expected.genes * test.length);
  });

  it.each(['who2021_diagnosis', 'histologic_grade'] as const)(
    'ridge logistic regression on the tumour genes predicts %s on fold 0 as scikit-learn does',
    (column) => {
      const [auc, tolerance] = expected.auc[column];
      const known = patients.filter((row) => row[column] !== '');
      const classes = [...new Set(known.map((row) => row[column]))].sort();
      const labels = (rows: Row[]) => rows.map((row) => classes.indexOf(row[column]));
      const { training, test } = parts(known);
      const model = fitRidgeLogistic({
        x: expression(training, 'TUMOUR'),
        labels: labels(training),
        classes: classes.length,
        seed: 0,
      });
      const { value } = macroAuc(
        ridgeLogisticProbabilities(model, expression(test, 'TUMOUR')),
        labels(test),
        classes.length,
      );
      expect(Math.abs(defined(value) - auc)).toBeLessThan(tolerance);
    },
  );
});
