import { basename, join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { SiteRule } from '../cohort/clinical/sites.js';
import { CONTROLS, type Control } from '../comparison/file.js';
import type { Subgroup } from '../comparison/subgroups.js';
import { loadConfig, parseOverrides } from '../config/config.js';
import { MOST } from '../config/values.js';
import { InputError, WorkError } from '../files/errors.js';
import { holdingFolder } from '../files/lock.js';
import { jobsAtOnce } from '../planning/local.js';
import { isPlan } from '../planning/plan-file.js';
import { planCrossval, readPlan, threadsOf } from '../planning/plan.js';
import { inProcess } from '../planning/run-jobs.js';
import { carryOutPlan, printComparison } from './carry-out.js';
import { print } from './output.js';
import { sweep } from './sweep.js';
import { collect, count, outPath, PSEUDONYMS, seed, SET, wholeNumber } from './terminal.js';

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
export function defineCrossval(command: Command): void {
  command
    .argument(
      '<config>',
      'cohort.yaml (its split.file names the folds, otherwise they are made from split.seed), or a PLAN.yaml of `subspace sweep`',
    )
    .option(...SET, collect, [])
    .option(
      '--out <folder>',
      'folder of the run folders (default: runs/ and the name of the config and -crossval)',
      outPath,
    )
    .option('--folds <n>', 'number of folds to make (default: 5)', wholeNumber(2, MOST.folds))
    .option(
      '--repeats <n>',
      'deal the patients to folds so many times, each another way (default: once)',
      count(MOST.repeats),
    )
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
  const plan = await readPlan(path, { overrides: parseOverrides(set), out });
  await sweep(plan, { executor: 'local', retry: 'failed', pseudonyms, json });
}

/** One configuration is a plan of one setting, whose runs are done one after the other in this process. */
async function crossval(path: string, flags: CrossvalFlags): Promise<void> {
  const config = await loadConfig(path, parseOverrides(flags.set));
  const out = flags.out ?? join('runs', `${basename(path).replace(/\.ya?ml$/, '')}-crossval`);
  const { folds, repeats, probe, within, pseudonyms, seeds = [config.training.seed] } = flags;
  const control = flags.control && { name: flags.control, seeds: flags.controlSeeds ?? seeds };
  const plan = await planCrossval({ config, out, folds, repeats, seeds, control, probe, within });
  jobsAtOnce({ threads: threadsOf(plan) }); // before the first fold rather than once per fold
  // Its folders have no hash of the configuration in their names: two at once would mix theirs.
  const done = await holdingFolder(out, (lost) =>
    carryOutPlan(plan, () => inProcess, { retryFailed: true, pseudonyms, signal: lost }),
  );
  if (!done) return;
  const { tasks, ...file } = done.comparison;
  const task = tasks.at(0);
  if (!task)
    throw new WorkError(`${out}: no fold could be finished. What failed is above; the same command tries it again.`);
  if (flags.json) print(JSON.stringify({ ...file, ...task }, null, 2));
  else await printComparison(plan, done);
}

function numberList(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('It must be whole numbers with commas, as in 1,2,3.');
  const seeds = text.split(',').map(seed);
  const twice = seeds.find((one, i) => seeds.indexOf(one) !== i);
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} is listed twice.`);
  if (seeds.length > MOST.repeats) throw new InvalidArgumentError(`It must be ${MOST.repeats} numbers at most.`);
  return seeds;
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
