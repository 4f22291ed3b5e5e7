import type { Command } from 'commander';
import { InputError } from '../files/errors.js';
import { predictPatient } from '../patient/predict.js';
import type { Prediction } from '../patient/prediction.js';
import { confidenceRows, predictionRows } from '../patient/rows.js';
import { NOT_A_DEVICE } from '../words/prediction.js';

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
        const { bag, expression, patient, clinical = [] } = options;
        const p = await predictPatient(run, {
          bag,
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
