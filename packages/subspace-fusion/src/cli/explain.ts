import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Part } from '../cohort/index.js';
import {
  explainCohort,
  explainPatient,
  EXPLANATIONS,
  readThumbnail,
  writeCohortExplanation,
  writePatientExplanation,
} from '../explanation/index.js';
import { InputError } from '../files/errors.js';
import { NOT_A_DEVICE } from '../words/prediction.js';
import { describeCohort, describePatient } from './explain-words.js';
import { columnValue } from './predict.js';
import { progressBar } from './terminal.js';

interface Options {
  readonly patient?: string;
  readonly bag?: string[];
  readonly expression?: string;
  readonly clinical?: string[];
  readonly cohort?: boolean;
  readonly split: Part;
  readonly geneSets?: string;
  readonly thumbnail?: string;
  readonly downsample?: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** `subspace explain RUN --patient ID` or `--cohort`: where a model looked, and what moved its predictions. */
export function addExplainCommand(program: Command): void {
  program
    .command('explain')
    .description('show where a model looked and which genes moved its prediction: of one patient, or over the cohort')
    .argument('<run>', 'run folder')
    .option('--patient <id>', "patient of the run's cohort, or of the matrix of --expression")
    .option('--bag <file...>', 'feature file of the slide, of a patient of no cohort; several files: several slides')
    .option('--expression <file>', 'expression matrix that holds such a patient')
    .option('--clinical <column=value...>', 'what is known of the covariates of the model, as in age=54 sex=male')
    .option('--thumbnail <picture>', 'picture of the whole slide to draw under the patches, with --downsample')
    .option('--downsample <n>', 'pixels of level 0 along the edge of a pixel of the thumbnail')
    .addOption(
      new Option('--cohort', 'rank genes and compare the subspaces over many patients').conflicts([
        'patient',
        'bag',
        'expression',
        'clinical',
        'thumbnail',
      ]),
    )
    .addOption(
      new Option('--split <part>', 'which patients, with --cohort')
        .choices(['train', 'validation', 'test'])
        .default('test'),
    )
    .option('--gene-sets <file>', 'GMT file of gene sets to test for enrichment, with --cohort')
    .option('--out <folder>', 'where to write (default: explanations/ in the run folder)')
    .option('--json', 'print the explanation as JSON')
    .action(async (run: string, options: Options) => {
      const bar = progressBar('explaining');
      const onBackground = (done: number, of: number) => {
        bar.update(done, of, 'training means, once a run');
      };
      const out = options.out ?? join(run, EXPLANATIONS);
      try {
        const { lines, explanation } = options.cohort ? await aboutCohort() : await aboutPatient();
        bar.clear();
        console.log(options.json ? JSON.stringify(explanation, null, 2) : [...lines, NOT_A_DEVICE].join('\n'));
      } finally {
        bar.clear();
      }

      async function aboutCohort() {
        const { split, geneSets } = options;
        const onPatient = (done: number, of: number) => {
          bar.update(done, of, 'the model, then the same network untrained');
        };
        const explanation = await explainCohort(run, { split, geneSets, onBackground, onPatient });
        const path = await writeCohortExplanation(out, explanation);
        return { explanation, lines: [...describeCohort(explanation), `written: ${path}`] };
      }

      async function aboutPatient() {
        const { patient, bag, expression, clinical = [] } = options;
        const thumbnail =
          options.thumbnail === undefined
            ? undefined
            : await readThumbnail(options.thumbnail, downsampleOf(options.downsample));
        const explanation = await explainPatient(run, {
          patient,
          bag,
          expression,
          clinical: Object.fromEntries(clinical.map(columnValue)),
          onBackground,
        });
        const paths = await writePatientExplanation(out, explanation, thumbnail);
        return { explanation, lines: [...describePatient(explanation), `written: ${paths.join(', ')}`] };
      }
    });
}

function downsampleOf(text: string | undefined): number {
  if (text !== undefined && Number(text) > 0) return Number(text);
  throw new InputError(
    '--thumbnail needs --downsample: how many pixels of level 0 one of its pixels covers, as in 32.',
  );
}
