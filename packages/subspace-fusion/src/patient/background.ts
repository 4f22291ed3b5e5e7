import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputsOf, prediction } from '../inference/predictor.js';
import type { CohortSamples } from '../inference/samples.js';
import { riskCut } from '../metrics/index.js';
import { branchEntries, mapBranches, ofBranch, perBranch, WIDTH, type Branch, type PerBranch } from '../model/parts.js';
import { exists, RUN_FILES, writeJson } from '../runs/run-folder.js';
import type { Explainer } from './explainer.js';
import { readSlide } from './slide.js';

/** What explanations compare a patient with: means over the training patients, each counting once. */
export interface Background {
  /** SHA-256 of the checkpoint that it was computed with. */
  readonly checkpoint: string;
  /** Training patients with slides and genes. */
  readonly patients: number;
  /** Mean patch of their bags, `[width]`. */
  readonly meanPatch: readonly number[];
  /** Mean feature z of each branch, `[128]`. */
  readonly meanZ: Readonly<Partial<Record<Branch, readonly number[]>>>;
  /** Survival: the median risk, which parts low from high. */
  readonly riskCut?: number;
}

const FILE = join('explanations', 'background.json');

async function checkpointHash(run: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(run, RUN_FILES.checkpoint)))
    .digest('hex');
}

/** The background that an earlier explanation of the same checkpoint left in the run folder. */
export async function storedBackground(run: string): Promise<Background | undefined> {
  const path = join(run, FILE);
  if (!(await exists(path))) return undefined;
  try {
    const stored = JSON.parse(await readFile(path, 'utf8')) as Background;
    return stored.checkpoint === (await checkpointHash(run)) ? stored : undefined;
  } catch {
    return undefined; // a damaged file is computed again
  }
}

/** Computes the background in one pass over the training patients, and keeps it in the run folder. */
export async function computeBackground(
  run: string,
  explainer: Explainer,
  samples: CohortSamples,
  training: readonly string[],
  onPatient: (done: number, of: number) => void = () => undefined,
): Promise<Background> {
  const { model, branches } = explainer;
  const survival = model.outcome.kind === 'survival';
  const patch = new Float64Array(model.size.patchWidth);
  const z = perBranch(branches, () => new Float64Array(WIDTH));
  const risks: number[] = [];
  let patients = 0;
  for (const [i, id] of training.entries()) {
    onPatient(i, training.length);
    const slides = samples.patients.get(id)!.bags;
    const { genes, covariates } = await samples.sample(id, undefined);
    if (slides.length === 0 || !genes) continue;
    patients++;
    const outputs: Float64Array[] = [];
    for (const slide of slides) {
      const { features } = await readSlide(slide, model);
      addMeanRow(patch, features, 1 / slides.length);
      const out = await explainer.forward({ P: await explainer.project(features), genes, covariates });
      for (const [branch, sum] of branchEntries(z))
        ofBranch(out.z, branch).forEach((x, j) => (sum[j] += x / slides.length));
      outputs.push(outputsOf(out.logits, model.outcome));
    }
    if (survival) risks.push(prediction(id, outputs, survival).risk!);
  }
  const mean = (sum: Float64Array) => Array.from(sum, (x) => x / patients);
  const background: Background = {
    checkpoint: await checkpointHash(run),
    patients,
    meanPatch: mean(patch),
    meanZ: mapBranches(z, mean),
    ...(survival ? { riskCut: riskCut(risks) } : {}),
  };
  await writeJson(join(run, FILE), background);
  return background;
}

/** Adds `weight` times the mean row of a matrix `[n, width]`. */
function addMeanRow(sum: Float64Array, matrix: Float32Array, weight: number): void {
  const width = sum.length;
  const share = (weight * width) / matrix.length;
  for (let i = 0; i < matrix.length; i++) sum[i % width] += share * matrix[i];
}

/** A bag that shows the mean patch at every token, as each branch projects it. */
export async function meanBag({ meanPatch }: Background, explainer: Explainer): Promise<PerBranch<Float32Array>> {
  const { tokens, size } = explainer.model;
  const bag = new Float32Array(tokens * size.patchWidth);
  for (let token = 0; token < tokens; token++) bag.set(meanPatch, token * size.patchWidth);
  return explainer.project(bag);
}
