import { key, permutation } from '../random/counter.js';
import type { Cohort, Patient } from './types.js';

/**
 * The control for leaks: every patient keeps slides, genes and clinical variables and is given the outcome of another one, drawn
 * from all of them: the survival, and the clinical row that class labels are read from. Nothing that is known of a patient then says
 * anything of the outcome, so whatever scores above chance has seen outcomes of test patients (permutation test 1 of Ojala and
 * Garriga, J. Mach. Learn. Res. 2010). Test patients have to be among the shuffled: were theirs left true, models that learnt nothing
 * would still lie along some real difference between patients, and scatter about chance by more than their intervals say. The
 * exchange depends on the seed and the patients' ids alone, not on the order of the table.
 */
export function shuffleOutcomes<P extends Patient>(patients: readonly P[], seed: number): P[] {
  const byId = new Map(patients.map((patient) => [patient.id, patient]));
  const ids = [...byId.keys()].sort();
  const order = permutation(key(seed, 'shuffled-outcomes'), ids.length);
  const donorOf = new Map(ids.map((id, i) => [id, byId.get(ids[order[i]])!]));
  return patients.map((patient) => {
    const { survival, clinical } = donorOf.get(patient.id)!;
    return { ...patient, survival, labelledBy: clinical };
  });
}

/** A cohort with its outcomes shuffled, those of patients with one modality among themselves. */
export function withShuffledOutcomes(cohort: Cohort, seed: number): Cohort {
  return {
    ...cohort,
    patients: shuffleOutcomes(cohort.patients, seed),
    incomplete: shuffleOutcomes(cohort.incomplete, seed),
  };
}
