/** The question asks for a time that lies after the last cut, where the model says nothing. */
export const BEYOND_FOLLOW_UP = 'beyond follow-up';

/** One patient's predicted survival: straight lines through the points (0, 1) and (cut_j, S_j). */
export interface SurvivalCurve {
  /** 0 and the cuts, ascending. */
  readonly times: readonly number[];
  readonly survival: readonly number[];
}

/**
 * The survival curve of discrete hazards λ `[bins]`, with the bins' inner boundaries `cuts` `[bins − 1]`: `S_j = Π_{i≤j}(1−λ_i)`
 * is the survival at the end of bin j. Inside a bin, deaths are taken as evenly spread (the actuarial assumption), so
 * the curve is linear there. The last bin has no end and so no point on the curve.
 * Throws a RangeError where the cuts do not fit the hazards or do not ascend from above 0.
 */
export function survivalCurve(hazards: ArrayLike<number>, cuts: ArrayLike<number>): SurvivalCurve {
  if (hazards.length !== cuts.length + 1) {
    throw new RangeError(`${hazards.length} hazards need ${hazards.length - 1} cuts, got ${cuts.length}`);
  }
  const times = [0];
  const survival = [1];
  for (let j = 0; j < cuts.length; j++) {
    if (!(cuts[j] > times[j]))
      throw new RangeError(`the cuts must ascend from above 0: ${Array.from(cuts).join(', ')}`);
    if (!(hazards[j] >= 0 && hazards[j] <= 1)) throw new RangeError(`hazard ${j} is ${hazards[j]}, not a probability`);
    times.push(cuts[j]);
    survival.push(survival[j] * (1 - hazards[j]));
  }
  return { times, survival };
}

/** Predicted probability to be alive at `time` ≥ 0, in the unit of the cuts. */
export function predictedSurvival({ times, survival }: SurvivalCurve, time: number): number | typeof BEYOND_FOLLOW_UP {
  const end = times.findIndex((t) => t >= time);
  if (end < 0) return BEYOND_FOLLOW_UP;
  if (end === 0) return 1;
  const share = (time - times[end - 1]) / (times[end] - times[end - 1]);
  return survival[end - 1] + share * (survival[end] - survival[end - 1]);
}

/** Predicted median survival: the time at which the curve falls to 1/2, in the unit of the cuts. */
export function predictedMedian({ times, survival }: SurvivalCurve): number | typeof BEYOND_FOLLOW_UP {
  const end = survival.findIndex((s) => s <= 0.5);
  if (end < 0) return BEYOND_FOLLOW_UP;
  const share = (survival[end - 1] - 0.5) / (survival[end - 1] - survival[end]);
  return times[end - 1] + share * (times[end] - times[end - 1]);
}
