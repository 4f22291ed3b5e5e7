import { expect, it } from 'vitest';
import { permuteBags } from './controls.js';
import type { Patient } from './types.js';

const patient = (id: string): Patient => ({
  id,
  clinical: { of: id },
  bags: [
    { slide: `${id}-A`, path: id },
    { slide: `${id}-B`, path: id },
  ],
});
const patients = Array.from({ length: 30 }, (_, i) => patient(`P${i}`));

it('gives every patient all slides of one other, whatever the order of the table', () => {
  const permuted = permuteBags(patients, 1);
  expect(permuted.map(({ id }) => id)).toEqual(patients.map(({ id }) => id));
  const donors = new Map(
    permuted.map(({ id, clinical, bags }) => {
      expect(clinical).toEqual({ of: id });
      expect(bags.map(({ slide }) => slide)).toEqual([`${bags[0].path}-A`, `${bags[0].path}-B`]);
      expect(bags[0].path).not.toBe(id);
      return [id, bags[0].path];
    }),
  );
  expect(new Set(donors.values()).size).toBe(30);
  const reversed = permuteBags([...patients].reverse(), 1);
  expect(new Map(reversed.map(({ id, bags }) => [id, bags[0].path]))).toEqual(new Map([...donors].reverse()));
  expect(permuteBags(patients, 2)).not.toEqual(permuted);
});
