/** Where a model looked and what moved its predictions. */
export { explainPatient, type ExplainOptions } from './explain-patient.js';
export { explainCohort, type CohortExplanation, type ExplainCohortOptions } from './explain-cohort.js';
export type { SetEnrichment } from './enrichment.js';
export type { GeneRanking, RankedGene } from './gene-ranking.js';
export type { GroupComparison, GroupShares } from './group-comparison.js';
export type { Completeness } from './integrated-gradients.js';
export type { SampledPoint } from './key-points.js';
export type { ExplainedOutput } from './output.js';
export type { Shares } from './shapley.js';
export { outsideShare, slideFigure } from './slide-figure.js';
export { readThumbnail, type Thumbnail } from './thumbnail.js';
export type { BranchView, GeneAttribution, GeneExplanation, PatientExplanation, SlideExplanation } from './types.js';
export { BRANCH_WORDS, outputWords } from './words.js';
export { EXPLANATIONS, writeCohortExplanation, writePatientExplanation } from './write.js';
