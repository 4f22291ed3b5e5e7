/**
 * What the viewer shares with the command line. Below these modules, files are read through a few functions of `node:fs`,
 * `node:path`, `node:stream` and `node:zlib`, for which apps/viewer/src/platform has stand-ins.
 */
export { SUBSPACES, type Subspace } from './cohort/types.js';
export { unknownCovariates, unseenLevels } from './runs/covariates.js';
export { clipOf, type GeneScaling } from './runs/scaling.js';
export type { EvaluatedPatient } from './evaluation/result.js';
export type { Background } from './patient/background.js';
export { explain } from './patient/explain.js';
export { looks } from './patient/explain-sample.js';
export { openExplainer, type Explainer, type Look, type Point } from './patient/explainer.js';
export { cellsRead, sampledPoints, tokenAttention } from './patient/slide.js';
export { filePatient, type PatientInput } from './patient/patient-input.js';
export { readSlide, type PatchLayout, type SlideBag } from './patient/slide.js';
export type { BranchView, PatientExplanation } from './patient/types.js';
export { decodeSafetensors } from './files/safetensors.js';
export { InputError } from './files/errors.js';
export { kaplanMeier, predictedMedian, predictedSurvival, survivalCurve } from './metrics/index.js';
export { deformableWeights } from './model/attention.js';
export { placeBranch, type BranchLayers } from './model/branch.js';
export { choiceParameters, graphInputs, hasStandIns, METHOD, reads } from './model/choice.js';
export { parameterInputs } from './model/layers.js';
export { branchInputs, networkLayers } from './model/network.js';
export { type Parameters } from './model/parameters.js';
export {
  branchEntries,
  branchesOf,
  mapBranches,
  ofBranch,
  perBranch,
  type Branch,
  type PerBranch,
} from './model/parts.js';
export { densePositionBias } from './model/position-bias/dense.js';
export { createSweep } from './model/position-bias/sweep.js';
export { sweepPositionBias } from './model/position-bias/sweep-operation.js';
export { GROUPS, WIDTH } from './model/parts.js';
export type { Backend } from './inference/backend.js';
export { sampleFeeds, type GeneVectors } from './inference/batch.js';
export { createPredictor, outputsOf, prediction } from './inference/predictor.js';
export { taskName, type Model } from './runs/model.js';
