import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseOverrides } from '../config/config.js';
import { formatProblem, InputError } from '../files/errors.js';
import { importCheckpoint, type ImportedModel, type ImportScaling } from '../portable/import.js';
import { taskName } from '../runs/model.js';
import { print, printError } from './output.js';
import { collect, outPath, SET } from './terminal.js';

interface Options {
  config: string;
  out: string;
  scaling: ImportScaling;
  tumourGenes?: string;
  microenvironmentGenes?: string;
  cuts?: number[];
  classWeights?: number[];
  set: string[];
  json?: boolean;
}

/** `subspace import CHECKPOINT --config cohort.yaml --out RUN`: a run folder around a checkpoint of the published PyTorch code. */
export function defineImport(command: Command): void {
  command
    .argument('<checkpoint>', 'file of torch.save')
    .requiredOption(
      '--config <file>',
      'cohort.yaml: what a state dict lacks (task, gene order, patients to evaluate on)',
    )
    .requiredOption('--out <folder>', 'run folder to write', outPath)
    .addOption(
      new Option(
        '--scaling <how>',
        'expression as it stands in the matrix, or transformed and scaled on the training patients',
      )
        .choices(['none', 'training'])
        .default('none'),
    )
    .option('--tumour-genes <file>', "the checkpoint's tumour genes in its order, one a line")
    .option('--microenvironment-genes <file>', "the checkpoint's microenvironment genes in its order, one a line")
    .option('--cuts <times>', "survival: cuts between the checkpoint's bins, as in 233.5,511,929", numbers)
    .option(
      '--class-weights <weights>',
      'classes: weights of the loss that it was trained with, as in 1,4.15,2.93,2.43',
      numbers,
    )
    .option(...SET, collect, [])
    .option('--json', 'print what was imported as JSON')
    .action(
      async (
        checkpoint: string,
        { tumourGenes: tumour, microenvironmentGenes: microenvironment, set, json, ...options }: Options,
      ) => {
        if ((tumour === undefined) !== (microenvironment === undefined))
          throw new InputError('--tumour-genes and --microenvironment-genes go together: give both.');
        const model = await importCheckpoint({
          ...options,
          checkpoint,
          overrides: parseOverrides(set),
          genes: tumour !== undefined && microenvironment !== undefined ? { tumour, microenvironment } : undefined,
          onWarning: (p) => {
            printError(`warning: ${formatProblem(p)}`);
          },
        });
        print(
          json
            ? JSON.stringify(
                { run: options.out, task: taskName(model.task), size: model.size, ...model.imported },
                null,
                2,
              )
            : describe(model, options.out),
        );
      },
    );
}

/** An option's numbers, separated by commas. */
function numbers(text: string): number[] {
  const values = text.split(',').map(Number);
  if (!values.every(Number.isFinite)) throw new InvalidArgumentError('It must be numbers separated by commas.');
  return values;
}

function describe({ task, size, imported }: ImportedModel, out: string): string {
  const { checkpoint, decidedHere, ignored, unknown } = imported;
  const some = (names: readonly string[]) => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  return [
    `${checkpoint}: ${taskName(task)}, ${size.classes} outputs, ${size.genes.tumour} and ${size.genes.microenvironment} genes, features ${size.patchWidth} wide`,
    'Decided here, since a state dict does not say it:',
    ...decidedHere.map((line) => `  ${line}`),
    ...(ignored.length > 0
      ? [`Ignored, as they never reach the loss: ${ignored.length} parameters (${some(ignored)})`]
      : []),
    ...(unknown.length > 0 ? [`Not known, and ignored: ${unknown.length} names (${some(unknown)})`] : []),
    `run folder: ${out}`,
    'Research software. Not a medical device.',
  ].join('\n');
}
