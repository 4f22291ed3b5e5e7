/** The package in a browser, of which the viewer is made: predicts from the files of a run and of a patient, or from arrays. */
export { PER_YEAR } from './cohort/clinical/outcome.js';
export { SUBSPACES, type Subspace } from './cohort/types.js';
export type { EvaluatedPatient } from './runs/result.js';
export { InputError, WorkError } from './files/errors.js';
export { blobSource, blobStore, bytesSource, type Source, type Store } from './files/source.js';
export { urlSource } from './files/source.js';
export { webPort } from './files/worker-web.js';
export {
  breathe,
  connect,
  oneByOne,
  serve,
  UnforeseenError,
  type CallOptions,
  type Connection,
  type Job,
} from './files/worker.js';
export type { Backend } from './inference/backend.js';
export { kaplanMeier } from './metrics/kaplan-meier.js';
export { hasStandIns } from './model/choice.js';
export { openBackend, type WebBackendOptions } from './inference/web-backend.js';
export { openModel, type Change, type OpenModel, type PatchAttention } from './patient/open-model.js';
export type { PatientInput } from './patient/input.js';
export type { PredictedSurvival, Prediction } from './patient/prediction.js';
export { confidenceRows, predictionRows, shownProbabilities } from './patient/rows.js';
export type { PatchLayout } from './runs/explanations.js';
export type { PatientExplanation, ShownRow } from './runs/explanations.js';
export { openRun, RUN_FILES, type Run } from './runs/open-run.js';
export { taskName, type Model } from './runs/model.js';
export { parseOfferedPatients, type OfferedPatient } from './runs/open-run.js';
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
