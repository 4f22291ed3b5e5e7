import { append } from '../files/lists.js';
import type { Command } from 'commander';
import { describePatches } from '../cohort/bags/provenance.js';
import { compareExpressions, describeScale, type ComparedExpression } from '../cohort/expression/value-scale.js';
import { describeFlow } from '../cohort/flow.js';
import { inspectCohort, type FilesInspection, type Inspection } from '../cohort/inspect.js';
import { loadCohort } from '../cohort/load.js';
import { loadConfig, parseOverrides, type Config } from '../config/config.js';
import { counted, formatProblem, shortNumber } from '../files/errors.js';
import { printable } from '../files/text.js';
import { print } from './output.js';
import { collect, progressBar, SET } from './terminal.js';

/** Adds `subspace inspect CONFIG.yaml`: what was found, what joins with what, and everything that is wrong. */
export function defineInspect(command: Command): void {
  command
    .argument('<config>', 'cohort.yaml')
    .option(...SET, collect, [])
    .option('--beside <config>', 'another cohort: warns where its expression is not on the scale of this one')
    .option('--json', 'prints the findings as JSON')
    .action(async (path: string, options: { set: string[]; beside?: string; json?: boolean }) => {
      const config = await loadConfig(path, parseOverrides(options.set));
      const bar = progressBar('slides');
      const inspection = await inspectCohort(config, (done, of) => {
        if (!options.json) bar.update(done, of);
      }).finally(() => {
        bar.clear();
      });
      const failed = inspection.problems.some(({ severity }) => severity === 'error');
      if (failed) process.exitCode = 2;
      const other = options.beside === undefined || failed ? undefined : await loadConfig(options.beside);
      const beside = other && {
        name: other.name,
        problems: compareExpressions(await comparable(config), await comparable(other)),
      };
      if (options.json) {
        print(JSON.stringify({ ...inspection, ...(beside ? { beside } : {}) }, null, 2));
        return;
      }
      print(describe(inspection));
      if (beside) print(`\n${describeBeside(beside)}`);
    });
}

async function comparable(config: Config): Promise<ComparedExpression> {
  const { cohort } = await loadCohort(config);
  return { name: cohort.name, file: config.expression.file, expression: cohort.expression };
}

function describeBeside({ name, problems }: { name: string; problems: ReturnType<typeof compareExpressions> }): string {
  if (problems.length === 0) return `Beside ${name}: the expression of both is on one scale.`;
  return [
    `Beside ${name}: ${counted(problems.length, 'warning')}`,
    ...problems.map((p) => `  ${formatProblem(p)}`),
  ].join('\n');
}

type Line = (what: string, text: string) => void;

function describeFiles({ clinical, expression }: FilesInspection, line: Line): void {
  if (clinical) {
    line(
      'clinical',
      `${counted(clinical.patients, 'patient')}, ${counted(clinical.columns, 'column')}, format ${clinical.format}`,
    );
    const markers = Object.entries(clinical.markers).map(([column, known]) => `${column} ${known}`);
    if (markers.length > 0) line('', `markers known: ${markers.join(', ')}`);
  }
  if (expression) {
    const { genes, patients, otherPatients, orientation, lowest, highest, transform, format, scale } = expression;
    line(
      'expression',
      `${counted(genes, 'gene')}, ${patients} of these patients (and ${counted(otherPatients, 'other')}), ${orientation}, format ${format}`,
    );
    line(
      '',
      `${lowest <= highest ? `values ${lowest} to ${highest}` : 'no values'}, they look like ${describeScale(scale)}${transform ? `, transform ${transform}` : ''}`,
    );
  }
}

function describeSlides({ features, flow }: FilesInspection, line: Line): void {
  if (features) {
    const { slides, patients, otherFiles, patches, width, encoder } = features;
    line(
      'features',
      `${counted(slides, 'slide')} of ${counted(patients, 'patient')} (and ${counted(otherFiles, 'other file')})`,
    );
    if (patches)
      line(
        '',
        `${patches.least} to ${patches.most} patches a slide (median ${patches.median}), ${width} wide, encoder ${encoder ?? 'not stated (the width does not tell it)'}`,
      );
  }
  const cut = features?.provenance && describePatches(features.provenance);
  if (cut) line('', `patches ${cut}`);
  if (flow) line('flow', describeFlow(flow));
}

function describe(inspection: Inspection): string {
  const {
    name,
    moreCohorts = [],
    geneSets,
    geneSetOverlap,
    joined,
    task,
    withoutLabel,
    split,
    floors,
    problems,
    understood,
  } = inspection;
  const lines = [`Cohort ${printable(name, 200)}`];
  const line = (what: string, text: string) => lines.push(`  ${what.padEnd(12)}${text}`);
  describeFiles(inspection, line);
  if (geneSets)
    line(
      'gene sets',
      inspection.defaultGeneSets ? 'the default ones for glioma, which come with the package' : inspection.geneSetsFile,
    );
  for (const { set, genes, inMatrix, used } of geneSets ?? []) {
    const share = inMatrix === undefined || genes === 0 ? '' : ` (${Math.round((100 * inMatrix) / genes)} %)`;
    const there = inMatrix === undefined ? '' : `, ${inMatrix} in the matrix${share}`;
    line('', `${set}: ${counted(genes, 'gene')}${there}${used === undefined ? '' : `, ${used} used`}`);
  }
  if (geneSetOverlap)
    line(
      '',
      `${counted(geneSetOverlap.length, 'gene is', 'genes are')} in both sets${geneSetOverlap.length > 0 ? `: ${geneSetOverlap.join(', ')}` : ''}`,
    );
  describeSlides(inspection, line);
  for (const other of moreCohorts) {
    lines.push('', `Cohort ${printable(other.name, 200)}`);
    describeFiles(other, line);
    describeSlides(other, line);
  }
  if (moreCohorts.length > 0) lines.push('', `${moreCohorts.length + 1} cohorts together`);
  line('joined', `${counted(joined.patients, 'patient')} with ${counted(joined.slides, 'slide')}`);
  if (task && 'deaths' in task) {
    const { endpoint, rule, deaths, patients, medianFollowUp, timeUnit } = task;
    line(
      'survival',
      `${endpoint}: ${counted(deaths, 'event')} among ${counted(patients, 'patient')}, median time ${shortNumber(medianFollowUp)} ${timeUnit}`,
    );
    line('', rule);
  } else if (task) {
    const counts = (record: Readonly<Record<string, number>>) =>
      Object.entries(record).map(([key, count]) => `${key} ${count}`);
    line(
      task.task,
      [...counts(task.classes), ...counts(task.unlabelled).map((text) => `no label: ${text}`)].join('; '),
    );
  }
  for (const [reason, ids] of Object.entries(withoutLabel ?? {})) line('no label', `${reason}: ${ids.join(', ')}`);
  if (split)
    line(
      'split',
      `${split.train} patients to train, ${split.validation} to validate, ${split.test} to test${split.conformal === undefined ? '' : `, ${split.conformal} set aside for prediction sets`}`,
    );
  if (split?.sites)
    line(
      'sites',
      `${split.sites.train} to train, ${split.sites.validation} to validate, ${split.sites.test} to test, of which ${split.sites.shared} also train`,
    );
  if (floors)
    line(
      'floors',
      `${counted(floors.genes.length, 'gene')} whose floor gives the ${floors.column} away over all patients, ${floors.inGeneSets} of them in the gene sets`,
    );
  for (const severity of ['error', 'warning'] as const) {
    const found = problems.filter((problem) => problem.severity === severity);
    if (found.length > 0)
      append(lines, [
        '',
        `${found.length} ${severity}${found.length > 1 ? 's' : ''}`,
        ...found.map((p) => `  ${formatProblem(p)}`),
      ]);
  }
  if (problems.length === 0) lines.push('', 'Nothing wrong was found.');
  lines.push('', 'This was understood, as cohort.yaml:', '', understood.trimEnd());
  return lines.join('\n');
}
