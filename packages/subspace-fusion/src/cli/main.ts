import { Command } from 'commander';
import { errorData, InputError, WorkError } from '../files/errors.js';
import { visible } from '../files/text.js';
import { toldError } from '../files/unforeseen.js';
import { VERSION } from '../version.js';
import { addAuditCommand } from './audit.js';
import { addBenchCommand } from './bench.js';
import { addRunPlannedCommand } from './carry-out.js';
import { addCrossvalCommand } from './crossval.js';
import { addDemoCommand } from './demo.js';
import { addEncoderCommand } from './encoder.js';
import { addEvaluateCommand } from './evaluate.js';
import { addExplainCommand } from './explain.js';
import { addExportCommand } from './export.js';
import { addExtractCommand } from './extract.js';
import { addImportCommand } from './import.js';
import { addInspectCommand } from './inspect.js';
import { outliveReaders, print, printError } from './output.js';
import { addPredictCommand } from './predict.js';
import { addReportCommand } from './report.js';
import { addSimulateCommand } from './simulate.js';
import { addSweepCommand } from './sweep.js';
import { addTrainCommand } from './train.js';
import { addVerifyCommand } from './verify.js';
import { addViewCommand } from './view.js';

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
  addDemoCommand(program);
  addSimulateCommand(program);
  addEncoderCommand(program);
  addExtractCommand(program);
  addInspectCommand(program);
  addTrainCommand(program);
  addEvaluateCommand(program);
  addAuditCommand(program);
  addPredictCommand(program);
  addExplainCommand(program);
  addReportCommand(program);
  addExportCommand(program);
  addImportCommand(program);
  addCrossvalCommand(program);
  addSweepCommand(program);
  addRunPlannedCommand(program);
  addVerifyCommand(program);
  addViewCommand(program);
  addBenchCommand(program);
  const chosen: { json?: boolean } = {};
  program.hook('preAction', (_, command) => {
    Object.assign(chosen, { json: command.opts<{ json?: boolean }>().json });
  });
  try {
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
