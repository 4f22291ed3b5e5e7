/** Pure functions on predictions. Every metric is an estimate with its provenance, or a stated refusal. */
export { refuse, type Estimate, type Metric, type Refusal } from './bootstrap.js';
export { quantile, type Events } from './arrays.js';
export { classificationMetrics } from './classification.js';
export { confusionMatrix, predictedClasses, type Confusion } from './classification.js';
export { classAucs, macroAuc } from './classification.js';
export { concordance, concordanceIndex, type Concordance } from './concordance.js';
export { kaplanMeier, medianSurvival, numbersAtRisk, survivalAt, type KaplanMeier } from './kaplan-meier.js';
export { logRank, type LogRank } from './kaplan-meier.js';
export { riskCut, riskGroups } from './kaplan-meier.js';
export { takeRows, type Strata } from './bootstrap.js';
export { withIntervals } from './intervals.js';
export {
  BEYOND_FOLLOW_UP,
  predictedMedian,
  predictedSurvival,
  survivalCurve,
  type SurvivalCurve,
} from './survival-curve.js';

// Survival with censoring weighted away.
export { censoringSurvival, type CensoringSurvival } from './censoring-weighted.js';
export { unoConcordance } from './censoring-weighted.js';
export { dynamicAuc, meanDynamicAuc } from './censoring-weighted.js';
export { integratedBrier, kaplanMeierPrediction, scaledBrier, survivalBrier } from './censoring-weighted.js';
export { calibrationGroups, survivalCalibrationError, type CalibrationGroup } from './survival-curve.js';

// Are the probabilities of classes what they say, and how they are made so.
export { classBrier, logLoss } from './class-calibration.js';
export { expectedCalibrationError, reliabilityCurve, type ReliabilityBin } from './class-calibration.js';
export { softmaxRows } from './class-calibration.js';
export { removeClassWeights } from './class-calibration.js';
export { fitTemperature } from './class-calibration.js';
export {
  classThresholds,
  conformalThreshold,
  coverage,
  expectedCoverage,
  expectedTestCoverage,
  predictionSet,
  type ExpectedCoverage,
} from './conformal.js';

// What a decision by the model is worth.
export { atThreshold, operatingPoint, type OperatingRule } from './decisions.js';
export { netBenefit } from './decisions.js';
export { survivalNetBenefit } from './decisions.js';

// Comparing models.
export { holm } from './significance.js';
export { repeatedSplits, type RepeatedSplits } from './significance.js';
export { verdict, type Verdict } from './significance.js';
