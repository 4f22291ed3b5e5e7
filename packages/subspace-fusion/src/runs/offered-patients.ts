import { z } from 'zod';
import { parseJson, type Stored } from '../files/json.js';

const offeredPatient = z.object({
  patient: z.string(),
  bags: z.array(z.string()).describe('Feature files, by names below the folder of the run'),
  expression: z.string().optional().describe('The matrix, likewise; absent where there is none'),
});

/** `patients.json`, which lies beside a run that a page is given: patients whose files come with it. */
const offeredPatientsFile = z.array(offeredPatient);
/** A patient that the viewer offers. */
export type OfferedPatient = Stored<typeof offeredPatient>;

/** The patients of a `patients.json`. @throws {InputError} where it is not whole, or something else. */
export function parseOfferedPatients(text: string): readonly OfferedPatient[] {
  return parseJson(text, offeredPatientsFile, { file: 'patients.json', what: 'the page', remedy: 'Make it again' });
}
