/** Where a model looked and what moved its predictions. */
export { explainPatient } from '../patient/predict.js';
export { explainCohort, type ExplainCohortOptions } from './explain-cohort.js';
export type {
  CohortExplanation,
  GeneRanking,
  GroupComparison,
  GroupShares,
  RankedGene,
  SetEnrichment,
} from '../runs/explanations.js';
export type {
  BranchView,
  Completeness,
  ExplainedOutput,
  GeneAttribution,
  GeneExplanation,
  PatientExplanation,
  SampledPoint,
  SlideExplanation,
} from '../runs/explanations.js';
export type { Shares } from '../patient/shapley.js';
export { outsideShare, slideFigure } from './slide-figure.js';
export { readThumbnail, type Thumbnail } from './slide-figure.js';
export { EXPLANATIONS, writeCohortExplanation, writePatientExplanation } from './write.js';
