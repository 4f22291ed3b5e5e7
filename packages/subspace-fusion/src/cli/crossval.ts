import { basename, join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { SiteRule } from '../cohort/index.js';
import { CROSSVAL_FILE, type Crossval } from '../comparison/crossval.js';
import { CONTROLS, type Control, type PlannedRun } from '../comparison/planned-runs.js';
import type { Subgroup } from '../comparison/subgroups.js';
import { crossvalTables, crossvalTask, formatText } from '../comparison/tables/index.js';
import { loadConfig, parseOverrides } from '../config/config.js';
import { formatProblem, InputError } from '../files/errors.js';
import { crossvalidate } from '../planning/crossval.js';
import { isPlan } from '../planning/plan.js';
import { planSweep } from '../planning/sweep.js';
import { writeComparison } from '../report/comparison-page.js';
import { Interrupted } from '../training/train.js';
import { collect, count, PSEUDONYMS, SET } from './options.js';
import { runAndCompare } from './sweep.js';
import { duration, figure, headline, interruptible, progressBar } from './terminal.js';

interface CrossvalFlags {
  readonly set: string[];
  readonly out?: string;
  readonly folds?: number;
  readonly repeats?: number;
  readonly seeds?: number[];
  readonly control?: Control;
  readonly controlSeeds?: number[];
  readonly probe?: SiteRule;
  readonly within: Subgroup[];
  readonly pseudonyms?: string;
  readonly json?: boolean;
}

/** `subspace crossval CONFIG.yaml`: one configuration over folds and seeds, beside simpler models; or all models of a plan on the same folds. */
export function addCrossvalCommand(program: Command): void {
  program
    .command('crossval')
    .description(
      'cross-validate a configuration, or the models and ablations of a plan, beside simpler models; the same command goes on where it was stopped',
    )
    .argument(
      '<config>',
      'cohort.yaml (its split.file names the folds, otherwise they are made from split.seed), or a PLAN.yaml of `subspace sweep`',
    )
    .option(...SET, collect, [])
    .option('--out <folder>', 'folder of the run folders (default: runs/ and the name of the config and -crossval)')
    .option('--folds <n>', 'number of folds to make (default: 5)', wholeNumber)
    .option('--repeats <n>', 'deal the patients to folds so many times, each another way (default: once)', count)
    .option('--seeds <list>', 'seeds of the training, as in 1,2,3 (default: training.seed)', numberList)
    .addOption(
      new Option(
        '--control <name>',
        'train a control too: every patient with the slides, or with the outcome, of another',
      ).choices(CONTROLS),
    )
    .option('--control-seeds <list>', 'seeds of the control (default: those of --seeds)', numberList)
    .option(
      '--probe <site>',
      'also tell how well the inputs say the site: `site`, that of TCGA barcodes, or column=NAME of the clinical table',
      siteRule,
    )
    .option('--within <column=value>', 'also score the patients of a subgroup alone; may be repeated', addSubgroup, [])
    .option(...PSEUDONYMS)
    .option('--json', 'print the result as JSON')
    .action(async (path: string, flags: CrossvalFlags) => {
      if (await isPlan(path)) await crossvalPlan(path, flags);
      else await crossval(path, flags);
    });
}

/** The plan says folds, seeds and controls; failed runs are done again, as in the cross-validation of one configuration. */
async function crossvalPlan(
  path: string,
  { set, out, pseudonyms, json, folds, repeats, seeds, control, probe, within }: CrossvalFlags,
): Promise<void> {
  if (folds !== undefined || repeats !== undefined || seeds || control || probe || within.length > 0) {
    throw new InputError(
      `${path}: is a plan, which says its folds, repeats, seeds and controls itself. Leave --folds, --repeats, --seeds, --control, --probe and --within away.`,
    );
  }
  await runAndCompare(await planSweep(path, { overrides: parseOverrides(set), out }), {
    executor: 'local',
    retry: 'failed',
    pseudonyms,
    json,
  });
}

async function crossval(path: string, flags: CrossvalFlags): Promise<void> {
  const config = await loadConfig(path, parseOverrides(flags.set));
  const out = flags.out ?? join('runs', `${basename(path).replace(/\.ya?ml$/, '')}-crossval`);
  const seeds = flags.seeds ?? [config.training.seed];
  const bar = progressBar('trainings');
  const say = (line: string) => {
    bar.clear();
    console.error(line);
  };
  let left = '';
  try {
    const result = await interruptible((signal) =>
      crossvalidate({
        config,
        out,
        folds: flags.folds,
        repeats: flags.repeats,
        seeds,
        control: flags.control && { name: flags.control, seeds: flags.controlSeeds ?? seeds },
        probe: flags.probe,
        within: flags.within,
        signal,
        onWarning: (problem) => {
          say(`warning: ${formatProblem(problem)}`);
        },
        onProgress: ({ run, done, of, epoch, epochs, secondsLeft }) => {
          left = secondsLeft === undefined ? '' : `, about ${duration(secondsLeft)} left`;
          bar.update(done, of, `${runName(run)}, epoch ${epoch + 1}/${epochs}${left}`);
        },
        onRun: (run, outcome, seconds) => {
          const what = 'failure' in outcome ? `failed: ${outcome.failure}` : headlineOf(outcome.result.metrics);
          say(`${runName(run)}: ${what} (${duration(seconds)}${left})`);
        },
      }),
    );
    bar.clear();
    const files = await writeComparison(out, result.name, [crossvalTask(result)], flags.pseudonyms);
    print(result, [join(out, CROSSVAL_FILE), ...files], flags.json ?? false);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    say(`${out}: stopped. The same command goes on from here.`);
    process.exitCode = 1;
  } finally {
    bar.clear();
  }
}

function print(result: Crossval, files: readonly string[], json: boolean): void {
  const failed = result.folds.flatMap(({ fold, runs }) =>
    runs.flatMap(({ folder, failure }) =>
      failure === undefined ? [] : [`fold ${fold}: ${folder} failed: ${failure}`],
    ),
  );
  failed.forEach((line) => {
    console.error(line);
  });
  if (failed.length > 0) process.exitCode = 1;
  if (json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  const { folds, seeds } = result;
  const repeats = new Set(folds.map(({ repeat }) => repeat)).size;
  console.log(
    `Means over ${repeats > 1 ? `${repeats} repeats of ` : ''}${folds.length / repeats} folds${seeds.length > 1 ? ` and ${seeds.length} seeds` : ''} on test patients, never pooled; ${result.intervals}.\n`,
  );
  for (const table of crossvalTables(result)) console.log(`${typeof table === 'string' ? table : formatText(table)}\n`);
  console.log(`${files.join('\n')}\nResearch software. Not a medical device.`);
}

function headlineOf(metrics: Parameters<typeof headline>[0]): string {
  const [label, metric] = headline(metrics);
  return `${label} ${figure(metric)}`;
}

function runName({ fold, repeat, seed, control }: PlannedRun): string {
  return `${repeat === undefined ? '' : `repeat ${repeat}, `}fold ${fold}, seed ${seed}${control === undefined ? '' : `, ${control}`}`;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 2) throw new InvalidArgumentError('It must be a whole number from 2 up.');
  return Number(text);
}

function numberList(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('It must be whole numbers with commas, as in 1,2,3.');
  return [...new Set(text.split(',').map(Number))];
}

function siteRule(text: string): SiteRule {
  if (text === 'site') return 'site';
  const column = /^column=(.+)$/.exec(text)?.[1];
  if (column === undefined)
    throw new InvalidArgumentError('It must be site, or column= and a column of the clinical table.');
  return { column };
}

function addSubgroup(text: string, before: Subgroup[]): Subgroup[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be column=value, as in study=TCGA-LGG.');
  return [...before, { column: text.slice(0, at), value: text.slice(at + 1) }];
}
