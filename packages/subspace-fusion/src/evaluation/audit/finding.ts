/** What an audit looks for. */
export type FindingKind =
  'patient' | 'slide' | 'near-duplicate' | 'patches' | 'site' | 'fitted' | 'genes' | 'scored' | 'not-checked';

/** Something that an audit found. */
export interface Finding {
  readonly kind: FindingKind;
  /** `leak`: the figures on test patients cannot be trusted as they stand. `note`: to be known, and said where the figures are given. */
  readonly severity: 'leak' | 'note';
  readonly message: string;
  /** Patients, slides, genes or sites that it is about. */
  readonly who: readonly string[];
  readonly remedy: string;
  /** Folds or runs in which it was found; empty where there is only one. */
  readonly where: readonly string[];
}

/** A finding before it is known where else it is found. */
export type LocalFinding = Omit<Finding, 'where'>;

/** Findings of several folds or runs, each once with all places that have it; leaks first. */
export function gatherFindings(
  places: readonly { readonly where: string; readonly findings: readonly LocalFinding[] }[],
): Finding[] {
  const gathered = new Map<string, Finding & { where: string[] }>();
  for (const { where, findings } of places) {
    for (const finding of findings) {
      const same = JSON.stringify(finding);
      const before = gathered.get(same);
      if (before) before.where.push(where);
      else gathered.set(same, { ...finding, where: [where] });
    }
  }
  const all = [...gathered.values()].map((finding) => (places.length === 1 ? { ...finding, where: [] } : finding));
  return [...all.filter(({ severity }) => severity === 'leak'), ...all.filter(({ severity }) => severity === 'note')];
}
