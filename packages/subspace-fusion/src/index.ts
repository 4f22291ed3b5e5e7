/**
 * Subspace Fusion as a library: load a cohort, build the network, train, evaluate, predict. The command line uses the same
 * functions. Research software, not a medical device.
 */

// A cohort: its files, labels, splits and everything that may be wrong with it.
export { inspectCohort, type Inspection } from './cohort/inspect.js';
export { loadCohort } from './cohort/load.js';
export { makeSplit, strataOf } from './cohort/split/split.js';
export {
  SUBSPACES,
  type Bag,
  type BagFile,
  type Cohort,
  type Expression,
  type Patient,
  type Split,
  type Subspace,
  type Task,
} from './cohort/types.js';
export { type Problem } from './files/errors.js';
export {
  defineConfig,
  loadConfig,
  parseConfig,
  parseOverrides,
  type Config,
  type ConfigInput,
  type Overrides,
} from './config/config.js';
export { InputError } from './files/errors.js';
export { WorkError } from './files/errors.js';

// The network as a graph, for use with onnx-autodiff.
export {
  network,
  networkLayers,
  networkParameters,
  projections,
  type NetworkInputs,
  type NetworkLayers,
  type NetworkOutputs,
} from './model/network.js';
export { named, parameterInputs, type Layers, type Linear } from './model/layers.js';
export { choiceParameters, logitsOf, type NetworkChoice } from './model/choice.js';
export { PEERS, type PeerName } from './model/peers/index.js';
export { initialise, parameterCount, type NetworkSize, type Parameters } from './model/layers.js';
export { fromPublished, publishedName } from './model/published-names.js';
export { densePositionBias } from './model/dense-bias.js';

// Training and what it leaves on disk.
export { Interrupted, train, type Prepared, type Progress, type TrainOptions } from './training/train.js';
export { openBackend, type Backend, type BackendOptions } from './inference/backend.js';
export { createStep, type BatchGradients, type Step, type StepOptions } from './training/step.js';
export { openRun, type Run } from './runs/open-run.js';
export { openRunFolder } from './runs/run-folder.js';
export type { EpochRecord } from './runs/training-files.js';
export type { ImportRecord, Model, Outcome } from './runs/model.js';
export type { Confidence, ConfidenceResult } from './runs/confidence.js';
export type { EvaluatedPatient, Result } from './runs/result.js';
export type { NamedMetrics } from './runs/values.js';

// Evaluation and prediction.
export { evaluate, evaluateAndWrite, type EvaluateOptions, type Evaluation } from './evaluation/evaluate.js';
export { evaluateExternal } from './evaluation/external.js';
export { auditConfig, auditRuns, hasLeak, type Audit } from './evaluation/audit/audit.js';
export type { Finding } from './evaluation/audit/findings.js';
export { openModel } from './patient/predict.js';
export type { Change, ExplainOptions, OpenModel, WorkOptions } from './patient/open-model.js';
export type { PatientInput, SlideInput } from './patient/input.js';
export type { BagArrays } from './patient/slide.js';
export type { AmongTested, PredictedSurvival, Prediction } from './patient/prediction.js';
export { predictPatient } from './patient/predict.js';
export { confidenceRows, predictionRows, shownProbabilities } from './patient/rows.js';
export type { PatientConfidence } from './evaluation/confidence/patient.js';
export * as metrics from './metrics/index.js';

// Models that travel: to ONNX, and from the published PyTorch code.
export { explainCohort } from './explanation/explain-cohort.js';
export { explainPatient } from './patient/predict.js';
export { slideFigure } from './explanation/slide-figure.js';
export { exportRun, portableModel, type Exported } from './portable/export.js';
export { importCheckpoint, type ImportOptions } from './portable/import.js';

// Reports and simulated cohorts.
export { readReport } from './report/read.js';
export { renderModelCard } from './report/model-card.js';
export { renderReport } from './report/report.js';
export { writeReport, type ReportOptions } from './report/report.js';
export { type ReportInput } from './report/types.js';
export { openPseudonyms, type Pseudonyms } from './files/pseudonyms.js';
export { simulateBagsForCohort } from './simulation/real-genes.js';
export { simulateCohort } from './simulation/cohort.js';

export { readSafetensors } from './files/file-source.js';
export { encodeSafetensors } from './files/safetensors.js';
export { VERSION } from './version.js';
