import type { Command } from 'commander';
import { formatProblem } from '../files/errors.js';
import { doJob } from '../planning/do-job.js';
import { JOB_COMMAND, STOPPED_EXIT_CODE } from '../planning/job.js';
import { interruptible } from './terminal.js';

/** `subspace run-planned FOLDER`: what the executors start, here or on a node of a cluster. Hidden; a user starts `sweep`. */
export function addRunPlannedCommand(program: Command): void {
  program
    .command(JOB_COMMAND, { hidden: true })
    .description(
      `do one planned run, for which its folder is all that is needed; exit code ${STOPPED_EXIT_CODE} where it was stopped and can go on`,
    )
    .argument('<folder>', 'folder that `subspace sweep` planned')
    .action(async (folder: string) => {
      const { outcome, message } = await interruptible((signal) =>
        doJob(folder, {
          signal,
          onWarning: (problem) => {
            console.error(`warning: ${formatProblem(problem)}`);
          },
        }),
      );
      console.error(`${new Date().toISOString()} ${folder}: ${outcome}${message === undefined ? '' : `: ${message}`}`);
      if (outcome !== 'done') process.exitCode = outcome === 'failed' ? 1 : STOPPED_EXIT_CODE;
    });
}
