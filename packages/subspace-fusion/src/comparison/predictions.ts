import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.js';
import { csvText } from '../files/csv.js';
import type { TaskComparison } from './file.js';
import type { FoldScores } from './fold-scores.js';

const PREDICTIONS_FILE = 'simple-predictions.csv';
const COLUMNS = ['task', 'model', 'run', 'repeat', 'fold', 'patient', 'output', 'value'] as const;

/** One number that a model says of a test patient, by column of the table. */
export type PredictionRow = Readonly<Record<(typeof COLUMNS)[number], string | number>>;

/**
 * What the models of a comparison that have no run folder said of the test patients: simple models, and combinations of the first model
 * with one. The output is `risk` (higher is worse) and `survival at T`, the probability to be alive at the times of the Brier
 * score in the unit of the follow-up; or the name of a class, with its probability. With those, a comparison can be done again.
 * @param trained models that have run folders
 * @param horizon of the comparison
 */
export function untrainedPredictions(
  task: string,
  folds: readonly FoldScores[],
  trained: ReadonlySet<string>,
  horizon: TaskComparison['horizon'],
): PredictionRow[] {
  const times = horizon && 'times' in horizon ? horizon.times : [];
  return folds.flatMap(({ fold, repeat = 0, patients, truth, models }) =>
    Object.entries(models).flatMap(([model, scores]) => {
      if (trained.has(model) || 'reason' in scores) return [];
      return scores.runs.flatMap((values, run) =>
        patients.flatMap((patient, row) => {
          const curve = scores.survival?.[run];
          const outputs: [string, number][] =
            truth.kind === 'classes'
              ? truth.classes.map((name, c) => [name, values[row * truth.classes.length + c]])
              : [
                  ['risk', values[row]],
                  ...(curve ? times.map((t): [string, number] => [`survival at ${t}`, curve.at(row, t)]) : []),
                ];
          return outputs.map(([output, value]) => ({ task, model, run, repeat, fold, patient, output, value }));
        }),
      );
    }),
  );
}

/** Writes `simple-predictions.csv`, one row per number. */
export async function writePredictions(folder: string, rows: readonly PredictionRow[]): Promise<void> {
  const table = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))];
  await writeFileAtomic(join(folder, PREDICTIONS_FILE), csvText(table));
}
