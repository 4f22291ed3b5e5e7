import type { Command } from 'commander';
import { InputError } from '../files/errors.js';
import type { Metric } from '../metrics/bootstrap.js';
import type { ExpectedCoverage } from '../metrics/conformal.js';
import type { Prediction } from '../patient/prediction.js';
import { confidenceRows, predictionRows } from '../patient/rows.js';
import type { ConfidenceResult } from '../runs/confidence.js';
import { withInterval } from '../words/comparison.js';
import { NOT_A_DEVICE, percent, temperatureInWords } from '../words/prediction.js';
import { print, printError } from './output.js';
import { composed, figure, sayFewerThreads } from './terminal.js';

/** `subspace predict RUN --bag F --expression F`: one patient's prediction, from one of the two where the model can do without the other. */
export function definePredict(command: Command): void {
  command
    .argument('<run>', 'run folder')
    .option('--bag <file...>', 'feature file of the slide; several files: several slides')
    .option('--expression <file>', 'expression matrix that holds the patient')
    .option('--patient <id>', 'which patient of the matrix', composed)
    .option('--clinical <column=value...>', 'what is known of the covariates of the model, as in age=54 sex=male')
    .option('--json', 'print the prediction as JSON')
    .action(
      async (
        run: string,
        options: { bag?: string[]; expression?: string; patient?: string; clinical?: string[]; json?: boolean },
      ) => {
        const { bag, expression, patient, clinical = [] } = options;
        const known = Object.fromEntries(clinical.map(columnValue));
        await sayFewerThreads(run);
        const { predictPatient } = await import('../patient/predict.js');
        const p = await predictPatient(run, { bag, expression, patient, clinical: known });
        for (const warning of p.warnings) printError(`warning: ${warning}`);
        print(options.json ? JSON.stringify(p, null, 2) : describe(p));
      },
    );
}

/** `age=54` → ['age', '54'] */
export function columnValue(text: string): [column: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InputError(`--clinical ${text}: expected column=value, as in age=54`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function describe(prediction: Prediction): string {
  const { patient, task, leanedOn } = prediction;
  return [
    `${patient}: ${task}, from ${leanedOn.join(', ')}`,
    ...predictionRows(prediction).map(
      ({ name, text, most }) => `  ${name.padEnd(28)}${text}${most ? '  ← most probable' : ''}`,
    ),
    ...confidenceRows(prediction).map(({ name, text }) => `  ${name.padEnd(28)} ${text}`),
    NOT_A_DEVICE,
  ].join('\n');
}

const line = (name: string, text: string) => `  ${name.padEnd(28)} ${text}`;
const number = (metric: Metric) => (metric.value === null ? `not computed: ${metric.reason}` : metric.value.toFixed(3));
const shown = (metric: Metric | undefined) => (metric === undefined ? 'not computed' : withInterval(metric));

/** What confidence is worth on the scored patients, line by line. */
export function confidenceLines({ classes, survival, unlikeTraining }: ConfidenceResult): string[] {
  const lines: string[] = [];
  if (classes) {
    const { temperature, fittedOn, before, after, operatingPoints, sets } = classes;
    lines.push(line('temperature', `${temperatureInWords(temperature)}, fitted on ${fittedOn} validation patients`));
    lines.push(
      line(
        'calibration error',
        `${number(before.calibrationError)}, ${number(after.calibrationError)} at that temperature`,
      ),
    );
    for (const { class: name, slope, intercept, observedExpected } of after.byClass ?? []) {
      lines.push(
        line(
          `calibration of ${name}`,
          `slope ${shown(slope)}; intercept ${shown(intercept)}; observed/expected ${shown(observedExpected)}`,
        ),
      );
    }
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
  for (const { years, error, observedExpected, slope } of survival?.horizons ?? []) {
    lines.push(
      line(
        `calibration, ${years} y`,
        `error ${number(error)}; observed/expected ${shown(observedExpected)}; slope ${shown(slope)}`,
      ),
    );
  }
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
