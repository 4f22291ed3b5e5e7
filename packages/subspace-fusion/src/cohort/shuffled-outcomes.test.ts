import { expect, it } from 'vitest';
import { labelPatients } from './clinical/labels.js';
import { shuffleOutcomes } from './controls.js';
import type { Patient } from './types.js';

const patients = Array.from({ length: 40 }, (_, i): Patient => ({
  id: `P${i}`,
  clinical: { age: String(i), kind: `kind ${i}` },
  bags: [{ slide: `P${i}-A`, path: `P${i}` }],
  ...(i === 7 ? {} : { survival: { time: i, event: i % 2 === 0 } }),
}));
const outcomes = (of: readonly Patient[]) => new Map(of.map(({ id, survival }) => [id, survival]));

it('hands the outcomes on and leaves all else, whatever the order of the table', () => {
  const shuffled = shuffleOutcomes(patients, 1);
  expect(shuffled.map(({ id, clinical, bags }) => ({ id, clinical, bags }))).toEqual(
    patients.map(({ id, clinical, bags }) => ({ id, clinical, bags })),
  );
  const times = shuffled.flatMap(({ survival }) => survival?.time ?? []);
  expect(times).toHaveLength(39);
  expect([...times].sort((a, b) => a - b)).toEqual(patients.flatMap(({ survival }) => survival?.time ?? []));
  expect(times.filter((time, i) => patients[i].survival?.time === time).length).toBeLessThan(6);
  for (const { survival } of shuffled) expect(survival?.event ?? true).toBe(survival ? survival.time % 2 === 0 : true);
  expect(outcomes(shuffleOutcomes([...patients].reverse(), 1))).toEqual(new Map([...outcomes(shuffled)].reverse()));
  expect(shuffleOutcomes(patients, 2)).not.toEqual(shuffled);
});

it('moves class labels and survival of a patient to the same other one', () => {
  const shuffled = shuffleOutcomes(patients, 1);
  const { byPatient } = labelPatients(shuffled, { column: 'kind' }, 'who2021');
  expect(new Set(byPatient.values()).size).toBe(40);
  for (const { id, survival } of shuffled) expect(byPatient.get(id)).toBe(`kind ${survival?.time ?? 7}`);
});
