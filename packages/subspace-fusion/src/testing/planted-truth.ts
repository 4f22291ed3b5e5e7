import { join } from 'node:path';
import { loadCohort } from '../cohort/load.js';
import { SUBSPACES } from '../cohort/types.js';
import { readSelectedModel } from '../evaluation/score-model.js';
import { enrichment, rankGenes } from '../explanation/gene-ranking.js';
import { required } from '../files/errors.js';
import { openBackend } from '../inference/backend.js';
import { cohortSamples } from '../inference/samples.js';
import { classAuc } from '../metrics/classification.js';
import { choiceParameters } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { ofBranch } from '../model/parts.js';
import { computeBackground, meanBag } from '../patient/background.js';
import { geneAttributions, looks, tokenAttributions } from '../patient/explain-sample.js';
import { openExplainer } from '../patient/explainer.js';
import { readSlide } from '../patient/slide.js';
import { key, permutation } from '../random/counter.js';
import type { SetEnrichment } from '../runs/explanations.js';
import { slideKey } from '../simulation/bags.js';
import { geneModel } from '../simulation/genes.js';
import { drawLatents } from '../simulation/latents.js';
import { drawSlide, MARKER } from '../simulation/slide.js';
import { train } from '../training/train.js';
import { copyCohort, editTable, shortConfig, tinyCohort } from './tiny-cohort.js';

const SEED = 3;

/** Size of a cohort of whose patients nothing but two programmes of the genes and the number of marker patches decides the time to death. */
export interface PlantedSize {
  readonly patients: number;
  readonly bag: number;
  readonly width: number;
  /** Keys of the config to train with. */
  readonly training: Readonly<Record<string, string>>;
  /** Test patients that are explained. */
  readonly explained: number;
  /** Most steps of a path. */
  readonly steps: number;
}

/** Survival months of a patient: 60·e^−η with η = 1.2·t₁ + 0.8·m₁ + 1.2·(markers at rim and core)/√2. */
function plantedMonths(patient: number): number {
  const { programmes, rim, core } = drawLatents(SEED, patient);
  return 60 * Math.exp(-(1.2 * programmes[0] + 0.8 * programmes[3] + (1.2 * (rim + core)) / Math.SQRT2));
}

/** Genes that load on t₁ or m₁. */
const SIGNAL = geneModel(SEED, 1)
  .filter(
    (gene) =>
      (gene.tumourWeight !== 0 && gene.tumourProgramme === 0) ||
      (gene.microenvironmentWeight !== 0 && gene.microenvironmentProgramme === 3),
  )
  .map(({ name }) => name);

/** Writes the cohort with planted outcomes; returns its config. */
export async function plantedCohort(folder: string, { patients, bag, width }: PlantedSize): Promise<string> {
  const yaml = await tinyCohort(folder, { patients, bag, width, seed: SEED });
  plant(
    folder,
    Uint32Array.from({ length: patients }, (_, i) => i),
  );
  return yaml;
}

/** A copy of it whose outcomes are dealt out at random among the patients. */
export function permutedCohort(cohort: string, folder: string, { patients }: PlantedSize, draw = 0): string {
  const yaml = copyCohort(cohort, folder);
  plant(folder, permutation(key(SEED, 'labels', draw), patients));
  return yaml;
}

/** Gives patient i the outcome of patient `of[i]`, all dead. */
function plant(cohort: string, of: Uint32Array): void {
  editTable(join(cohort, 'clinical.csv'), ([header, ...rows]) => {
    const [time, event] = ['survival_months', 'event'].map((name) => header.indexOf(name));
    return [
      header,
      ...rows.map((row, i) =>
        row.map((cell, c) => (c === time ? plantedMonths(of[i]).toFixed(4) : c === event ? '1' : cell)),
      ),
    ];
  });
}

export async function trainOn(yaml: string, run: string, { training }: PlantedSize): Promise<void> {
  await train({ config: await shortConfig(yaml, training), out: run });
}

/** What explanations of some test patients make of the planted truth. */
export interface Found {
  /** How high the genes of the signal rank, with the null of random genes. */
  readonly genes: SetEnrichment;
  /** Means over slides of the probability that a marker patch stands above another: by how far it moves the risk up, and by the attention it receives. */
  readonly moved: number;
  readonly attention: number;
}

/** Explains test patients by a run's model, or by the network that it was before training. */
export async function find(
  run: string,
  state: 'trained' | 'untrained',
  { bag, explained, steps }: PlantedSize,
): Promise<Found> {
  const selected = await readSelectedModel(run);
  const { model, split, config } = selected;
  const samples = cohortSamples((await loadCohort(config)).cohort, model);
  const backend = await openBackend({ threads: 1 });
  const parameters =
    state === 'trained'
      ? selected.parameters
      : initialise(choiceParameters(model.network, model.size), config.training.seed);
  const explainer = openExplainer(model, parameters, backend);
  const mean = await meanBag(await computeBackground(explainer, samples, split.train, ''), explainer);
  const rows = { tumour: [] as Float64Array[], microenvironment: [] as Float64Array[] };
  const patients = split.test.slice(0, explained);
  const [moved, attention]: [number[], number[]] = [[], []];
  for (const id of patients) {
    const genes = samples.genes(id);
    const slide = await readSlide(required(samples.patients, id).bags[0], model, samples);
    const point = { P: await explainer.project(slide.features), genes };
    const { of } = await geneAttributions(explainer, point, genes, { kind: 'risk' }, steps);
    for (const s of SUBSPACES) rows[s].push(of[s]);
    const tokens = await tokenAttributions(explainer, point, mean, { kind: 'risk' }, steps);
    const looked = await looks(explainer, point, slide);
    const number = Number(id.slice(4)) - 1;
    const appearances = drawSlide(slideKey(SEED, number), Math.sqrt(bag), drawLatents(SEED, number));
    const auc = (score: (branch: 'tumour' | 'microenvironment', i: number) => number) =>
      classAuc(
        Array.from(appearances, (_, i) => score('tumour', i) + score('microenvironment', i)),
        Array.from(appearances, (a) => (a === MARKER ? 1 : 0)),
        1,
      ).value ?? 0.5;
    moved.push(auc((branch, i) => ofBranch(tokens.moved, branch)[i]));
    attention.push(auc((branch, i) => ofBranch(looked, branch).attention[i]));
  }
  await explainer.dispose();
  await backend.close();
  const rankings = SUBSPACES.map((subspace) =>
    rankGenes(
      {
        subspace,
        genes: model.scaling[subspace].genes,
        attributions: rows[subspace],
        z: patients.map((id) => samples.genes(id)[subspace]),
      },
      1,
    ),
  );
  const average = (values: readonly number[]) => values.reduce((t, x) => t + x, 0) / values.length;
  return {
    genes: enrichment(rankings, new Map([['signal', SIGNAL]]), 1)[0],
    moved: average(moved),
    attention: average(attention),
  };
}
