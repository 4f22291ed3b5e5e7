import type { Patient, Split } from '../../cohort/index.js';

/** A part of the split that a patient is in, `undefined` for those in none. */
export type PartOf = (patient: string) => keyof Split | undefined;

/** The part of each patient, the first where one is in several. */
export function partsOf(split: Split): PartOf {
  const partOf = new Map<string, keyof Split>();
  for (const [part, ids] of Object.entries(split) as [keyof Split, readonly string[]][])
    for (const id of ids) if (!partOf.has(id)) partOf.set(id, part);
  return (id) => partOf.get(id);
}

/** Whether things of these patients are on different sides of a split; patients that are in no part are on none. */
export function onSeveralSides(patients: readonly string[], partOf: PartOf): boolean {
  return new Set(patients.flatMap((id) => partOf(id) ?? [])).size > 1;
}

/** `P1 (train) and P2 (test)`. */
export function inWords(patients: readonly string[], partOf: PartOf): string {
  return patients.map((id) => `${id} (${partOf(id) ?? 'no part'})`).join(' and ');
}

/** The patients of a cohort that are in some part. */
export function dividedPatients<P extends Patient>(patients: readonly P[], partOf: PartOf): P[] {
  return patients.filter(({ id }) => partOf(id) !== undefined);
}
