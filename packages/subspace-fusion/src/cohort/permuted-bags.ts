import { key } from '../random/counter.js';
import { derangement } from '../random/derangement.js';
import type { Patient } from './types.js';

/**
 * The control for what slides add: every patient keeps genes and outcome and is given all slides of another one. The exchange
 * depends on the seed and the patients' ids alone, not on the order of the table.
 */
export function permuteBags(patients: readonly Patient[], seed: number): Patient[] {
  const byId = new Map(patients.map((patient) => [patient.id, patient]));
  const ids = [...byId.keys()].sort();
  const donors = derangement(key(seed, 'permuted-bags'), ids.length);
  const donorOf = new Map(ids.map((id, i) => [id, ids[donors[i]]]));
  return patients.map((patient) => ({ ...patient, bags: byId.get(donorOf.get(patient.id)!)!.bags }));
}
