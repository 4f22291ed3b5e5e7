import { fileNameOf } from '../files/file-name.js';

/** Where a run's explanations are kept. */
export const EXPLANATIONS = 'explanations';

/** What is there besides the patients, without the ending. */
const OWN = ['background', 'cohort-train', 'cohort-validation', 'cohort-test'];

/** The name of a patient's explanation. */
export const patientFile = (patient: string): string => `${fileNameOf(patient, OWN)}.json`;

/** Whether a file of the folder is a patient's explanation, by its name. */
export const isPatientFile = (name: string): boolean => name.endsWith('.json') && !OWN.includes(name.slice(0, -5));

/**
 * The names of the figures of a patient's slides, in their order: those of the slides, with the patient's before it where a slide's does not
 * begin with it, as other patients' slides may have the same.
 */
export function figureFiles(patient: string, slides: readonly string[]): string[] {
  const names = slides.map((slide) => {
    const name = slide.replace(/\.[^.]*$/, '');
    return name.startsWith(patient) ? name : `${patient}-${name}`;
  });
  return names.map((name, i) => {
    const before = names.slice(0, i).filter((other) => other === name).length;
    return `${fileNameOf(before === 0 ? name : `${name} ${before + 1}`)}.svg`;
  });
}
