import type { EvaluatedPatient, Evaluation } from '../evaluation/evaluate.js';
import { readEpochs, readRunConfig } from '../training/run-folder.js';
import type { ReportRun, RiskGroup } from './types.js';

/** A run and its evaluation as a report shows them. */
export async function reportRun(run: string, { result, predictions, model }: Evaluation): Promise<ReportRun> {
  const common = { task: result.task, config: await readRunConfig(run), epochs: await readEpochs(run), result };
  if (model.outcome.kind === 'survival') {
    const { cuts, timeUnit } = model.outcome;
    return { ...common, predictions: { kind: 'survival', timeUnit, cuts, rows: predictions.filter(isSurvival) } };
  }
  const rows = predictions.filter(isClass).map(({ patient, label, outputs }) => ({ patient, label, probabilities: outputs }));
  return { ...common, predictions: { kind: 'classification', classes: model.outcome.classes, rows } };
}

type SurvivalPatient = Extract<EvaluatedPatient, { time: number }> & { risk: number; group: RiskGroup };

function isSurvival(p: EvaluatedPatient): p is SurvivalPatient {
  return 'group' in p;
}

function isClass(p: EvaluatedPatient): p is Extract<EvaluatedPatient, { label: number }> {
  return 'label' in p;
}
