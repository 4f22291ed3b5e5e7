export { crossEntropy, crossEntropyTarget } from './classification.js';
export { consistency, type ConsistencyForm } from './consistency.js';
export { classLossOf, survivalLossOf } from './loss-of-outputs.js';
export { hazards, riskOf, survivalLikelihood, survivalTargets, type SurvivalLabel } from './survival.js';
