import type { LabelRule, Patient, Task } from '../types.js';
import { anyOf, egfrAmplification, homozygousDeletion, markerColumn, readMarkers, type Markers } from './markers.js';

/** A task whose label is one of several classes. */
export type ClassTask = Exclude<Task, 'survival'>;

/** A patient's class, or why there is none. */
export type Label = { readonly name: string } | { readonly missing: string };

/** Class names in the order of their indices (docs/method.md, section 1). */
export const CLASSES = {
  diagnosis: ['glioblastoma', 'astrocytoma, grade 4', 'astrocytoma, grade 2-3', 'oligodendroglioma'],
  grade: ['G2', 'G3', 'G4'],
  subtype: ['glioblastoma', 'astrocytoma', 'oligodendroglioma'],
} as const;

const unknown = (...markers: (keyof Markers)[]): Label => ({
  missing: `${markers.map(markerColumn).join(' and ')} unknown`,
});

/**
 * The three types of adult diffuse glioma, which need no grade. `who2021`: an IDH wild type is a glioblastoma by histology, TERT promoter
 * mutation, EGFR amplification or +7/−10, and otherwise has no label. `paper`: every IDH wild type is one.
 */
function subtype(m: Markers, rule: LabelRule): Label {
  if (m.idh === undefined) return unknown('idh');
  if (m.idh === 'mutant') {
    if (m.codeleted === undefined) return unknown('codeleted');
    return { name: m.codeleted ? 'oligodendroglioma' : 'astrocytoma' };
  }
  if (rule === 'paper') return { name: 'glioblastoma' };
  const criterion = anyOf(m.glioblastomaHistology, m.tertMutant, egfrAmplification(m), m.gain7loss10);
  if (criterion) return { name: 'glioblastoma' };
  return {
    missing: `IDH wild type without a criterion of glioblastoma${criterion === undefined ? ', not all of them tested' : ''}`,
  };
}

/** Loss of CDKN2A/B as the rule counts it: homozygous deletion (−2) in `who2021`, one lost copy (−1) too in `paper`. */
function cdkn2abLoss(m: Markers, rule: LabelRule): boolean | undefined {
  if (rule === 'who2021') return homozygousDeletion(m);
  const lost = [m.cdkn2a, m.cdkn2b].filter((call) => call !== undefined).map((call) => call <= -1);
  return lost.length === 0 ? homozygousDeletion(m) : lost.includes(true);
}

/** The subtype, with astrocytoma divided into grade 4 (histology, or loss of CDKN2A/B) and grade 2-3. */
function diagnosis(m: Markers, rule: LabelRule): Label {
  const type = subtype(m, rule);
  if (!('name' in type) || type.name !== 'astrocytoma') return type;
  const loss = cdkn2abLoss(m, rule);
  if (loss || m.grade === 4) return { name: 'astrocytoma, grade 4' };
  if (m.grade === undefined) return unknown('grade');
  if (loss === undefined) return unknown('cdkn2a', 'cdkn2b');
  return { name: 'astrocytoma, grade 2-3' };
}

function label(clinical: Patient['clinical'], task: ClassTask, rule: LabelRule): Label {
  if (typeof task === 'object') {
    const name = clinical[task.column];
    return name ? { name } : { missing: `${task.column} unknown` };
  }
  const markers = readMarkers(clinical);
  if (task === 'diagnosis') return diagnosis(markers, rule);
  if (task === 'subtype') return subtype(markers, rule);
  return markers.grade === undefined ? unknown('grade') : { name: `G${markers.grade}` };
}

/** Labels of a cohort. */
export interface Labels {
  /** Class name by patient id; patients without a label are not in it. */
  readonly byPatient: ReadonlyMap<string, string>;
  /** How many patients have no label, by reason. */
  readonly unlabelled: ReadonlyMap<string, number>;
  /** Their ids, by reason. */
  readonly unlabelledPatients: ReadonlyMap<string, readonly string[]>;
}

/** The class of each patient for a task; `rule` matters for `diagnosis` and `subtype`. */
export function labelPatients(
  patients: readonly Pick<Patient, 'id' | 'clinical' | 'labelledBy'>[],
  task: ClassTask,
  rule: LabelRule,
): Labels {
  const byPatient = new Map<string, string>();
  const without = new Map<string, string[]>();
  for (const { id, clinical, labelledBy = clinical } of patients) {
    const found = label(labelledBy, task, rule);
    if ('name' in found) byPatient.set(id, found.name);
    else {
      const ids = without.get(found.missing);
      if (ids) ids.push(id);
      else without.set(found.missing, [id]);
    }
  }
  const unlabelled = new Map([...without].map(([reason, ids]) => [reason, ids.length]));
  return { byPatient, unlabelled, unlabelledPatients: without };
}

/** Class names in the order of their indices: the task's own, or for a column those of the training patients, sorted. */
export function taskClasses(task: ClassTask, trainingLabels: Iterable<string>): readonly string[] {
  return typeof task === 'string' ? CLASSES[task] : [...new Set(trainingLabels)].sort();
}

/** Clinical columns that a class task cannot do without. */
export function neededColumns(task: ClassTask): string[] {
  if (typeof task === 'object') return [task.column];
  const needed: (keyof Markers)[] = task === 'grade' ? ['grade'] : ['idh', 'codeleted'];
  if (task === 'diagnosis') needed.push('grade');
  return needed.map(markerColumn);
}

const GLIOBLASTOMA_CRITERIA = ['glioblastomaHistology', 'tertMutant', 'egfr', 'egfrAmplified', 'gain7loss10'] as const;

/** Markers that a task's rule reads; for the grade also the histology, which can contradict it. */
export function readsMarkers(task: Exclude<ClassTask, object>, rule: LabelRule): readonly (keyof Markers)[] {
  if (task === 'grade') return ['grade', 'glioblastomaHistology'];
  const subtype: (keyof Markers)[] = ['idh', 'codeleted', ...(rule === 'who2021' ? GLIOBLASTOMA_CRITERIA : [])];
  return task === 'subtype' ? subtype : [...subtype, 'cdkn2a', 'cdkn2b', 'homozygousDeletion', 'grade'];
}

/**
 * Genes whose state is part of a label's definition (docs/method.md, section 1), by task and rule. Their expression follows that state, so a
 * model that reads it reads a part of the answer.
 */
export function definingGenes(task: Task, rule: LabelRule): readonly string[] {
  const idh = ['IDH1', 'IDH2'];
  const glioblastoma = rule === 'who2021' ? ['TERT', 'EGFR'] : [];
  if (task === 'subtype') return [...idh, ...glioblastoma];
  return task === 'diagnosis' ? [...idh, ...glioblastoma, 'CDKN2A', 'CDKN2B'] : [];
}
