import { disagreements } from './bags/agreement.js';
import type { ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import type { ExpressionFile } from './expression.js';
import { readBagHeader } from './features.js';
import { collecting, someOf, type Problem } from './problems.js';
import type { Slides } from './slides.js';
import type { BagFile, BagHeader, Patient } from './types.js';

/** Patients that have everything, in the order of the clinical table; the others are counted. */
export function joinPatients(
  clinical: ClinicalTable,
  { expression }: ExpressionFile,
  slides: Slides,
  config: Config,
  problems: Problem[],
): Patient[] {
  const measured = new Set(expression.patients);
  const warn = (file: string, names: readonly string[], what: string) => {
    if (names.length === 0) return;
    problems.push({ severity: 'warning', file, message: `${names.length} ${what} (${someOf(names)})`, remedy: 'They are left out' });
  };
  const lacking = (has: (id: string) => boolean) => clinical.patients.filter(({ id }) => !has(id)).map(({ id }) => id);
  const total = clinical.patients.length;
  warn(
    config.expression.file,
    lacking((id) => measured.has(id)),
    `of ${total} patients have no expression`,
  );
  warn(
    config.features.folder,
    lacking((id) => slides.byPatient.has(id)),
    `of ${total} patients have no slide`,
  );
  warn(config.features.folder, slides.others, slides.others.length === 1 ? 'feature file belongs to no patient' : 'feature files belong to no patient');
  const joined = clinical.patients.flatMap((patient) => {
    const bags = slides.byPatient.get(patient.id);
    return bags && measured.has(patient.id) ? [{ id: patient.id, clinical: patient.clinical, survival: patient.survival, bags }] : [];
  });
  if (joined.length < 2) {
    problems.push({
      severity: 'error',
      file: clinical.file,
      message:
        `${joined.length} of ${total} patients have expression and a slide ` +
        `(${expression.patients.length} have expression, ${slides.byPatient.size} a slide)`,
      remedy: 'Use the same patient ids in all files; a cohort needs two patients at least',
    });
  }
  return joined;
}

/** Headers of all bags; a file that is no bag, or whose patches were cut or encoded differently, is an error. */
export async function readHeaders(
  bags: readonly BagFile[],
  { encoder }: Config['features'],
  problems: Problem[],
): Promise<Map<string, BagHeader>> {
  const headers = new Map<string, BagHeader>();
  for (const { path } of bags) {
    const header = await collecting(problems, () => readBagHeader(path));
    if (header) headers.set(path, header);
  }
  problems.push(...disagreements(headers, encoder));
  return headers;
}
