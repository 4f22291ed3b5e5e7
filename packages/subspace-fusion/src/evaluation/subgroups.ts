import type { FoldScores, ScoredRuns, Scores, SurvivalPrediction, Truth } from './fold-scores.js';

/** Patients whose clinical column holds a value. */
export interface Subgroup {
  readonly column: string;
  readonly value: string;
}

/** So many deaths, or patients of each class, there must be; with fewer a metric is mostly chance. */
export const FEWEST = 5;

/**
 * The patients of a subgroup in every fold. Of a class task only the classes that occur among them are left, the probabilities
 * divided by their sum over those: which of them it is, given that it is one of them.
 * @param belongs whether a patient is of the subgroup
 * @returns or why the subgroup cannot be scored
 */
export function withinSubgroup(
  folds: readonly FoldScores[],
  belongs: (patient: string) => boolean,
): readonly FoldScores[] | { readonly reason: string } {
  const kept = folds.map((fold) => keepPatients(fold, belongs));
  if (kept.every(({ patients }) => patients.length === 0)) return { reason: 'no patient of the cohort is in it' };
  const present = new Set(
    kept.flatMap(({ truth }) => (truth.kind === 'classes' ? truth.labels.map((label) => truth.classes[label]) : [])),
  );
  if (kept[0].truth.kind === 'classes' && present.size < 2)
    return { reason: `all patients are of the class '${[...present].join('')}'` };
  const restricted = kept.map((fold) => keepClasses(fold, present));
  for (const { fold, patients, truth } of restricted) {
    const lacking = tooFew(truth);
    if (lacking !== undefined)
      return { reason: `fold ${fold} has ${lacking} among its ${patients.length} such patients; ${FEWEST} are needed` };
  }
  return restricted;
}

/** The patients of a fold who belong. */
export function keepPatients(fold: FoldScores, belongs: (patient: string) => boolean): FoldScores {
  const { patients, truth, models } = fold;
  const rows = patients.flatMap((id, row) => (belongs(id) ? [row] : []));
  const width = truth.kind === 'classes' ? truth.classes.length : 1;
  const takeScores = (run: ArrayLike<number>) =>
    rows.flatMap((row) => Array.from({ length: width }, (_, c) => run[row * width + c]));
  const take = <T>(values: readonly T[]) => rows.map((row) => values[row]);
  const taken: Truth =
    truth.kind === 'classes'
      ? { ...truth, labels: take(truth.labels) }
      : { ...truth, time: take(truth.time), event: take(truth.event) };
  return { ...fold, patients: take(patients), truth: taken, models: mapRuns(models, takeScores, rows) };
}

/** Of a class task the classes that are present, the probabilities divided by their sum over those. */
export function keepClasses(fold: FoldScores, present: ReadonlySet<string>): FoldScores {
  const { truth } = fold;
  if (truth.kind === 'survival') return fold;
  const columns = truth.classes.flatMap((name, c) => (present.has(name) ? [c] : []));
  const C = truth.classes.length;
  const takeColumns = (run: ArrayLike<number>) =>
    fold.patients.flatMap((_, row) => {
      const p = columns.map((c) => run[row * C + c]);
      const sum = p.reduce((a, b) => a + b, 0);
      return p.map((value) => value / (sum || 1));
    });
  const labels = truth.labels.map((label) => columns.indexOf(label));
  return {
    ...fold,
    truth: { kind: 'classes', labels, classes: columns.map((c) => truth.classes[c]) },
    models: mapRuns(fold.models, takeColumns),
  };
}

/** @param rows the patients that are kept; all by default */
function mapRuns(
  models: FoldScores['models'],
  change: (run: ArrayLike<number>) => ArrayLike<number>,
  rows?: readonly number[],
): Record<string, Scores> {
  const kept = ({ until, at }: SurvivalPrediction): SurvivalPrediction => ({
    until,
    at: (row, time) => at(rows ? rows[row] : row, time),
  });
  const mapped = ({ runs, survival }: ScoredRuns): ScoredRuns => ({
    runs: runs.map(change),
    ...(survival ? { survival: survival.map(kept) } : {}),
  });
  return Object.fromEntries(
    Object.entries(models).map(([name, scores]) => [name, 'reason' in scores ? scores : mapped(scores)]),
  );
}

/** What a fold has too few of, in words. */
function tooFew(truth: Truth): string | undefined {
  if (truth.kind === 'survival') {
    const deaths = truth.event.filter(Boolean).length;
    return deaths < FEWEST ? `${deaths} deaths` : undefined;
  }
  const counts = truth.classes.map((name, c) => [name, truth.labels.filter((label) => label === c).length] as const);
  const least = counts.find(([, count]) => count < FEWEST);
  return least && `${least[1]} of the class '${least[0]}'`;
}
