/**
 * What the viewer shares with the command line. Below these modules, files are read through a few functions of `node:fs`,
 * `node:path`, `node:stream` and `node:zlib`, for which apps/viewer/src/platform has stand-ins.
 */
export { SUBSPACES, type Subspace } from './cohort/types.js';
export { unknownCovariates, unseenLevels } from './cohort/covariates.js';
export { clipOf, type GeneScaling } from './cohort/scaling.js';
export type { EvaluatedPatient } from './evaluation/score-model.js';
export type { Background } from './explanation/background.js';
export { explain } from './explanation/explain-patient.js';
export { looks } from './explanation/explain-sample.js';
export { openExplainer, type Explainer, type Look, type Point } from './explanation/explainer.js';
export { cellsRead, sampledPoints, tokenAttention } from './explanation/key-points.js';
export { filePatient, type PatientInput } from './explanation/patient-input.js';
export { readSlide, type PatchLayout, type SlideBag } from './explanation/slide.js';
export type { BranchView, PatientExplanation } from './explanation/types.js';
export { decodeSafetensors } from './files/safetensors.js';
export { UserError } from './files/user-error.js';
export { kaplanMeier, predictedMedian, predictedSurvival, survivalCurve } from './metrics/index.js';
export { deformableWeights } from './model/attention.js';
export { placeBranch } from './model/branch.js';
export { choiceParameters, graphInputs, hasStandIns, METHOD, reads } from './model/choice.js';
export { branchInputs, parameterInputs } from './model/network.js';
export { scoped, type Parameters } from './model/parameters.js';
export { branchesOf, perBranch, type Branch, type PerBranch } from './model/parts.js';
export { densePositionBias } from './model/position-bias/dense.js';
export { createSweep } from './model/position-bias/sweep.js';
export { sweepPositionBias } from './model/position-bias/sweep-operation.js';
export { GROUPS, WIDTH } from './model/widths.js';
export type { Backend } from './training/backend.js';
export { sampleFeeds, type GeneVectors } from './training/batch.js';
export { createPredictor, outputsOf, prediction } from './training/inference.js';
export { taskName, type Model } from './training/model.js';
