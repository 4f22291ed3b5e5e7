/** What comes in: patients, labels, bags, expression, gene sets, splits; every check of a user's data. */
export { bagRows, fixBag } from './bag.js';
export { classWeights } from './class-weights.js';
export { loadConfig, parseConfig, parseOverrides, type Config } from './config.js';
export { readExpression, type ExpressionContext, type ExpressionFile } from './expression.js';
export { checkBag, readBag, readBagHeader, type BagHeader } from './features.js';
export { floorGenes } from './floors.js';
export { readGeneSets } from './gene-sets.js';
export { hashInputs, sha256File } from './hashes.js';
export { inspectCohort, type Inspection } from './inspect.js';
export { CLASSES, labelPatients, taskClasses, type ClassTask, type Labels } from './labels.js';
export { loadCohort } from './load.js';
export { formatProblem, type Problem } from './problems.js';
export { applyGeneScaling, fitGeneScaling, type GeneScaling } from './scaling.js';
export { makeSplit, strataOf, type Strata } from './split.js';
export { SURVIVAL_BINS, survivalBin, survivalCuts } from './survival-bins.js';
export { readTable, type Table } from './table.js';
export * from './types.js';
