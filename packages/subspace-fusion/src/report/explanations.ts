import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainPatient, EXPLANATIONS, writePatientExplanation, type Thumbnail } from '../explanation/index.js';
import type { PatientExplanation } from '../runs/explanations.js';
import type { Run } from '../runs/open-run.js';
import type { ExplainedPatient, Explanations, ReportRun } from './types.js';

/** The maps of a slide are large. */
const SHOWN = 6;

/** How sure a model is of each patient: the probability of the predicted class, or how far the risk is from the middle one. */
function certainty(predictions: ReportRun['predictions']): ReadonlyMap<string, number> {
  if (predictions.kind === 'classification')
    return new Map(predictions.rows.map(({ patient, probabilities }) => [patient, Math.max(...probabilities)]));
  const risks = predictions.rows.map(({ risk }) => risk).sort((a, b) => a - b);
  const middle = risks[Math.floor(risks.length / 2)];
  return new Map(predictions.rows.map(({ patient, risk }) => [patient, Math.abs(risk - middle)]));
}

/** The `n` patients of whom the model is most certain and the `n` of whom it is least, each once, the most certain first. */
export function mostAndLeastCertain(predictions: ReportRun['predictions'], n: number): string[] {
  const ordered = [...certainty(predictions)].sort(([, a], [, b]) => b - a).map(([patient]) => patient);
  return [...new Set([...ordered.slice(0, n), ...ordered.slice(-n)])];
}

/** Explains those of the patients whom the run folder does not explain yet, and keeps the explanations there. */
export async function explainMissing(
  run: Run,
  patients: readonly string[],
  onPatient?: (done: number, of: number) => void,
): Promise<void> {
  const folder = join(run.name, EXPLANATIONS);
  const there = new Set((await readPatientExplanations(run)).map(({ patient }) => patient));
  const missing = patients.filter((patient) => !there.has(patient));
  for (const [i, patient] of missing.entries()) {
    onPatient?.(i, missing.length);
    await writePatientExplanation(folder, await explainPatient(run.name, { patient }));
  }
}

/** The explanations that `subspace explain` left in a run folder; of many patients those of whom the model is most and least certain. */
export async function readExplanations(run: Run, predictions: ReportRun['predictions']): Promise<Explanations> {
  const folder = join(run.name, EXPLANATIONS);
  const all = await readPatientExplanations(run);
  const sureness = certainty(predictions);
  const ordered = all.sort((a, b) => (sureness.get(b.patient) ?? 0) - (sureness.get(a.patient) ?? 0));
  const shown = ordered.length <= SHOWN ? ordered : [...ordered.slice(0, SHOWN / 2), ...ordered.slice(-SHOWN / 2)];
  const cohort = await run.cohortExplanation('test');
  return {
    patients: await Promise.all(shown.map((explanation) => withThumbnails(folder, explanation))),
    notShown: ordered.length - shown.length,
    ...(cohort ? { cohort } : {}),
  };
}

/** What else `subspace explain` writes among the patients. */
const OTHERS = /^(background|cohort-(train|validation|test))\.json$/;

async function readPatientExplanations(run: Run): Promise<PatientExplanation[]> {
  const names = await readdir(join(run.name, EXPLANATIONS)).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.json') && !OTHERS.test(name))
      .sort()
      .map((name) => run.explanation(name)),
  );
  return found.filter((one) => one !== undefined);
}

/** The picture under the maps is kept in the figure alone. */
async function withThumbnails(folder: string, explanation: PatientExplanation): Promise<ExplainedPatient> {
  const thumbnails = explanation.slides.map(async ({ slide }) =>
    thumbnailOf(await readFile(join(folder, figureFile(slide)), 'utf8').catch(() => '')),
  );
  return { explanation, thumbnails: await Promise.all(thumbnails) };
}

function thumbnailOf(svg: string): Thumbnail | undefined {
  const found = /<image href="(data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+)" width="([\d.]+)" height="([\d.]+)"/.exec(
    svg,
  );
  return found ? { href: found[1], width: Number(found[2]), height: Number(found[3]) } : undefined;
}

/** The name that `subspace explain` gives to the figure of a slide. */
function figureFile(slide: string): string {
  return `${slide.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9._-]/g, '_')}.svg`;
}
