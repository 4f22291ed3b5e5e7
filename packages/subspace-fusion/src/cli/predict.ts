import type { Command } from 'commander';
import { InputError } from '../files/errors.js';
import { predictPatient, type PatientPrediction } from '../patient/predict.js';
import { patientConfidenceLines } from './confidence-words.js';

/** `subspace predict RUN --bag F --expression F`: one patient's prediction, from one of the two where the model can do without the other. */
export function addPredictCommand(program: Command): void {
  program
    .command('predict')
    .description('predict one patient with a trained model')
    .argument('<run>', 'run folder')
    .option('--bag <file...>', 'feature file of the slide; several files: several slides')
    .option('--expression <file>', 'expression matrix that holds the patient')
    .option('--patient <id>', 'which patient of the matrix')
    .option('--clinical <column=value...>', 'what is known of the covariates of the model, as in age=54 sex=male')
    .option('--json', 'print the prediction as JSON')
    .action(
      async (
        run: string,
        options: { bag?: string[]; expression?: string; patient?: string; clinical?: string[]; json?: boolean },
      ) => {
        const { bag: bags = [], expression, patient, clinical = [] } = options;
        const p = await predictPatient(run, {
          bags,
          expression,
          patient,
          clinical: Object.fromEntries(clinical.map(columnValue)),
        });
        for (const warning of p.warnings) console.error(`warning: ${warning}`);
        console.log(options.json ? JSON.stringify(p, null, 2) : describe(p));
      },
    );
}

/** `age=54` → ['age', '54'] */
export function columnValue(text: string): [column: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InputError(`--clinical ${text}: expected column=value, as in age=54`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function describe(prediction: PatientPrediction): string {
  const { patient, task, leanedOn, probabilities, predicted, risk, survival, confidence } = prediction;
  const lines = [`${patient}: ${task}, from ${leanedOn.join(', ')}`];
  if (probabilities) {
    const shown = 'unknown' in confidence ? probabilities : (confidence.calibrated ?? probabilities);
    for (const [name, p] of Object.entries(shown))
      lines.push(`  ${name.padEnd(28)}${p.toFixed(3)}${name === predicted ? '  ← most probable' : ''}`);
  }
  if (survival && risk !== undefined) {
    const share = (p: number | string) => (typeof p === 'number' ? p.toFixed(3) : p);
    for (const [years, p] of Object.entries(survival.years))
      lines.push(`  ${`alive after ${years} year${years === '1' ? '' : 's'}`.padEnd(28)}${share(p)}`);
    const { median, timeUnit } = survival;
    lines.push(
      `  ${'median survival'.padEnd(28)}${typeof median === 'number' ? `${median.toFixed(1)} ${timeUnit}` : median}`,
    );
    lines.push(`  ${'risk (higher is worse)'.padEnd(28)}${risk.toFixed(3)}`);
  }
  lines.push(...patientConfidenceLines(prediction), 'Research software. Not a medical device.');
  return lines.join('\n');
}
