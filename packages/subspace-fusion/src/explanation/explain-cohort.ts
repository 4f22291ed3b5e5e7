import { maxOf } from '../files/lists.js';
import { join } from 'node:path';
import { readGeneSets } from '../cohort/genes/gene-files.js';
import { loadCohort } from '../cohort/load.js';
import { SUBSPACES, type Part as SplitPart, type Subspace } from '../cohort/types.js';
import { requirePatients } from '../evaluation/evaluate.js';
import { readSelectedModel, type SelectedModel } from '../evaluation/score-model.js';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { groupProblems, InputError, required, type Problem } from '../files/errors.js';
import { openBackend } from '../inference/backend.js';
import { outputsOf, prediction } from '../inference/predictor.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { choiceParameters } from '../model/choice.js';
import { initialise, type Parameters } from '../model/layers.js';
import { meanGame, shapleyShares, type Game, type Shares } from '../patient/attribution.js';
import { computeBackground } from '../patient/background.js';
import { geneAttributions, subspaceGame, type GeneAttributions } from '../patient/explain-sample.js';
import { openExplainer, type Explainer, type Point } from '../patient/explainer.js';
import { keptBackground } from '../patient/predict.js';
import { explainedOutput } from '../patient/prediction.js';
import { readSlide } from '../patient/slide.js';
import { figureFiles, patientFile } from '../runs/explanation-files.js';
import type { Background, CohortExplanation, ExplainedOutput, PatientExplanation } from '../runs/explanations.js';
import { taskName } from '../runs/model.js';
import { openRunFolder } from '../runs/run-folder.js';
import { RISK_GROUP_WORDS, riskGroup } from '../words/prediction.js';
import { compareGroups, enrichment, rankGenes, type AttributionTable } from './gene-ranking.js';
import { slideFigure, type Thumbnail } from './slide-figure.js';

export interface ExplainCohortOptions {
  readonly split?: SplitPart;
  /** A GMT file of gene sets to test for enrichment. */
  readonly geneSets?: string | undefined;
  readonly onBackground?: (done: number, of: number) => void;
  readonly onPatient?: (done: number, of: number) => void;
  /** Called with what is doubtful of the gene sets. */
  readonly onProblems?: ((problems: readonly Problem[]) => void) | undefined;
}

/**
 * Explains a run's model over a part of its cohort: gene ranking with control, subspaces by group, enrichment.
 * @throws InputError where the run or its cohort cannot be read, or the part has fewer than two patients.
 */
export async function explainCohort(
  run: string,
  { split = 'test', geneSets, onBackground, onPatient, onProblems }: ExplainCohortOptions = {},
): Promise<CohortExplanation> {
  const selected = await readSelectedModel(run);
  const folder = await openRunFolder(run);
  const problems: Problem[] = [];
  const sets = geneSets === undefined ? undefined : await readGeneSets(geneSets, problems);
  onProblems?.(groupProblems(problems));
  const { cohort } = await loadCohort(selected.config);
  requirePatients(run, selected.split, cohort, selected.config);
  const samples = cohortSamples(cohort, selected.model);
  const patients = selected.split[split];
  if (patients.length < 2)
    throw new InputError(`${run}: its ${split} part has ${patients.length} patient; a ranking needs two or more.`);
  const backend = await openBackend({ provider: selected.config.provider, threads: selected.config.training.threads });
  try {
    const explainer = openExplainer(selected.model, selected.parameters, backend);
    try {
      const background =
        (await folder.background()) ??
        (await keptBackground(
          run,
          await computeBackground(
            explainer,
            samples,
            selected.split.train,
            await folder.checkpointHash(),
            onBackground,
          ),
        ));
      return await explainPatients(explainer, selected, samples, { split, patients, background, sets, onPatient });
    } finally {
      await explainer.dispose();
    }
  } finally {
    await backend.close();
  }
}

/** The control needs an order of genes, no more. */
const CONTROL_STEPS = 32;

interface Part {
  readonly split: SplitPart;
  readonly patients: readonly string[];
  readonly background: Background;
  readonly sets: ReadonlyMap<string, readonly string[]> | undefined;
  readonly onPatient?: ((done: number, of: number) => void) | undefined;
}

async function explainPatients(
  explainer: Explainer,
  { parameters, config, model }: SelectedModel,
  samples: CohortSamples,
  part: Part,
): Promise<CohortExplanation> {
  const { split, patients, background, sets, onPatient } = part;
  const { seed } = config.training;
  const total = 2 * patients.length;
  const trained: ExplainedGenes[] = [];
  for (const id of patients) {
    trained.push(await explainGenes(explainer, samples, id, { background, parameters }));
    onPatient?.(trained.length, total);
  }
  const before: ExplainedGenes[] = [];
  explainer.use(initialise(choiceParameters(model.network, model.size), seed));
  for (const [i, id] of patients.entries()) {
    before.push(await explainGenes(explainer, samples, id, { output: trained[i].output, mostSteps: CONTROL_STEPS }));
    onPatient?.(patients.length + before.length, total);
  }
  explainer.use(parameters);

  const rankings = tables(explainer, trained).map((table) => rankGenes(table, seed));
  const untrained = tables(explainer, before).map(meanAbsolute);
  const now = tables(explainer, trained).map(meanAbsolute);
  const errors = trained.flatMap(({ errors }) => errors);
  return {
    task: taskName(model.task),
    split,
    patients: patients.length,
    output:
      model.outcome.kind === 'survival' ? 'risk' : 'log-probability of the class that is predicted for the patient',
    rankings,
    untrained: { tumour: spearman(now[0], untrained[0]), microenvironment: spearman(now[1], untrained[1]) },
    ...(explainer.branches.length === 2
      ? {
          groups: compareGroups(
            trained.flatMap((p) => (p.shares ? [{ group: groupOf(p, background), shares: p.shares }] : [])),
            seed,
          ),
        }
      : {}),
    ...(sets ? { enrichment: enrichment(rankings, sets, seed) } : {}),
    completeness: {
      worst: maxOf(errors.map(({ error }) => error)),
      over: errors.filter(({ holds }) => !holds).length,
      samples: errors.length,
    },
  };
}

/** One patient's genes and shares, means over the slides. */
interface ExplainedGenes {
  readonly output: ExplainedOutput;
  readonly risk: number | undefined;
  readonly z: Readonly<Record<Subspace, ArrayLike<number>>>;
  readonly attributions: Readonly<Record<Subspace, Float64Array>>;
  readonly shares: Shares<Subspace> | undefined;
  readonly errors: readonly { readonly error: number; readonly holds: boolean }[];
}

interface How {
  /** What is explained; by default the risk, or the class that is predicted. */
  readonly output?: ExplainedOutput;
  readonly mostSteps?: number;
  /** For the shares. */
  readonly background?: Background;
  readonly parameters?: Parameters;
}

async function explainGenes(
  explainer: Explainer,
  samples: CohortSamples,
  id: string,
  how: How,
): Promise<ExplainedGenes> {
  const { background, parameters, mostSteps } = how;
  const { model } = explainer;
  const { covariates } = await samples.sample(id, undefined);
  const genes = samples.genes(id);
  const points: Point[] = [];
  const outputs: Float64Array[] = [];
  for (const slide of required(samples.patients, id).bags) {
    const point = { P: await explainer.project((await readSlide(slide, model, samples)).features), genes, covariates };
    points.push(point);
    outputs.push(outputsOf((await explainer.forward(point)).logits, model.outcome));
  }
  const predicted = prediction(id, outputs, model.outcome.kind === 'survival');
  const output = how.output ?? explainedOutput(model.outcome, predicted.outputs);
  const slides: GeneAttributions[] = [];
  const games: Game<Subspace>[] = [];
  for (const point of points) {
    slides.push(await geneAttributions(explainer, point, genes, output, mostSteps));
    if (background && parameters && explainer.branches.length === 2)
      games.push(await subspaceGame(explainer, point, background, output, parameters['head.weight']));
  }
  const mean = (s: Subspace) =>
    Float64Array.from(genes[s], (_, g) => slides.reduce((t, { of }) => t + of[s][g], 0) / slides.length);
  return {
    output,
    risk: predicted.risk,
    z: genes,
    attributions: { tumour: mean('tumour'), microenvironment: mean('microenvironment') },
    shares: games.length > 0 ? shapleyShares(SUBSPACES, meanGame(games)) : undefined,
    errors: slides.map(({ completeness }) => completeness),
  };
}

function tables({ model }: Explainer, patients: readonly ExplainedGenes[]): AttributionTable[] {
  return SUBSPACES.map((subspace) => ({
    subspace,
    genes: model.scaling[subspace].genes,
    attributions: patients.map(({ attributions }) => attributions[subspace]),
    z: patients.map(({ z }) => z[subspace]),
  }));
}

/** Survival: low or high risk by the median of the training patients; classes: the predicted one. */
function groupOf({ output, risk }: ExplainedGenes, { riskCut }: Background): string {
  return output.kind === 'logProbability' ? output.className : RISK_GROUP_WORDS[riskGroup(risk ?? NaN, riskCut ?? NaN)];
}

/** Mean |attribution| of each gene. */
function meanAbsolute({ genes, attributions }: AttributionTable): number[] {
  return genes.map((_, g) => attributions.reduce((t, row) => t + Math.abs(row[g]), 0) / attributions.length);
}

/** Spearman's rank correlation; ties are not expected and take the order of the list. */
function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) => {
    const rank = new Float64Array(values.length);
    values
      .map((_, i) => i)
      .sort((i, j) => values[i] - values[j])
      .forEach((i, place) => (rank[i] = place));
    return rank;
  };
  const [p, q] = [ranks(a), ranks(b)];
  const n = a.length;
  const squares = p.reduce((t, rank, i) => t + (rank - q[i]) ** 2, 0);
  return n < 2 ? 0 : 1 - (6 * squares) / (n * (n * n - 1));
}

/** JSON whose numbers have six digits: more than float32 means, and half as long. */
function shortJson(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'number' ? Number(v.toPrecision(6)) : v)) + '\n';
}

/** Writes `PATIENT.json` and a figure for each slide, `SLIDE.svg`, into a folder, which is made where it is missing; returns the paths. */
export async function writePatientExplanation(
  folder: string,
  explanation: PatientExplanation,
  thumbnail?: Thumbnail,
): Promise<string[]> {
  const { patient, slides, output } = explanation;
  await makeFolder(folder);
  const json = join(folder, patientFile(patient));
  await writeFileAtomic(json, shortJson({ format: 1, ...explanation }));
  const paths = [json];
  const figures = figureFiles(
    patient,
    slides.map(({ slide }) => slide),
  );
  for (const [i, slide] of slides.entries()) {
    const path = join(folder, figures[i]);
    await writeFileAtomic(path, slideFigure(patient, slide, output, thumbnail));
    paths.push(path);
  }
  return paths;
}

/** Writes `cohort-SPLIT.json` into a folder, which is made where it is missing; returns its path. */
export async function writeCohortExplanation(folder: string, explanation: CohortExplanation): Promise<string> {
  await makeFolder(folder);
  const path = join(folder, `cohort-${explanation.split}.json`);
  await writeFileAtomic(path, shortJson({ format: 1, ...explanation }));
  return path;
}
