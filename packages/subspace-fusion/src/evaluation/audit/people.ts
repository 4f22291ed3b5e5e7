import { patientOf } from '../../cohort/barcode.js';
import { counted, someOf, type Patient, type Split } from '../../cohort/index.js';
import type { LocalFinding } from './finding.js';
import { inWords, onSeveralSides, partsOf } from './parts.js';

/** Patients that a split names in several parts. */
export function patientsInSeveralParts(split: Split): LocalFinding[] {
  const seen = new Map<string, string[]>();
  for (const [part, ids] of Object.entries(split) as [string, readonly string[]][])
    for (const id of ids) seen.set(id, [...(seen.get(id) ?? []), part]);
  const several = [...seen].filter(([, parts]) => parts.length > 1);
  if (several.length === 0) return [];
  const words = someOf(several.map(([id, parts]) => `${id}: ${parts.join(', ')}`));
  return [
    {
      kind: 'patient',
      severity: 'leak',
      message: `${counted(several.length, 'patient is', 'patients are')} in several parts, or named twice in one (${words})`,
      who: several.map(([id]) => id),
      remedy: 'Divide by patient, and train again',
    },
  ];
}

/**
 * Patients with different ids that are one person: their ids, or the names of their slides, have the TCGA barcode of one patient at whatever level it stands
 * (`TCGA-06-0174-01A` and `TCGA-06-0174-02B` are samples of one).
 */
export function samePerson(patients: readonly Patient[], split: Split): LocalFinding[] {
  const partOf = partsOf(split);
  const idsOf = new Map<string, Set<string>>();
  for (const { id, bags } of patients) {
    if (partOf(id) === undefined) continue;
    for (const name of [id, ...bags.map(({ slide }) => slide)]) {
      const person = patientOf(name);
      if (person !== name || name === id) idsOf.set(person, (idsOf.get(person) ?? new Set()).add(id));
    }
  }
  return [...idsOf].flatMap(([person, ids]): LocalFinding[] => {
    if (ids.size < 2) return [];
    const who = [...ids].sort();
    const leak = onSeveralSides(who, partOf);
    return [
      {
        kind: 'patient',
        severity: leak ? 'leak' : 'note',
        message: `${inWords(who, partOf)} are the TCGA patient ${person}, by their ids or the names of their slides`,
        who,
        remedy: leak
          ? 'Give all samples of a person one patient id, and train again'
          : 'Give all samples of a person one patient id; they count as several patients now',
      },
    ];
  });
}
