import { Command } from 'commander';
import { errorData, InputError, WorkError } from '../files/errors.js';
import { visible } from '../files/text.js';
import { toldError } from '../files/unforeseen.js';
import { JOB_COMMAND, STOPPED_EXIT_CODE } from '../planning/job-command.js';
import { VERSION } from '../version.js';
import { outliveReaders, print, printError } from './output.js';

/** A command of `subspace`: what the list of commands says of it, and its options and action, which are loaded when it is called. */
interface Listed {
  readonly name: string;
  readonly description: string;
  readonly hidden?: boolean;
  readonly define: () => Promise<(command: Command) => void>;
}

const COMMANDS: readonly Listed[] = [
  {
    name: 'demo',
    description: 'simulate a cohort, train three tasks, evaluate on patients never seen, write a report',
    define: async () => (await import('./demo.js')).defineDemo,
  },
  {
    name: 'simulate',
    description: 'simulate a cohort with a known truth, or slides for real patients',
    define: async () => (await import('./simulate.js')).defineSimulate,
  },
  {
    name: 'encoder',
    description:
      'make an ONNX image encoder for `extract`: a MobileNetV2 that was trained on photographs, for trying out',
    define: async () => (await import('./encoder.js')).defineEncoder,
  },
  {
    name: 'extract',
    description:
      'make feature files from whole-slide images with an ONNX image encoder; the same command goes on where it was stopped',
    define: async () => (await import('./extract.js')).defineExtract,
  },
  {
    name: 'inspect',
    description: 'what a cohort has, what joins with what, and everything wrong with it at once',
    define: async () => (await import('./inspect.js')).defineInspect,
  },
  {
    name: 'train',
    description: 'train one model and score it on its test patients',
    define: async () => (await import('./train.js')).defineTrain,
  },
  {
    name: 'evaluate',
    description: "score a run's selected model on a part of its split, or on another cohort",
    define: async () => (await import('./evaluate.js')).defineEvaluate,
  },
  {
    name: 'audit',
    description:
      'look for leakage: what of the test patients a model could know. Exit code 0: no leak was found; 1: a leak was found; 2: bad input',
    define: async () => (await import('./audit.js')).defineAudit,
  },
  {
    name: 'predict',
    description: 'predict one patient with a trained model',
    define: async () => (await import('./predict.js')).definePredict,
  },
  {
    name: 'explain',
    description: 'show where a model looked and which genes moved its prediction: of one patient, or over the cohort',
    define: async () => (await import('./explain.js')).defineExplain,
  },
  {
    name: 'report',
    description: 'write a report of a run or a cross-validation: one HTML page that needs no network, and a model card',
    define: async () => (await import('./report.js')).defineReport,
  },
  {
    name: 'export',
    description: 'write the model of a run as one ONNX file, preprocessing included',
    define: async () => (await import('./export.js')).defineExport,
  },
  {
    name: 'import',
    description: 'make a run of a checkpoint of the published PyTorch code (a state dict, .pth or .pt)',
    define: async () => (await import('./import.js')).defineImport,
  },
  {
    name: 'crossval',
    description:
      'cross-validate a configuration, or the models and ablations of a plan, beside simpler models; the same command goes on where it was stopped',
    define: async () => (await import('./crossval.js')).defineCrossval,
  },
  {
    name: 'sweep',
    description:
      'train many configurations over folds and seeds, here or on a Slurm cluster; the same command goes on where it was stopped',
    define: async () => (await import('./sweep.js')).defineSweep,
  },
  {
    name: JOB_COMMAND,
    description: `do one planned run, for which its folder is all that is needed; exit code ${STOPPED_EXIT_CODE} where it was stopped and can go on`,
    hidden: true,
    define: async () => (await import('./carry-out.js')).defineRunPlanned,
  },
  {
    name: 'verify',
    description: 'compute the parity cases in DIR and compare them with the expected numbers',
    define: async () => (await import('./verify.js')).defineVerify,
  },
  {
    name: 'view',
    description: 'show the model in a browser: predictions for dropped files, what-if, where the model looked',
    define: async () => (await import('./view.js')).defineView,
  },
  {
    name: 'bench',
    description: 'measure speed and memory on this machine',
    define: async () => (await import('./bench.js')).defineBench,
  },
];

/**
 * The `subspace` command. Exit codes: 0 done, 1 the work failed, 2 bad input. Standard error gets what went wrong in words; with
 * `--json` standard output gets it as data, too.
 */
export async function main(args: readonly string[]): Promise<void> {
  const program = new Command('subspace')
    .description(
      'Glioma diagnosis, grade and survival from histology and gene expression. Research software, not a medical device.',
    )
    .version(VERSION)
    .showHelpAfterError('(--help shows the options)')
    .configureOutput({
      outputError: (text, write) => {
        write(visible(text.replace('\n(Did you', ' (Did you')));
      },
    })
    .exitOverride();
  const undefinedYet = new Map(
    COMMANDS.map(({ name, description, hidden, define }) => [
      program.command(name, { hidden }).description(description),
      define,
    ]),
  );
  const complete = async (command: Command) => {
    const define = await undefinedYet.get(command)?.();
    undefinedYet.delete(command);
    define?.(command);
  };
  program.hook('preSubcommand', (_, command) => complete(command));
  const chosen: { json?: boolean } = {};
  program.hook('preAction', (_, command) => {
    Object.assign(chosen, { json: command.opts<{ json?: boolean }>().json });
  });
  try {
    if (args[0] === 'help')
      await Promise.all(program.commands.filter((command) => command.name() === args[1]).map(complete));
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args, chosen.json);
  }
}

/**
 * Ends the process of the command in one line where an error comes past {@link main}: from a callback, a promise that nobody waits for, or a thread.
 */
export function guardProcess(args: readonly string[]): void {
  const end = (error: unknown) => {
    process.exit(report(error, args));
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
  outliveReaders(({ message }) => {
    end(new WorkError(`The output cannot be written (${message}). Free some space, or send it elsewhere.`));
  });
}

/** Prints what went wrong; returns the exit code. */
function report(error: unknown, args: readonly string[], json = false): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  const told = toldError(error, args);
  printError(told.message);
  if (json) print(JSON.stringify(errorData(told), null, 2));
  return told instanceof InputError ? 2 : 1;
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}
