import { expect, test } from 'vitest';
import { formatProblem } from '../../files/errors.js';
import { key, normal } from '../../random/counter.js';
import { patientProblems } from './patient-values.js';

const GENES = Array.from({ length: 30 }, (_, g) => `G${g}`);

/** What is said of these patients' rows. */
function said(rows: readonly (readonly number[])[]): string[] {
  const patients = rows.map((_, p) => `P${p}`);
  return patientProblems('m.csv', { patients, genes: GENES, values: Float32Array.from(rows.flat()) }).map(
    formatProblem,
  );
}

const tpm = Array.from({ length: 6 }, (_, p) => GENES.map((_, g) => 2 ** (g / 3 + normal(key(p, 'made'), g))));
const log = (row: readonly number[]) => row.map((x) => Math.log2(1 + x));

test('patients with values of their own, on one scale, are no problem', () => {
  expect(said(tpm)).toEqual([]);
  expect(said(tpm.map(log))).toEqual([]);
  expect(said(tpm.map((row) => row.map((x) => Math.log2(x))))).toEqual([]);
  // A sample with few reads.
  expect(said([...tpm, tpm[0].map((x) => x / 1000)])).toEqual([]);
});

test('the same expression of two patients is stated', () => {
  expect(said([...tpm, tpm[1], tpm[1]])).toEqual([
    "m.csv: 3 patients have the expression of another patient, to the last digit ('P1, P6, P7'). Check which patient each is of, and take the others out of the matrix.",
  ]);
});

test('a patient with one value for all genes is stated', () => {
  expect(said([...tpm, GENES.map(() => 0), GENES.map(() => 0)])).toEqual([
    "m.csv: 2 patients have one value for all genes ('P6: 0', 'P7: 0'). Did the measurement fail? Take the patient out of the matrix.",
  ]);
});

test('logarithms of some patients among TPM of the others are stated', () => {
  expect(said([...tpm, log(tpm[1]), log(tpm[2]).reverse()])).toEqual([
    "m.csv: 2 of 8 patients have values up to 30, such as logarithms, and all others values above 300 ('P6', 'P7'). Bring all to one scale, or make two cohorts of them (moreCohorts), each with its transform.",
  ]);
});
