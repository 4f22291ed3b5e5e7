export { crossEntropy, crossEntropyTarget } from '../model/losses.js';
export { consistency, type ConsistencyForm } from '../model/consistency.js';
export { classLossOf, survivalLossOf } from '../model/losses.js';
export { hazards, riskOf, survivalLikelihood, survivalTargets, type SurvivalLabel } from '../model/losses.js';
