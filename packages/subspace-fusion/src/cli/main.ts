import { Command } from 'commander';
import { errorData, InputError, WorkError } from '../files/errors.js';
import { shortageError } from '../files/system-errors.js';
import { VERSION } from '../version.js';
import { addAuditCommand } from './audit.js';
import { addBenchCommand } from './bench.js';
import { addRunPlannedCommand } from './carry-out.js';
import { addCrossvalCommand } from './crossval.js';
import { addDemoCommand } from './demo.js';
import { addEvaluateCommand } from './evaluate.js';
import { addExplainCommand } from './explain.js';
import { addExportCommand } from './export.js';
import { addExtractCommand } from './extract.js';
import { addImportCommand } from './import.js';
import { addInspectCommand } from './inspect.js';
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
        write(text.replace('\n(Did you', ' (Did you'));
      },
    })
    .exitOverride();
  addDemoCommand(program);
  addSimulateCommand(program);
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
    process.exitCode = report(error);
    if (chosen.json && (error instanceof InputError || error instanceof WorkError))
      console.log(JSON.stringify(errorData(error), null, 2));
  }
}

function report(error: unknown): number {
  if (error instanceof InputError) {
    console.error(error.message);
    return 2;
  }
  if (error instanceof WorkError) {
    console.error(error.message);
    return 1;
  }
  const shortage = shortageError(error);
  if (shortage) {
    console.error(shortage.message);
    return 1;
  }
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2; // commander has printed it
  console.error(error);
  return 1;
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}
