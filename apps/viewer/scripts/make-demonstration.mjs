/**
 * Makes public/run: a small run on a simulated cohort, and one of its test patients, for the page to show at once. Nothing is done
 * where it is there already, made by the same version with the same settings.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { evaluateAndWrite, loadConfig, simulateCohort, train, VERSION } from 'subspace-fusion';
import { explainPatient } from '../../../packages/subspace-fusion/dist/patient/predict.js';

const out = fileURLToPath(new URL('../public/run/', import.meta.url));
const COHORT = { patients: 80, bag: 144, width: 24, population: 200, seed: 4 };
const SETTINGS = {
  'model.bag': '144',
  'training.epochs': '6',
  'training.modalityDropout': '0.2',
  'split.test': '0.4',
  'split.validation': '0.15',
};
const made = JSON.stringify({ version: VERSION, COHORT, SETTINGS, with: 'confidence' });
const stamp = join(out, 'made.json');

/** The columns of one patient of a matrix of genes × patients. */
function columnOf(matrix, patient) {
  const [header, ...rows] = gunzipSync(readFileSync(matrix))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const column = header.indexOf(patient);
  return gzipSync([header, ...rows].map((cells) => `${cells[0]},${cells[column]}\n`).join(''));
}

async function makeDemonstration() {
  const folder = mkdtempSync(join(tmpdir(), 'demonstration-'));
  try {
    const cohort = join(folder, 'cohort');
    const run = join(folder, 'run');
    const { config } = await simulateCohort({ out: cohort, ...COHORT });
    await train({ config: await loadConfig(config, SETTINGS), out: run });
    const { predictions } = await evaluateAndWrite(run);
    const [{ patient }] = predictions;
    await explainPatient(run, { patient }); // leaves the training patients' means in the run folder
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    for (const name of ['model.json', 'checkpoint.safetensors', 'predictions.json', 'result.json', 'confidence.json'])
      copyFileSync(join(run, name), join(out, name));
    mkdirSync(join(out, 'explanations'));
    copyFileSync(join(run, 'explanations', 'background.json'), join(out, 'explanations', 'background.json'));
    const { expression } = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));
    writeFileSync(
      join(out, 'config.json'),
      JSON.stringify({ provider: 'cpu', expression: { ...expression, file: 'expression.csv.gz' } }),
    );
    const slide = `${patient}-DX1.h5`;
    copyFileSync(join(cohort, 'bags', slide), join(out, slide));
    writeFileSync(join(out, `${patient}-expression.csv.gz`), columnOf(join(cohort, 'expression.csv.gz'), patient));
    writeFileSync(
      join(out, 'patients.json'),
      JSON.stringify([{ patient, bags: [slide], expression: `${patient}-expression.csv.gz` }]),
    );
    writeFileSync(stamp, made);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== made) {
  console.log('Training a small model on simulated patients for the demonstration');
  await makeDemonstration();
}
