import { outputsOf, prediction } from '../inference/predictor.js';
import type { CohortSamples } from '../inference/samples.js';
import { riskCut } from '../metrics/kaplan-meier.js';
import { branchEntries, mapBranches, ofBranch, perBranch, WIDTH, type PerBranch } from '../model/parts.js';
import type { Background } from '../runs/explanations.js';
import type { Explainer } from './explainer.js';
import { readSlide } from './slide.js';

/**
 * Computes what explanations compare a patient with, in one pass over the training patients, each counting once.
 * @param checkpoint SHA-256 of the checkpoint whose means they are
 */
export async function computeBackground(
  explainer: Explainer,
  samples: CohortSamples,
  training: readonly string[],
  checkpoint: string,
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
    const slides = samples.patients.get(id)?.bags ?? [];
    const { genes, covariates } = await samples.sample(id, undefined);
    if (slides.length === 0 || !genes) continue;
    patients++;
    const outputs: Float64Array[] = [];
    for (const slide of slides) {
      const { features } = await readSlide(slide, model, samples);
      addMeanRow(patch, features, 1 / slides.length);
      const out = await explainer.forward({ P: await explainer.project(features), genes, covariates });
      for (const [branch, sum] of branchEntries(z))
        ofBranch(out.z, branch).forEach((x, j) => (sum[j] += x / slides.length));
      outputs.push(outputsOf(out.logits, model.outcome));
    }
    const { risk } = prediction(id, outputs, survival);
    if (risk !== undefined) risks.push(risk);
  }
  const mean = (sum: Float64Array) => Array.from(sum, (x) => x / patients);
  return {
    checkpoint,
    patients,
    meanPatch: mean(patch),
    meanZ: mapBranches(z, mean),
    ...(survival ? { riskCut: riskCut(risks) } : {}),
  };
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
