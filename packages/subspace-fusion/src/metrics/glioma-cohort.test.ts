import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { cohorts } from '../testing/data.js';
import { defined } from '../testing/defined.js';
import { concordance } from './concordance.js';
import { kaplanMeier, logRank, medianSurvival, numbersAtRisk, survivalAt } from './kaplan-meier.js';

/** What R's survival package finds in a cohort. */
const EXPECTED = {
  TCGA: {
    age: [42878, 12740, 937, 0.7664485899],
    patients: 569,
    events: 187,
    survival: {
      12: [0.8760910649, 0.8440969709, 0.9019027528, 414],
      24: [0.737078082, 0.6928043369, 0.7760246739, 236],
      60: [0.5175924999, 0.4521493764, 0.5790236206, 58],
    },
    median: 62.12,
    medians: [14.95, 50.82, 113.99, 154.24],
    logRank: { observed: [120, 26, 23, 18], chiSquare: 310.0279464, pValue: 6.719259483616526e-67 },
  },
  invented: {
    age: [31705, 15349, 881, 0.670606028998],
    patients: 520,
    events: 159,
    survival: {
      12: [0.805276973185, 0.765090593082, 0.839319246935, 283],
      24: [0.680700549975, 0.628797333305, 0.726964042226, 170],
      60: [0.498452302423, 0.424109016263, 0.568278433882, 35],
    },
    median: 57.58,
    medians: [11.85, null, null, 87.39],
    logRank: { observed: [105, 11, 22, 21], chiSquare: 248.660146579, pValue: 1.27530632268e-53 },
  },
} as const;

describe.each(cohorts)("glioma patients ($cohort), as R's survival package", ({ cohort, folder }) => {
  const expected = EXPECTED[cohort];
  const rows: Record<string, string>[] = parse(readFileSync(`${folder}/tcga-gbmlgg/clinical.csv`), { columns: true });
  const time = rows.map((row) => Number(row.survival_months));
  const event = rows.map((row) => row.event === '1');
  const diagnoses = ['glioblastoma', 'astrocytoma, grade 4', 'astrocytoma, grade 2-3', 'oligodendroglioma'];
  const group = rows.map((row) => diagnoses.indexOf(row.paper_diagnosis));
  const curve = kaplanMeier(time, event);

  test('concordance of age', () => {
    const [concordant, discordant, tiedRisk, index] = expected.age;
    expect(
      concordance(
        time,
        event,
        rows.map((row) => Number(row.age)),
      ),
    ).toMatchObject({ concordant, discordant, tiedRisk, index: expect.closeTo(index, 10) });
  });

  test.each([12, 24, 60] as const)('Kaplan-Meier at %d months', (months) => {
    const [value, low, high, atRisk] = expected.survival[months];
    const survival = survivalAt(curve, months);
    expect(survival).toMatchObject({ n: expected.patients, events: expected.events });
    expect(survival).toMatchObject({
      value: expect.closeTo(value, 9),
      low: expect.closeTo(low, 9),
      high: expect.closeTo(high, 9),
    });
    expect(numbersAtRisk(curve, [months])).toEqual([atRisk]);
  });

  test('median survival, in all and by diagnosis', () => {
    expect(medianSurvival(curve).value).toBe(expected.median);
    const medians = diagnoses.map((_, g) => {
      const members = rows.map((_row, i) => i).filter((i) => group[i] === g);
      return medianSurvival(
        kaplanMeier(
          members.map((i) => time[i]),
          members.map((i) => event[i]),
        ),
      ).value;
    });
    expect(medians).toEqual(expected.medians);
  });

  test('log-rank test over the diagnoses', () => {
    const { groups, observed, degreesOfFreedom, chiSquare, pValue } = logRank(time, event, group);
    expect(groups).toEqual([0, 1, 2, 3]);
    expect([...observed]).toEqual(expected.logRank.observed);
    expect(degreesOfFreedom).toBe(3);
    expect(chiSquare.value).toBeCloseTo(expected.logRank.chiSquare, 7);
    expect(defined(pValue.value) / expected.logRank.pValue).toBeCloseTo(1, 6);
  });
});
