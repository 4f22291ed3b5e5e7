import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import type { CohortExplanation, PatientExplanation } from '../runs/explanations.js';
import { slideFigure, type Thumbnail } from './slide-figure.js';

/** Where a run's explanations are kept. */
export const EXPLANATIONS = 'explanations';

/** JSON whose numbers have six digits: more than float32 means, and half as long. */
function shortJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' ? Number(v.toPrecision(6)) : v)) + '\n';
}

/** A name that every file system takes. */
function fileName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '_');
}

/** Writes `PATIENT.json` and a figure for each slide, `SLIDE.svg`; returns the paths. */
export async function writePatientExplanation(
  folder: string,
  explanation: PatientExplanation,
  thumbnail?: Thumbnail,
): Promise<string[]> {
  const { patient, slides, output } = explanation;
  const json = join(folder, `${fileName(patient)}.json`);
  await writeFileAtomic(json, shortJson({ format: 1, ...explanation }));
  const paths = [json];
  for (const slide of slides) {
    const path = join(folder, `${fileName(slide.slide.replace(/\.[^.]*$/, ''))}.svg`);
    await writeFileAtomic(path, slideFigure(patient, slide, output, thumbnail));
    paths.push(path);
  }
  return paths;
}

/** Writes `cohort-SPLIT.json`; returns its path. */
export async function writeCohortExplanation(folder: string, explanation: CohortExplanation): Promise<string> {
  const path = join(folder, `cohort-${explanation.split}.json`);
  await writeFileAtomic(path, shortJson({ format: 1, ...explanation }));
  return path;
}
