import { SUBSPACES, type Subspace } from '../cohort/types.js';
import type { GeneVectors } from '../inference/batch.js';
import { outputsOf, prediction } from '../inference/predictor.js';
import type { Parameters } from '../model/layers.js';
import { mapBranches, ofBranch, type PerBranch } from '../model/parts.js';
import type {
  Background,
  ExplainedOutput,
  GeneExplanation,
  PatientExplanation,
  SlideExplanation,
} from '../runs/explanations.js';
import { taskName } from '../runs/model.js';
import { onPatches } from './attention.js';
import { meanGame, shapleyShares, type Game } from './attribution.js';
import { meanBag } from './background.js';
import {
  geneAttributions,
  looks,
  modalityGame,
  subspaceGame,
  tokenAttributions,
  type GeneAttributions,
} from './explain-sample.js';
import type { Explainer, Point } from './explainer.js';
import type { ReadPatient } from './input.js';
import { explainedOutput, explainedValue } from './prediction.js';
import type { SlideBag } from './slide.js';

const NO_BACKGROUND =
  "no shares and no map of what patches moved: they compare with the training patients, and the run's cohort is not where config.json says. Restore it for one explanation, which keeps their means in the run folder.";

/** A slide of the patient, ready to be explained; undefined bag: the patient has none. */
export interface SlidePoint {
  readonly bag: SlideBag | undefined;
  readonly point: Point;
}

/** Explains the prediction for a patient. What belongs to a slide is explained by slide; the rest is the mean over the slides. */
export async function explain(
  explainer: Explainer,
  parameters: Parameters,
  { patient, slides, genes, warnings }: Pick<ReadPatient, 'patient' | 'slides' | 'genes' | 'warnings'>,
  opened: readonly SlidePoint[],
  background: Background | undefined,
): Promise<PatientExplanation> {
  const { model } = explainer;
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
  const patches = mean && point.P && (await tokenAttributions(explainer, { ...point, P: point.P }, mean, output));
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
  genes: GeneVectors,
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
