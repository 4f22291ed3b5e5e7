import type { ConfidenceResult } from '../runs/confidence.js';
import type { ExpectedCoverage, Metric } from '../metrics/index.js';
import { percent } from '../words/prediction.js';
import { figure } from './terminal.js';

const line = (name: string, text: string) => `  ${name.padEnd(28)} ${text}`;
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
