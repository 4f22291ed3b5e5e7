/** Pure functions on predictions. Every metric is an estimate with its provenance, or a stated refusal. */
export { refuse, type Estimate, type Metric, type Refusal } from './metric.js';
export { quantile, type Events } from './arrays.js';
export { classificationMetrics } from './classification.js';
export { confusionMatrix, predictedClasses, type Confusion } from './confusion.js';
export { classAucs, macroAuc } from './auc.js';
export { concordance, concordanceIndex, type Concordance } from './concordance.js';
export { kaplanMeier, medianSurvival, numbersAtRisk, survivalAt, type KaplanMeier } from './kaplan-meier.js';
export { logRank, type LogRank } from './log-rank.js';
export { riskCut, riskGroups } from './risk-groups.js';
export { takeRows, withIntervals } from './bootstrap.js';
export { BEYOND_FOLLOW_UP, predictedMedian, predictedSurvival, survivalCurve, type SurvivalCurve } from './survival-curve.js';
