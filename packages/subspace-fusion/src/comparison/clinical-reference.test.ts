import { describe, expect, it } from 'vitest';
import { clinicalReference } from './clinical-reference.js';

const rows = [
  { age: '40', idh_status: 'Mutant', codel_1p19q: 'codel', histologic_grade: 'G2', histology: 'oligodendroglioma' },
  { age: '60', idh_status: 'WT', codel_1p19q: 'non-codel', histologic_grade: 'G4', histology: 'glioblastoma' },
  { age: '', idh_status: 'WT', codel_1p19q: '', histologic_grade: 'G4', histology: 'glioblastoma' },
];
const without = (...columns: string[]) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => !columns.includes(column))));

describe('age, diagnosis and grade', () => {
  it('are read from what the table has; histology stands for a diagnosis without markers', () => {
    expect(clinicalReference('survival', 'who2021', rows)).toEqual({
      variables: ['age', 'idh', 'codeletion', 'grade'],
      leftOut: [],
      defining: [],
    });
    expect(clinicalReference('survival', 'who2021', without('idh_status', 'codel_1p19q'))).toEqual({
      variables: ['age', 'histology', 'grade'],
      leftOut: [
        { variable: 'idh', reason: "the clinical table does not have a column 'idh_status' of mutant and wild type" },
        { variable: 'codeletion', reason: 'the clinical table does not have a column of the 1p/19q codeletion' },
      ],
      defining: [],
    });
  });

  it('lack what the label is made of', () => {
    const defining = { reason: 'it is part of the definition of the label' };
    expect(clinicalReference('diagnosis', 'who2021', rows).variables).toEqual(['age']);
    expect(clinicalReference('subtype', 'who2021', rows).variables).toEqual(['age', 'grade']);
    expect(clinicalReference('grade', 'who2021', rows)).toEqual({
      variables: ['age', 'idh', 'codeletion'],
      leftOut: [{ variable: 'grade', ...defining }],
      defining: ['grade'],
    });
    expect(clinicalReference({ column: 'idh_status' }, 'who2021', rows).leftOut).toEqual([
      { variable: 'idh', ...defining },
    ]);
  });
});
