import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/config.js';
import { evaluateAndWrite } from '../evaluation/evaluate.js';
import { writeFileAtomic } from '../files/atomic.js';
import { holdingFolder } from '../files/lock.js';
import { readReportRun } from '../report/from-run.js';
import { versions } from '../report/read.js';
import { renderReport } from '../report/report.js';
import type { ReportRun } from '../report/types.js';
import { writeJson } from '../runs/run-folder.js';
import { simulateCohort } from '../simulation/cohort.js';
import { train } from '../training/train.js';
import { print } from './output.js';
import { figure, headline, outPath, progressBar } from './terminal.js';

const TASKS = ['survival', 'grade', 'diagnosis'] as const;

/** Small enough for a few minutes on two cores, large enough to learn something. */
const PATIENTS = 160;
const BAG = 400;
const SETTINGS = { 'training.epochs': '8', 'split.test': '0.25', 'split.validation': '0.15' };

/** `subspace demo`: the whole main job on a simulated cohort. */
export function defineDemo(command: Command): void {
  command
    .option('--out <folder>', 'folder to write', outPath, 'demo')
    .action(({ out }: { out: string }) => holdingFolder(out, () => demo(out)));
}

async function demo(out: string): Promise<void> {
  const started = performance.now();
  print(`Simulating ${PATIENTS} patients: slides of ${BAG} patches and a gene expression matrix`);
  const bar = progressBar('slides');
  const { config: cohort } = await simulateCohort({
    out: join(out, 'cohort'),
    patients: PATIENTS,
    bag: BAG,
    onSlide: (done, of) => {
      bar.update(done, of);
    },
  });
  bar.clear();
  const runs: ReportRun[] = [];
  for (const task of TASKS) runs.push(await demonstrate(task, cohort, join(out, task)));
  await writeJson(join(out, 'result.json'), { ...runs[0].result, others: runs.slice(1).map(({ result }) => result) });
  await writeFileAtomic(join(out, 'index.html'), demoReport(runs));
  const seconds = Math.round((performance.now() - started) / 1000);
  print(`\nDone in ${seconds} s. Open ${join(out, 'index.html')}; the figures are in ${join(out, 'result.json')}.`);
  print('Research software. Not a medical device.');
}

async function demonstrate(task: (typeof TASKS)[number], cohort: string, run: string): Promise<ReportRun> {
  await rm(run, { recursive: true, force: true }); // an earlier demo
  const config = await loadConfig(cohort, { ...SETTINGS, task });
  const bar = progressBar(task);
  await train({
    config,
    out: run,
    onStep: ({ epoch, epochs, step, steps, loss }) => {
      bar.update(epoch * steps + step, epochs * steps, `loss ${loss.toFixed(3)}`);
    },
  });
  bar.clear();
  const evaluation = await evaluateAndWrite(run);
  const [name, metric] = headline(evaluation.result.metrics);
  print(`${task.padEnd(10)} ${name} ${figure(metric)}`);
  return readReportRun(run);
}

function demoReport(runs: readonly ReportRun[]): string {
  return renderReport({
    title: 'Subspace Fusion: demonstration',
    description:
      'The cohort is simulated: slides and genes are drawn by a program from a known truth. The numbers say nothing about real patients.',
    runs,
    versions: versions(),
  });
}
