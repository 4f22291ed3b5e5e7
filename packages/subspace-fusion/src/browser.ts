/**
 * What the viewer shares with the command line. Below these modules, files are read through a few functions of `node:fs`,
 * `node:path`, `node:stream` and `node:zlib`, for which apps/viewer/src/platform has stand-ins.
 */
export { PER_YEAR } from './cohort/clinical/outcome.js';
export { SUBSPACES, type Subspace } from './cohort/types.js';
export type { EvaluatedPatient } from './runs/result.js';
export { decodeSafetensors } from './files/safetensors.js';
export { InputError } from './files/errors.js';
export type { Backend } from './inference/backend.js';
export { kaplanMeier } from './metrics/index.js';
export { choiceParameters, hasStandIns, METHOD } from './model/choice.js';
export type { Parameters } from './model/parameters.js';
export { densePositionBias } from './model/position-bias/dense.js';
export { sweepPositionBias } from './model/position-bias/sweep-operation.js';
export { createSweep } from './model/position-bias/sweep.js';
export type { Background } from './patient/background.js';
export { openModelOn, type Change, type ModelRun, type OpenModel, type PatchAttention } from './patient/open-model.js';
export type { PatientInput } from './patient/input.js';
export type { PredictedSurvival, Prediction } from './patient/prediction.js';
export { confidenceRows, predictionRows, shownProbabilities, type Row } from './patient/rows.js';
export type { PatchLayout } from './patient/slide.js';
export type { PatientExplanation } from './patient/types.js';
export { taskName, type Model } from './runs/model.js';
export { clipOf } from './runs/scaling.js';
export { count, percent, RISK_GROUPS, timeIn } from './words/prediction.js';
