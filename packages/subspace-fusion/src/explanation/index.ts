/** Where a model looked and what moved its predictions. */
export { explainPatient } from '../patient/predict.js';
export { explainCohort } from './explain-cohort.js';
export type {
  CohortExplanation,
  Completeness,
  GeneExplanation,
  PatientExplanation,
  SetEnrichment,
} from '../runs/explanations.js';
export type { Shares } from '../patient/shapley.js';
export { readThumbnail, slideFigure, type Thumbnail } from './slide-figure.js';
export { EXPLANATIONS, writeCohortExplanation, writePatientExplanation } from './write.js';
