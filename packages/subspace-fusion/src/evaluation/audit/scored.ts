import { counted, someOf, type Split } from '../../cohort/index.js';
import { CHOSEN_ON_THESE, type Result } from '../result.js';
import type { LocalFinding } from './finding.js';

/** Whether the patients whose predictions were scored are those of the test part, all of them and no other. */
export function scoredPatients(
  scored: readonly string[],
  split: Split,
  result: Pick<Result, 'chosenOnThese' | 'split'> | undefined,
): LocalFinding[] {
  const findings: LocalFinding[] = [];
  const used = new Set([...split.train, ...split.validation]);
  const known = scored.filter((id) => used.has(id));
  if (known.length > 0) {
    const message = `${counted(known.length, 'scored patient', 'scored patients')} trained or selected the model (${someOf(known)})`;
    findings.push({
      kind: 'scored',
      severity: 'leak',
      message,
      who: known,
      remedy: 'Score the test patients: `subspace evaluate`',
    });
  }
  const missing = split.test.filter((id) => !scored.includes(id));
  if (missing.length > 0) {
    const message = `${counted(missing.length, 'test patient has', 'test patients have')} no prediction (${someOf(missing)})`;
    findings.push({
      kind: 'scored',
      severity: 'note',
      message,
      who: missing,
      remedy: 'Score the run again, and say who was left out',
    });
  }
  if (result?.chosenOnThese) {
    findings.push({
      kind: 'scored',
      severity: 'leak',
      message: `result.json is of the ${result.split} patients: ${CHOSEN_ON_THESE}`,
      who: [],
      remedy: 'Score the test patients: `subspace evaluate`',
    });
  }
  return findings;
}
