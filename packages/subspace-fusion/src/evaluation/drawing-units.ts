import type { FoldScores } from './fold-scores.js';

/** Who is drawn in a bootstrap of folds, and what a draw is in rows of each fold. */
export interface DrawingUnits {
  /** Groups of which as many are drawn as they have. */
  readonly sizes: readonly number[];
  /** Rows of each fold from the drawn indices, `[folds][rows]`. */
  rowsOf(drawn: Uint32Array): Uint32Array[];
  readonly words: string;
}

/**
 * Patients are drawn within folds where each is tested once. Where the same patients are dealt to folds several times, a patient is drawn
 * for all repeats at once: as independent draws, repeats would make intervals narrower without anything more being known.
 */
export function drawingUnits(folds: readonly FoldScores[]): DrawingUnits {
  if (folds.some(({ repeat }) => repeat !== undefined && repeat !== folds[0].repeat)) return acrossRepeats(folds);
  const sizes = folds.map(({ patients }) => patients.length);
  const starts = sizes.map((_, f) => sizes.slice(0, f).reduce((sum, n) => sum + n, 0));
  return {
    sizes,
    rowsOf: (drawn) => starts.map((start, f) => drawn.subarray(start, start + sizes[f]).map((row) => row - start)),
    words: 'patients within folds, the models as trained',
  };
}

function acrossRepeats(folds: readonly FoldScores[]): DrawingUnits {
  const everyone = [...new Set(folds.flatMap(({ patients }) => patients))];
  const rowIn = folds.map(({ patients }) => {
    const rows = new Map(patients.map((id, row) => [id, row]));
    return everyone.map((id) => rows.get(id) ?? -1);
  });
  return {
    sizes: [everyone.length],
    rowsOf: (drawn) => rowIn.map((row) => drawn.map((i) => row[i]).filter((at) => at !== NOT_TESTED)),
    words: 'patients, each with all repeats, the models as trained',
  };
}

/** −1 in an array of unsigned numbers. */
const NOT_TESTED = 0xffffffff;
