import { PER_YEAR } from '../../cohort/clinical/outcome.js';
import type { TimeUnit } from '../../cohort/index.js';
import {
  BEYOND_FOLLOW_UP,
  calibrationGroups,
  predictedSurvival,
  survivalCalibrationError,
  survivalCurve,
  type CalibrationGroup,
} from '../../metrics/index.js';
import {
  HORIZONS,
  type HorizonCalibration,
  type SimilarPatients,
  type SurvivalCalibration,
} from '../../runs/confidence.js';

/** Patients whose survival was predicted, and what happened to them. */
export interface ScoredSurvival {
  /** Hazards of the bins, `[n][bins]`. */
  readonly outputs: readonly (readonly number[])[];
  readonly time: readonly number[];
  readonly event: readonly boolean[];
}

/** What the times of a model are: inner boundaries of its bins, in `timeUnit`. */
export interface SurvivalTimes {
  readonly cuts: readonly number[];
  readonly timeUnit: TimeUnit;
}

const MOST_GROUPS = 4;
/** Fewer patients in a group tell nothing. */
const GROUP_SIZE = 10;

/** Survival probabilities at 1, 2 and 5 years against Kaplan-Meier, in up to four quantile groups of about ten patients or more. */
export function survivalCalibration(
  { outputs, time, event }: ScoredSurvival,
  { cuts, timeUnit }: SurvivalTimes,
): SurvivalCalibration {
  const curves = outputs.map((hazards) => survivalCurve(hazards, cuts));
  const groups = Math.min(MOST_GROUPS, Math.max(1, Math.floor(time.length / GROUP_SIZE)));
  const horizons = HORIZONS.flatMap((years) => {
    const horizon = years * PER_YEAR[timeUnit];
    const predicted = curves.map((curve) => predictedSurvival(curve, horizon)).filter((p) => p !== BEYOND_FOLLOW_UP);
    if (predicted.length < curves.length || curves.length === 0) return []; // beyond the last cut, which is that of every curve
    const error = survivalCalibrationError(time, event, predicted, horizon, groups);
    return [
      { years, error, groups: withHighest(calibrationGroups(time, event, predicted, horizon, groups), predicted) },
    ];
  });
  return { patients: time.length, horizons };
}

/** Groups are cut from the sorted predictions, lowest first. */
function withHighest(groups: readonly CalibrationGroup[], predicted: readonly number[]): SimilarPatients[] {
  const sorted = predicted.toSorted((a, b) => a - b);
  let upTo = 0;
  return groups.map((group) => ({ ...group, highest: sorted[(upTo += group.n) - 1] }));
}

/** The held-out patients whose prediction is most like `predicted`. */
export function similarPatients({ groups }: HorizonCalibration, predicted: number): SimilarPatients | undefined {
  return groups.find(({ highest }) => predicted <= highest) ?? groups.at(-1);
}
