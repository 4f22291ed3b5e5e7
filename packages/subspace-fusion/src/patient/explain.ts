import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { readSelectedModel, type SelectedModel } from '../evaluation/score-model.js';
import { InputError } from '../files/errors.js';
import { openBackend } from '../inference/backend.js';
import { outputsOf, prediction } from '../inference/predictor.js';
import { mapBranches, ofBranch, type PerBranch } from '../model/parts.js';
import { taskName } from '../runs/model.js';
import { computeBackground, meanBag, storedBackground, type Background } from './background.js';
import {
  geneAttributions,
  looks,
  modalityGame,
  subspaceGame,
  tokenAttributions,
  type GeneAttributions,
} from './explain-sample.js';
import { openExplainer, type Explainer, type Point } from './explainer.js';
import { explainedOutput, explainedValue, type ExplainedOutput } from './output.js';
import { cohortPatient, filePatient, runSamples, type PatientFiles, type PatientInput } from './patient-input.js';
import { meanGame, shapleyShares, type Game } from './shapley.js';
import { onPatches, readSlide, type SlideBag } from './slide.js';
import type { GeneExplanation, PatientExplanation, SlideExplanation } from './types.js';

export interface ExplainOptions extends PatientFiles {
  /** While the training means are computed, which happens once a run. */
  readonly onBackground?: (done: number, of: number) => void;
}

/**
 * Explains a run's prediction for one patient: of the run's cohort by name, or from files.
 * @throws InputError as `predictPatient` does, and for a model that is not of the method.
 */
export async function explainPatient(run: string, options: ExplainOptions): Promise<PatientExplanation> {
  const selected = await readSelectedModel(run);
  const fromFiles = options.bags.length > 0 || options.expression !== undefined;
  if (!fromFiles && options.patient === undefined)
    throw new InputError(
      "Say whom to explain: --patient ID of the run's cohort, or files with --bag and --expression.",
    );
  const backend = await openBackend({ provider: selected.config.provider, threads: selected.config.training.threads });
  try {
    const explainer = await openExplainer(selected.model, selected.parameters, backend);
    try {
      const stored = await storedBackground(run);
      const samples =
        fromFiles && stored
          ? undefined
          : await runSamples(selected).catch((error: unknown) => refuseUnlessFiles(error, fromFiles));
      const patient = fromFiles
        ? await filePatient(options, selected)
        : await cohortPatient(options.patient!, samples!, selected);
      const background =
        stored ??
        (samples && (await computeBackground(run, explainer, samples, selected.split.train, options.onBackground)));
      return await explain(explainer, selected, patient, background);
    } finally {
      await explainer.dispose();
    }
  } finally {
    await backend.close();
  }
}

/** A patient from files can be explained without the run's cohort, in part. */
function refuseUnlessFiles(error: unknown, fromFiles: boolean): undefined {
  if (fromFiles && error instanceof InputError) return undefined;
  throw error;
}

const NO_BACKGROUND =
  "no shares and no map of what patches moved: they compare with the training patients, and the run's cohort is not where config.json says. Restore it for one explanation, which keeps their means in the run folder.";

/** A slide of the patient ready to be explained; undefined bag: the patient has none. */
interface Opened {
  readonly bag: SlideBag | undefined;
  readonly point: Point;
}

/** Explains the prediction for a patient. What belongs to a slide is explained by slide; the rest is the mean over the slides. */
export async function explain(
  explainer: Explainer,
  { parameters }: Pick<SelectedModel, 'parameters'>,
  { patient, slides, genes, covariates, warnings }: PatientInput,
  background: Background | undefined,
): Promise<PatientExplanation> {
  const { model } = explainer;
  const opened: Opened[] = [];
  for (const slide of slides.length > 0 ? slides : [undefined]) {
    const bag = slide && (await readSlide(slide, model));
    opened.push({ bag, point: { P: bag && (await explainer.project(bag.features)), genes, covariates } });
  }
  const logits = [];
  for (const { point } of opened) logits.push((await explainer.forward(point)).logits);
  const outputs = prediction(
    patient,
    logits.map((l) => outputsOf(l, model.outcome)),
    model.outcome.kind === 'survival',
  ).outputs;
  const output = explainedOutput(model.outcome, outputs);
  const mean = background && (await meanBag(background, explainer));

  const ofGenes: GeneAttributions[] = [];
  const subspaceGames: Game<Subspace>[] = [];
  const modalityGames: Game<'genes' | 'slide'>[] = [];
  const explainedSlides: SlideExplanation[] = [];
  for (const { bag, point } of opened) {
    if (genes) ofGenes.push(await geneAttributions(explainer, point, genes, output));
    if (background && explainer.branches.length === 2)
      subspaceGames.push(await subspaceGame(explainer, point, background, output, parameters['head.weight']));
    if (mean && bag && genes) modalityGames.push(await modalityGame(explainer, point, mean, output));
    if (bag) explainedSlides.push(await explainSlide(explainer, point, bag, mean, output));
  }
  return {
    patient,
    task: taskName(model.task),
    output,
    value: logits.reduce((t, l) => t + explainedValue(output, l, model.outcome), 0) / logits.length,
    ...(genes ? { genes: geneExplanation(explainer, genes, ofGenes) } : {}),
    ...(subspaceGames.length > 0 ? { subspaces: shapleyShares(SUBSPACES, meanGame(subspaceGames)) } : {}),
    ...(modalityGames.length > 0 ? { modalities: shapleyShares(['genes', 'slide'], meanGame(modalityGames)) } : {}),
    slides: explainedSlides,
    notes: [
      ...warnings,
      ...(background ? [] : [NO_BACKGROUND]),
      ...(explainer.branches.length === 2 ? [] : ['no shares of subspaces: the model has one joint branch']),
      ...(genes ? [] : ['no genes: the patient has no expression']),
      ...(slides.length > 0 ? [] : ['no slide: the patient has none']),
    ],
  };
}

async function explainSlide(
  explainer: Explainer,
  point: Point,
  bag: SlideBag,
  mean: PerBranch<Float32Array> | undefined,
  output: ExplainedOutput,
): Promise<SlideExplanation> {
  const looked = await looks(explainer, point, bag);
  const patches = mean && (await tokenAttributions(explainer, { ...point, P: point.P! }, mean, output));
  return {
    slide: bag.slide,
    patches: bag.patches,
    rows: Array.from(bag.rows),
    tokens: explainer.model.tokens,
    layout: bag.layout,
    branches: mapBranches(looked, (view, branch) => ({
      ...view,
      ...(patches
        ? { moved: Array.from(onPatches(ofBranch(patches.moved, branch), bag.patchOf, bag.rows.length)) }
        : {}),
    })),
    ...(patches ? { completeness: patches.completeness } : {}),
  };
}

/** Attributions of all slides as one, the mean; complete as far as the least complete of them. */
function geneExplanation(
  { model }: Explainer,
  genes: PatientInput['genes'] & object,
  slides: readonly GeneAttributions[],
): GeneExplanation {
  const ofSubspace = (s: Subspace) => {
    const attributions = Array.from(
      genes[s],
      (_, g) => slides.reduce((t, slide) => t + slide.of[s][g], 0) / slides.length,
    );
    return {
      sum: attributions.reduce((t, a) => t + a, 0),
      genes: model.scaling[s].genes.map((gene, g) => ({ gene, z: genes[s][g], attribution: attributions[g] })),
    };
  };
  const [first, ...others] = slides.map(({ completeness }) => completeness);
  return {
    subspaces: { tumour: ofSubspace('tumour'), microenvironment: ofSubspace('microenvironment') },
    completeness: others.reduce((worst, c) => (c.error > worst.error ? c : worst), first),
  };
}
