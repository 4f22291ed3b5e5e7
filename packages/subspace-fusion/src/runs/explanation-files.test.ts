import { expect, test } from 'vitest';
import { figureFiles, isPatientFile, patientFile } from './explanation-files.js';

test('a patient’s explanation never has the name of a file that the program keeps there', () => {
  expect(patientFile('PT-0001')).toBe('PT-0001.json');
  for (const name of ['background', 'cohort-test', 'cohort-train', 'cohort-validation', 'COHORT-TEST', 'Background']) {
    expect(patientFile(name)).toMatch(/-[0-9a-f]{8}\.json$/);
    expect(isPatientFile(patientFile(name))).toBe(true);
  }
  expect(['background.json', 'cohort-test.json', 'PT-0001.svg', 'PT-0001.json.lock'].filter(isPatientFile)).toEqual([]);
});

test('every slide of every patient has a figure of its own', () => {
  expect(figureFiles('PT-0001', ['PT-0001-DX1.h5', 'PT-0001-DX2.h5'])).toEqual(['PT-0001-DX1.svg', 'PT-0001-DX2.svg']);
  const all = ['PT-1', 'PT-2'].flatMap((patient) => figureFiles(patient, ['A.h5', 'A.pt', 'A.h5']));
  expect(new Set(all).size).toBe(6);
});
