/** What comes in: patients, labels, bags, expression, gene sets, splits; every check of a user's data. */
export { bagRows, fixBag, tokenRows } from './bags/bag.js';
export { classWeights } from '../runs/cuts.js';
export { readVariable } from './clinical/variables.js';
export {
  encodeCovariates,
  learnCovariates,
  unknownCovariates,
  unseenLevels,
  unseenProblems,
  type Covariate,
  type CovariateEncoding,
  type CovariateSpec,
} from '../runs/covariates.js';
export { definingCovariateProblems, labelDefiningCovariates } from '../runs/covariates.js';
export { loadConfig, parseConfig, parseOverrides, type Config } from '../config/config.js';
export { readExpression, type ExpressionContext, type ExpressionFile } from './expression/read.js';
export { compareExpressions, type ComparedExpression } from './expression/value-scale.js';
export { shiftProblems } from '../runs/shift.js';
export { describeScale } from './expression/value-scale.js';
export { readGeneMap } from './expression/gene-names.js';
export { cutDifferences, firstOf, sameEncoder } from './bags/agreement.js';
export { describePatches } from './bags/provenance.js';
export { checkBag, readBag, readBagHeader } from './bags/features.js';
export { floorGenes } from './genes/choose.js';
export { LAYOUTS, type Layout } from './bags/bag.js';
export { chooseGenes } from './genes/choose.js';
export { readGeneSets } from './genes/gene-sets.js';
export { hashInputs, sha256File } from './hashes.js';
export { inspectCohort, type FilesInspection, type Inspection } from './inspect.js';
export { CLASSES, labelPatients, taskClasses, type ClassTask, type Labels } from './clinical/labels.js';
export { describeFlow } from './flow.js';
export { loadCohort, loadExternalCohort } from './load.js';
export { readMarkers } from './clinical/markers.js';
export { counted, formatProblem, shortNumber, someOf, type Problem } from '../files/errors.js';
export { applyGeneScaling, clipOf, fitGeneScaling, transformExpression, type GeneScaling } from '../runs/scaling.js';
export { fitSubspaceScaling, scaleSubspaces, type SubspaceScaling } from '../runs/scaling.js';
export { withShuffledOutcomes } from './controls.js';
export { sitesOf, type SiteRule, type Sites } from './clinical/sites.js';
export { makeSplit, strataOf } from './split/split.js';
export type { Strata } from './split/strata.js';
export { splitFileFolds } from './split/split-file.js';
export { calibratedBins, seenPart } from '../runs/cuts.js';
export { SURVIVAL_BINS, survivalBin, survivalCuts } from '../runs/cuts.js';
export { readTable, type Table } from '../files/table.js';
export * from './types.js';
