import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { concordance, kaplanMeier, logRank, medianSurvival, numbersAtRisk, survivalAt } from './index.js';

const TABLE = '../shared/data/tcga-gbmlgg/clinical.csv';

describe.skipIf(!existsSync(TABLE))(`569 TCGA patients (skipped without ${TABLE}), as R's survival package`, () => {
  const rows: Record<string, string>[] = existsSync(TABLE) ? parse(readFileSync(TABLE), { columns: true }) : [];
  const time = rows.map((row) => Number(row.survival_months));
  const event = rows.map((row) => row.event === '1');
  const diagnoses = ['glioblastoma', 'astrocytoma, grade 4', 'astrocytoma, grade 2-3', 'oligodendroglioma'];
  const group = rows.map((row) => diagnoses.indexOf(row.paper_diagnosis));
  const curve = kaplanMeier(time, event);

  test('concordance of age', () => {
    expect(
      concordance(
        time,
        event,
        rows.map((row) => Number(row.age)),
      ),
    ).toMatchObject({ concordant: 42878, discordant: 12740, tiedRisk: 937, index: expect.closeTo(0.7664485899, 10) });
  });

  test.each([
    [12, 0.8760910649, 0.8440969709, 0.9019027528, 414],
    [24, 0.737078082, 0.6928043369, 0.7760246739, 236],
    [60, 0.5175924999, 0.4521493764, 0.5790236206, 58],
  ])('Kaplan-Meier at %d months', (months, value, low, high, atRisk) => {
    const survival = survivalAt(curve, months);
    expect(survival).toMatchObject({ n: 569, events: 187 });
    expect(survival).toMatchObject({
      value: expect.closeTo(value, 9),
      low: expect.closeTo(low, 9),
      high: expect.closeTo(high, 9),
    });
    expect(numbersAtRisk(curve, [months])).toEqual([atRisk]);
  });

  test('median survival, in all and by diagnosis', () => {
    expect(medianSurvival(curve).value).toBe(62.12);
    const medians = diagnoses.map((_, g) => {
      const members = rows.map((_row, i) => i).filter((i) => group[i] === g);
      return medianSurvival(
        kaplanMeier(
          members.map((i) => time[i]),
          members.map((i) => event[i]),
        ),
      ).value;
    });
    expect(medians).toEqual([14.95, 50.82, 113.99, 154.24]);
  });

  test('log-rank test over the diagnoses', () => {
    const { groups, observed, degreesOfFreedom, chiSquare, pValue } = logRank(time, event, group);
    expect(groups).toEqual([0, 1, 2, 3]);
    expect([...observed]).toEqual([120, 26, 23, 18]);
    expect(degreesOfFreedom).toBe(3);
    expect(chiSquare.value).toBeCloseTo(310.0279464, 7);
    expect(pValue.value! / 6.719259483616526e-67).toBeCloseTo(1, 6);
  });
});
