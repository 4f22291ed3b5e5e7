/** What comes in: patients, labels, bags, expression, gene sets, splits; every check of a user's data. */
export { bagRows, fixBag, tokenRows } from './bag.js';
export { classWeights } from './class-weights.js';
export { readVariable } from './clinical-variables.js';
export {
  encodeCovariates,
  learnCovariates,
  unknownCovariates,
  unseenLevels,
  unseenProblems,
  type Covariate,
  type CovariateEncoding,
  type CovariateSpec,
} from './covariates.js';
export { definingCovariateProblems, labelDefiningCovariates } from './defining-covariates.js';
export { loadConfig, parseConfig, parseOverrides, type Config } from './config.js';
export { readExpression, type ExpressionContext, type ExpressionFile } from './expression.js';
export { compareExpressions, type ComparedExpression } from './expression/compare.js';
export { shiftProblems } from './expression/shift.js';
export { describeScale } from './expression/value-scale.js';
export { readGeneMap } from './expression/gene-names.js';
export { cutDifferences, firstOf, sameEncoder } from './bags/agreement.js';
export { describePatches } from './bags/summary.js';
export { checkBag, readBag, readBagHeader } from './features.js';
export { floorGenes } from './floors.js';
export { LAYOUTS, type Layout } from './layout.js';
export { chooseGenes } from './model-genes.js';
export { readGeneSets } from './gene-sets.js';
export { hashInputs, sha256File } from './hashes.js';
export { inspectCohort, type FilesInspection, type Inspection } from './inspect.js';
export { CLASSES, labelPatients, taskClasses, type ClassTask, type Labels } from './labels.js';
export { describeFlow } from './flow.js';
export { loadCohort, loadExternalCohort } from './load.js';
export { readMarkers } from './markers.js';
export { counted, formatProblem, shortNumber, someOf, type Problem } from './problems.js';
export { applyGeneScaling, clipOf, fitGeneScaling, transformExpression, type GeneScaling } from './scaling.js';
export { fitSubspaceScaling, scaleSubspaces, type SubspaceScaling } from './subspace-scaling.js';
export { withShuffledOutcomes } from './shuffled-outcomes.js';
export { sitesOf, type SiteRule, type Sites } from './sites.js';
export { makeSplit, strataOf } from './split.js';
export type { Strata } from './stratified.js';
export { splitFileFolds } from './split-file.js';
export { calibratedBins, seenPart } from './calibrated-cuts.js';
export { SURVIVAL_BINS, survivalBin, survivalCuts } from './survival-bins.js';
export { readTable, type Table } from './table.js';
export * from './types.js';
