import type { ConfidenceResult } from '../runs/confidence.js';
import type { ExpectedCoverage, Metric } from '../metrics/index.js';
import type { PatientPrediction } from '../patient/predict.js';
import { figure } from './terminal.js';

const line = (name: string, text: string) => `  ${name.padEnd(28)} ${text}`;
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
const number = (metric: Metric, digits = 3) =>
  metric.value === null ? `not computed: ${metric.reason}` : metric.value.toFixed(digits);

/** What confidence is worth on the scored patients, line by line. */
export function confidenceLines({ classes, survival, unlikeTraining }: ConfidenceResult): string[] {
  const lines: string[] = [];
  if (classes) {
    const { temperature, fittedOn, before, after, operatingPoints, sets } = classes;
    lines.push(line('temperature', `${number(temperature, 2)}, fitted on ${fittedOn} validation patients`));
    lines.push(
      line(
        'calibration error',
        `${number(before.calibrationError)}, ${number(after.calibrationError)} at that temperature`,
      ),
    );
    for (const { class: name, rule, threshold, sensitivity, specificity } of operatingPoints) {
      if (rule !== 'youden' || threshold.value === null || !sensitivity || !specificity) continue;
      lines.push(
        line(
          `${name}, p ≥ ${threshold.value.toFixed(2)}`,
          `sensitivity ${figure(sensitivity)}; specificity ${figure(specificity)}`,
        ),
      );
    }
    if (sets) {
      const { nominal, calibrators, marginal, byClass } = sets;
      const { expected } = marginal;
      lines.push(
        line(
          `${percent(nominal)} sets, one threshold`,
          `coverage ${figure(marginal.coverage)}${spread(expected)}, mean size ${marginal.meanSize.toFixed(2)}, from ${calibrators} patients`,
        ),
      );
      lines.push(
        line(
          `${percent(nominal)} sets, by class`,
          `coverage ${figure(byClass.coverage)}, mean size ${byClass.meanSize.toFixed(2)}`,
        ),
      );
      for (const { class: name, refused, coverage, expected } of byClass.classes) {
        lines.push(
          line(
            `  ${name}`,
            refused === undefined ? `coverage ${figure(coverage)}${spread(expected)}` : `never ruled out: ${refused}`,
          ),
        );
      }
    }
  }
  for (const { years, error } of survival?.horizons ?? [])
    lines.push(line(`calibration error, ${years} y`, number(error)));
  for (const [kind, { patients, flagged }] of Object.entries(unlikeTraining)) {
    lines.push(
      line(`${kind} unlike training`, `${flagged} of ${patients} patients (about 1 in 100 of the training patients)`),
    );
  }
  return lines;
}

function spread(expected: ExpectedCoverage | null): string {
  return expected ? `, to expect ${expected.low.toFixed(2)} to ${expected.high.toFixed(2)}` : '';
}

/** What one patient's prediction is worth, line by line. */
export function patientConfidenceLines({
  confidence,
  likeTraining,
}: Pick<PatientPrediction, 'confidence' | 'likeTraining'>): string[] {
  const lines: string[] = [];
  if ('unknown' in confidence) {
    lines.push(line('confidence', `not known: ${confidence.unknown}`));
  } else {
    const { calibration, set, similar = [], heldOut } = confidence;
    if (calibration) {
      const { temperature, patients } = calibration;
      lines.push(
        line('calibration', `temperature ${number(temperature, 2)}, fitted on ${patients} validation patients`),
      );
      lines.push(
        set
          ? line(`${percent(set.coverage)} set`, set.words)
          : line('set', 'none: no patients were set aside for it (split.conformal)'),
      );
      if (set && set.neverRuledOut.length > 0)
        lines.push(line('never ruled out', `${set.neverRuledOut.join(', ')}: too few patients were set aside`));
    }
    for (const { years, patients, alive } of similar) {
      lines.push(
        line(
          `predicted alike, ${years} y`,
          `of ${patients} ${heldOut} patients, ${figure(alive)} were alive (Kaplan-Meier)`,
        ),
      );
    }
  }
  const kinds = 'unknown' in likeTraining ? [] : Object.entries(likeTraining);
  for (const [kind, { outside }] of kinds)
    lines.push(line(`${kind} like training`, outside ? 'NO: out of their range' : 'yes'));
  if (kinds.length === 0)
    lines.push(
      line('like training patients', `not known${'unknown' in likeTraining ? `: ${likeTraining.unknown}` : ''}`),
    );
  return lines;
}
