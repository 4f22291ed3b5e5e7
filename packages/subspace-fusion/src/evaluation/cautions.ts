import { counted, someOf } from '../cohort/index.js';
import type { RunOutcome } from './crossval-runs.js';
import { CHOSEN_ON_THESE } from './result.js';

/** What mars the results of runs, to be repeated by every table: that a model was chosen on the patients that it is scored on. */
export function cautionsOf(runs: readonly { readonly folder: string; readonly outcome: RunOutcome }[]): string[] {
  const chosen = runs.flatMap(({ folder, outcome }) =>
    'result' in outcome && outcome.result.chosenOnThese ? [folder] : [],
  );
  return chosen.length === 0 ? [] : [`in ${counted(chosen.length, 'run')} (${someOf(chosen)}) ${CHOSEN_ON_THESE}`];
}
