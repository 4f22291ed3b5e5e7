import { bitsHash } from '../../files/bits.js';
import { counted, someOf, type Problem } from '../../files/errors.js';
import { append, maxOf, minOf } from '../../files/lists.js';
import type { Expression } from '../types.js';
import { HIGHEST_LOGARITHM } from './value-scale.js';

/** Two patients may have the same few values by chance. */
const FEWEST_GENES = 10;
/** A patient whose highest value is below this, and above {@link HIGHEST_LOGARITHM}, may be one of few reads. */
const LOWEST_OF_LINEAR = 10 * HIGHEST_LOGARITHM;
const FEWEST_OF_A_SCALE = 2;

/**
 * Warns of patients whose values are none of their own: all genes alike, another patient's values to the last digit, or logarithms among counts,
 * TPM or FPKM.
 */
export function patientProblems(file: string, { patients, genes, values }: Expression): Problem[] {
  if (genes.length < FEWEST_GENES) return [];
  const problems: Problem[] = [];
  const warn = (message: string, examples: readonly string[], remedy: string) =>
    problems.push({ severity: 'warning', file, message, examples: examples.slice(0, 3), remedy });
  const rowOf = (p: number) => values.subarray(p * genes.length, (p + 1) * genes.length);

  const constant: number[] = [];
  const groups = new Map<string, number[]>();
  patients.forEach((_, p) => {
    const row = rowOf(p);
    if (row.every((x) => Object.is(x, row[0]))) constant.push(p);
    else {
      const hash = bitsHash();
      hash.add(row);
      groups.set(hash.digest(), [...(groups.get(hash.digest()) ?? []), p]);
    }
  });
  if (constant.length > 0) {
    warn(
      `${counted(constant.length, 'patient has', 'patients have')} one value for all genes`,
      constant.map((p) => `${patients[p]}: ${rowOf(p)[0]}`),
      'Did the measurement fail? Take the patient out of the matrix',
    );
  }
  const alike = [...groups.values()].filter((group) => group.length > 1);
  if (alike.length > 0) {
    const several: number[] = [];
    for (const group of alike) append(several, group);
    warn(
      `${several.length} patients have the expression of another patient, to the last digit`,
      alike.map((group) => someOf(group.map((p) => patients[p]))),
      'Check which patient each is of, and take the others out of the matrix',
    );
  }
  const mixed = otherScale(
    patients.flatMap((id, p) =>
      constant.includes(p) ? [] : [{ id, lowest: minOf(rowOf(p)), highest: maxOf(rowOf(p)) }],
    ),
  );
  if (mixed.length > 0) {
    warn(
      `${mixed.length} of ${patients.length} patients have values up to ${HIGHEST_LOGARITHM}, such as logarithms, and all others values above ${LOWEST_OF_LINEAR}`,
      mixed,
      'Bring all to one scale, or make two cohorts of them (moreCohorts), each with its transform',
    );
  }
  return problems;
}

/** Ids of the patients who have logarithms where all others have none; none where there is anybody between the two. */
function otherScale(
  patients: readonly { readonly id: string; readonly lowest: number; readonly highest: number }[],
): string[] {
  if (patients.some(({ lowest }) => lowest < 0)) return [];
  const low = patients.filter(({ highest }) => highest <= HIGHEST_LOGARITHM);
  const high = patients.filter(({ highest }) => highest >= LOWEST_OF_LINEAR);
  const isEach = low.length + high.length === patients.length;
  const areSeveral = low.length >= FEWEST_OF_A_SCALE && high.length >= FEWEST_OF_A_SCALE;
  return isEach && areSeveral ? low.map(({ id }) => id) : [];
}
