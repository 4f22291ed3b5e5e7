import { join } from 'node:path';
import { Option, type Command } from 'commander';
import type { Part } from '../cohort/types.js';
import { explainCohort, writeCohortExplanation, writePatientExplanation } from '../explanation/explain-cohort.js';
import { readThumbnail } from '../explanation/slide-figure.js';
import { formatProblem, InputError, type Problem } from '../files/errors.js';
import { holdingFile } from '../files/lock.js';
import { printable } from '../files/text.js';
import type { Shares } from '../patient/attribution.js';
import { explainPatient } from '../patient/predict.js';
import { EXPLANATIONS, patientFile } from '../runs/explanation-files.js';
import type {
  CohortExplanation,
  Completeness,
  GeneExplanation,
  PatientExplanation,
  SetEnrichment,
} from '../runs/explanations.js';
import { openRunFolder } from '../runs/run-folder.js';
import { NOT_A_DEVICE, outputWords } from '../words/prediction.js';
import { print, printError } from './output.js';
import { columnValue } from './predict.js';
import { composed, outPath, progressBar, sayFewerThreads } from './terminal.js';

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
export function defineExplain(command: Command): void {
  command
    .argument('<run>', 'run folder')
    .option('--patient <id>', "patient of the run's cohort, or of the matrix of --expression", composed)
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
    .option('--out <folder>', 'where to write (default: explanations/ in the run folder)', outPath)
    .option('--json', 'print the explanation as JSON')
    .action(async (run: string, options: Options) => {
      await sayFewerThreads(run);
      const bar = progressBar('explaining');
      const onBackground = (done: number, of: number) => {
        bar.update(done, of, 'training means, once a run');
      };
      await openRunFolder(run); // a folder that holds no run is left as it is
      const out = options.out ?? join(run, EXPLANATIONS);
      try {
        const { lines, explanation } = options.cohort ? await aboutCohort() : await aboutPatient();
        bar.clear();
        print(options.json ? JSON.stringify(explanation, null, 2) : [...lines, NOT_A_DEVICE].join('\n'));
      } finally {
        bar.clear();
      }

      async function aboutCohort() {
        const { split, geneSets } = options;
        const onPatient = (done: number, of: number) => {
          bar.update(done, of, 'the model, then the same network untrained');
        };
        const [explanation, path] = await holdingFile(join(out, `cohort-${split}.json`), async () => {
          const onProblems = (problems: readonly Problem[]) => {
            for (const problem of problems) printError(`warning: ${formatProblem(problem)}`);
          };
          const made = await explainCohort(run, { split, geneSets, onBackground, onPatient, onProblems });
          return [made, await writeCohortExplanation(out, made)] as const;
        });
        return { explanation, lines: [...describeCohort(explanation), `written: ${path}`] };
      }

      async function aboutPatient() {
        const { patient, bag, expression, clinical = [] } = options;
        if (options.downsample !== undefined && options.thumbnail === undefined)
          throw new InputError('--downsample is that of a --thumbnail. Give both, or neither.');
        const thumbnail =
          options.thumbnail === undefined
            ? undefined
            : await readThumbnail(options.thumbnail, downsampleOf(options.downsample));
        const input = {
          patient,
          bag,
          expression,
          clinical: Object.fromEntries(clinical.map(columnValue)),
          onBackground,
        };
        const [explanation, paths] = await holdingFile(join(out, patientFile(patient ?? 'from files')), async () => {
          const made = await explainPatient(run, input);
          return [made, await writePatientExplanation(out, made, thumbnail)] as const;
        });
        return { explanation, lines: [...describePatient(explanation), `written: ${paths.join(', ')}`] };
      }
    });
}

/** A thumbnail of a single pixel, of the largest slide that is read. */
const MOST_DOWNSAMPLE = 1_000_000;

function downsampleOf(text: string | undefined): number {
  const downsample = Number(text);
  if (downsample >= 1 && downsample <= MOST_DOWNSAMPLE) return downsample;
  if (text !== undefined)
    throw new InputError(`--downsample ${printable(text)}: give a number from 1 to ${MOST_DOWNSAMPLE}, as in 32.`);
  throw new InputError(
    '--thumbnail needs --downsample: how many pixels of level 0 one of its pixels covers, as in 32.',
  );
}

const signed = (x: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toPrecision(3)}`;
const percent = (x: number) => `${(100 * x).toFixed(0)} %`;

/** Lines on one patient's explanation. */
function describePatient({
  patient,
  task,
  output,
  value,
  genes,
  subspaces,
  modalities,
  slides,
  notes,
}: PatientExplanation): string[] {
  return [
    `${patient}: ${task}; explained: ${outputWords(output)}, ${value.toPrecision(4)}`,
    ...(genes ? describeGenes(genes) : []),
    ...(subspaces ? [describeShares('subspaces, against their training mean', subspaces)] : []),
    ...(modalities ? [describeShares('modalities, against mean genes and a bag of mean patches', modalities)] : []),
    ...slides.flatMap(({ slide, completeness }) =>
      completeness ? [`patches of ${slide}: ${complete(completeness)}`] : [],
    ),
    ...notes.map((note) => `note: ${note}`),
  ];
}

/** The genes that moved the output most, up and down. */
function describeGenes({ subspaces, completeness }: GeneExplanation): string[] {
  const all = Object.values(subspaces).flatMap(({ genes }) => genes);
  const most = (sign: number) =>
    all
      .filter(({ attribution }) => sign * attribution > 0)
      .sort((a, b) => sign * (b.attribution - a.attribution))
      .slice(0, 5)
      .map(({ gene, attribution }) => `${gene} ${signed(attribution)}`)
      .join(', ');
  return [
    `genes, against the training mean: ${complete(completeness)}`,
    ...Object.entries(subspaces).map(([subspace, { sum }]) => `  ${subspace.padEnd(18)}${signed(sum)}`),
    `  ${'up'.padEnd(18)}${most(1)}`,
    `  ${'down'.padEnd(18)}${most(-1)}`,
  ];
}

function complete({ from, to, error, steps, holds }: Completeness): string {
  return `${signed(to - from)}; attributions sum to it within ${(100 * error).toFixed(2)} % (${steps} steps)${holds ? '' : ', NOT within 1 %: read them with caution'}`;
}

function describeShares(what: string, { contribution, share }: Shares<string>): string {
  const parts = Object.keys(contribution).map(
    (player) => `${player} ${signed(contribution[player])} (${percent(share[player])})`,
  );
  return `${what}: ${parts.join(', ')}`;
}

/** Lines on what moves a model over a cohort. */
function describeCohort({
  task,
  split,
  patients,
  output,
  rankings,
  untrained,
  groups,
  enrichment,
  completeness,
}: CohortExplanation): string[] {
  const { worst, over, samples } = completeness;
  return [
    `${task}, ${patients} ${split} patients; explained: ${output}`,
    over === 0
      ? `attributions are complete within ${(100 * worst).toFixed(2)} %`
      : `attributions of ${over} of ${samples} slides are NOT complete within 1 % (worst ${(100 * worst).toFixed(1)} %)`,
    ...rankings.flatMap(({ subspace, genes, chance }) => [
      `${subspace}: ${genes.filter(({ p }) => p <= 0.05).length} of ${genes.length} genes beyond chance (${chance.toPrecision(3)}); order before training: correlation ${untrained[subspace].toFixed(2)}`,
      ...genes
        .slice(0, 10)
        .map(
          ({ rank, gene, importance, low, high, rankLow, rankHigh, slope, p }) =>
            `  ${String(rank).padStart(3)} (${Math.round(rankLow)} to ${Math.round(rankHigh)})  ${gene.padEnd(12)} ${importance.toPrecision(3)} (95 % ${low.toPrecision(3)} to ${high.toPrecision(3)}), slope ${signed(slope)}, p ${p.toFixed(3)}`,
        ),
    ]),
    ...(groups ? describeGroups(groups) : []),
    ...(enrichment ?? []).map(describeSet),
  ];
}

function describeGroups({ groups, p }: NonNullable<CohortExplanation['groups']>): string[] {
  return [
    `share of the tumour subspace${p === undefined ? '' : `, p of a difference ${p.toFixed(3)}`}`,
    ...groups.map(
      ({ group, patients, tumourShare: { mean, low, high } }) =>
        `  ${group.padEnd(18)}${percent(mean)} (95 % ${percent(low)} to ${percent(high)}; n ${patients})`,
    ),
  ];
}

function describeSet({ set, read, genes, auc, chance, p, adjustedP, reason }: SetEnrichment): string {
  if (auc === undefined || !chance || p === undefined || adjustedP === undefined)
    return `set ${set} (${read} of ${genes} genes): not tested, ${reason ?? ''}`;
  return `set ${set} (${read} of ${genes} genes): area ${auc.toFixed(3)} (chance ${chance.low.toFixed(3)} to ${chance.high.toFixed(3)}), p ${p.toFixed(3)}, adjusted ${adjustedP.toFixed(3)}`;
}
