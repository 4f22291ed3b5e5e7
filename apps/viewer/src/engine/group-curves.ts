import { kaplanMeier, type EvaluatedPatient, type RiskGroup } from 'subspace-fusion/browser';

/** Survival of one risk group of the tested patients. */
export interface GroupCurve {
  readonly name: RiskGroup;
  readonly patients: number;
  readonly deaths: number;
  /** Kaplan-Meier estimate: a step down at each time. */
  readonly times: readonly number[];
  readonly survival: readonly number[];
}

/** Kaplan-Meier curves of the tested patients by risk group; none where the run has no survival or was not evaluated. */
export function groupCurves(tested: readonly EvaluatedPatient[]): GroupCurve[] {
  return (['low', 'high'] as const).flatMap((name) => {
    const group = tested.flatMap((p) => ('time' in p && p.group === name ? [p] : []));
    if (group.length === 0) return [];
    const { times, survival } = kaplanMeier(
      group.map(({ time }) => time),
      group.map(({ event }) => event),
    );
    return [
      {
        name,
        patients: group.length,
        deaths: group.filter(({ event }) => event).length,
        times: [...times],
        survival: [...survival],
      },
    ];
  });
}
