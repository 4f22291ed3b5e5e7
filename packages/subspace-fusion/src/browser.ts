/**
 * What the viewer shares with the command line. Below these modules, files are read through a few functions of `node:fs`,
 * `node:path`, `node:stream` and `node:zlib`, for which apps/viewer/src/platform has stand-ins.
 */
export { PER_YEAR } from './cohort/clinical/outcome.js';
export { SUBSPACES, type Subspace } from './cohort/types.js';
export type { EvaluatedPatient } from './evaluation/result.js';
export { InputError } from './files/errors.js';
export { blobSource, type Source, type Store } from './files/source.js';
export type { Backend } from './inference/backend.js';
export { kaplanMeier } from './metrics/index.js';
export { hasStandIns } from './model/choice.js';
export { densePositionBias } from './model/position-bias/dense.js';
export { sweepPositionBias } from './model/position-bias/sweep-operation.js';
export { createSweep } from './model/position-bias/sweep.js';
export { openModel, type Change, type OpenModel, type PatchAttention } from './patient/open-model.js';
export type { PatientInput } from './patient/input.js';
export type { PredictedSurvival, Prediction } from './patient/prediction.js';
export { confidenceRows, predictionRows, shownProbabilities, type Row } from './patient/rows.js';
export type { PatchLayout } from './runs/explanations.js';
export type { PatientExplanation } from './runs/explanations.js';
export { openRun, RUN_FILES, type Run } from './runs/open-run.js';
export { taskName, type Model } from './runs/model.js';
export { clipOf } from './runs/scaling.js';
export {
  BRANCH_WORDS,
  count,
  outputWords,
  percent,
  RISK_GROUP_WORDS,
  timeIn,
  type RiskGroup,
} from './words/prediction.js';
export type { Branch } from './model/parts.js';
