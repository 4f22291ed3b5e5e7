import { disagreements } from './bags/agreement.js';
import type { ClinicalTable } from './clinical.js';
import type { Config } from './config.js';
import type { ExpressionFile } from './expression.js';
import { readBagHeader } from './features.js';
import { collecting, someOf, type Problem } from './problems.js';
import type { Slides } from './slides.js';
import type { BagFile, BagHeader, IncompletePatient, Patient } from './types.js';

/** The patients of a clinical table by what there is of them, in its order. */
export interface Joined {
  /** With expression and slides. */
  readonly complete: readonly Patient[];
  /** With one of them. */
  readonly incomplete: readonly IncompletePatient[];
  /** How many have neither. */
  readonly neither: number;
}

/** Joins expression and slides to the clinical table; patients who lack something are counted in `problems`. */
export function joinPatients(
  clinical: ClinicalTable,
  { expression }: ExpressionFile,
  slides: Slides,
  config: Config,
  problems: Problem[],
): Joined {
  const measured = new Set(expression.patients);
  const warn = (file: string, names: readonly string[], what: string) => {
    if (names.length === 0) return;
    problems.push({
      severity: 'warning',
      file,
      message: `${names.length} ${what} (${someOf(names)})`,
      remedy: 'They are left out',
    });
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
  warn(
    config.features.folder,
    slides.others,
    slides.others.length === 1 ? 'feature file belongs to no patient' : 'feature files belong to no patient',
  );
  const complete: Patient[] = [];
  const incomplete: IncompletePatient[] = [];
  for (const { id, clinical: row, survival } of clinical.patients) {
    const bags = slides.byPatient.get(id) ?? [];
    const patient: Patient = { id, cohort: config.name, clinical: row, survival, bags };
    if (bags.length > 0 && measured.has(id)) complete.push(patient);
    else if (bags.length > 0 || measured.has(id))
      incomplete.push({ ...patient, has: bags.length > 0 ? 'slides' : 'expression' });
  }
  if (complete.length < 2) {
    problems.push({
      severity: 'error',
      file: clinical.file,
      message:
        `${complete.length} of ${total} patients have expression and a slide ` +
        `(${expression.patients.length} have expression, ${slides.byPatient.size} a slide)`,
      remedy: 'Use the same patient ids in all files; a cohort needs two patients at least',
    });
  }
  return { complete, incomplete, neither: total - complete.length - incomplete.length };
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
