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
export { bootstrap, percentileIntervals, takeRows, withIntervals, type Bootstrap } from './bootstrap.js';
export {
  BEYOND_FOLLOW_UP,
  predictedMedian,
  predictedSurvival,
  survivalCurve,
  type SurvivalCurve,
} from './survival-curve.js';

// Survival with censoring weighted away.
export { censoringSurvival, type CensoringSurvival } from './survival/censoring.js';
export { unoConcordance } from './survival/uno-concordance.js';
export { dynamicAuc, meanDynamicAuc } from './survival/dynamic-auc.js';
export { integratedBrier, kaplanMeierPrediction, scaledBrier, survivalBrier } from './survival/brier-score.js';
export { calibrationGroups, survivalCalibrationError, type CalibrationGroup } from './survival/calibration-groups.js';

// Are the probabilities of classes what they say, and how they are made so.
export { classBrier, logLoss } from './calibration/probability-scores.js';
export { expectedCalibrationError, reliabilityCurve, type ReliabilityBin } from './calibration/reliability.js';
export { softmaxRows } from './calibration/softmax.js';
export { removeClassWeights } from './calibration/prior-correction.js';
export { fitTemperature } from './calibration/temperature.js';
export {
  classThresholds,
  conformalThreshold,
  coverage,
  expectedCoverage,
  expectedTestCoverage,
  predictionSet,
  type ExpectedCoverage,
} from './calibration/conformal.js';

// What a decision by the model is worth.
export { atThreshold, operatingPoint, type OperatingRule } from './decisions/operating-point.js';
export { netBenefit } from './decisions/net-benefit.js';
export { survivalNetBenefit } from './decisions/survival-net-benefit.js';

// Comparing models.
export { bootstrapPValue } from './inference/bootstrap-p-value.js';
export { holm } from './inference/holm.js';
export { repeatedSplits, type RepeatedSplits } from './inference/repeated-splits.js';
export { verdict, type Verdict } from './inference/verdict.js';
