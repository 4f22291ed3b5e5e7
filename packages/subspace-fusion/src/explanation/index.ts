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
export type { Completeness } from '../patient/integrated-gradients.js';
export type { SampledPoint } from '../patient/attention.js';
export type { ExplainedOutput } from '../patient/output.js';
export type { Shares } from '../patient/shapley.js';
export { outsideShare, slideFigure } from './slide-figure.js';
export { readThumbnail, type Thumbnail } from './slide-figure.js';
export type {
  BranchView,
  GeneAttribution,
  GeneExplanation,
  PatientExplanation,
  SlideExplanation,
} from '../patient/types.js';
export { BRANCH_WORDS, outputWords } from '../patient/output.js';
export { EXPLANATIONS, writeCohortExplanation, writePatientExplanation } from './write.js';
