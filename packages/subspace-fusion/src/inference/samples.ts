import { fixBag } from '../cohort/bags/bag.js';
import { readBag } from '../cohort/bags/features.js';
import { labelPatients } from '../cohort/clinical/labels.js';
import type { BagFile, Cohort, Patient, Subspace } from '../cohort/types.js';
import { InputError, required } from '../files/errors.js';
import { fileSource } from '../files/file-source.js';
import type { Source } from '../files/source.js';
import { reads } from '../model/choice.js';
import type { Modality } from '../model/peers/index.js';
import { fileWidth, networkFeatures } from '../runs/components.js';
import { encodeCovariates } from '../runs/covariates.js';
import { seenPart, survivalBin } from '../cohort/clinical/survival-bins.js';
import type { Model } from '../runs/model.js';
import { scaleSubspaces } from '../runs/scaling.js';
import type { BagReader, BagShape } from './bag-reader.js';
import type { BatchLabels, GeneVectors, Sample } from './batch.js';

/** A cohort as a model reads it: gene vectors ready, bags read when they are asked for. */
export interface CohortSamples {
  readonly patients: ReadonlyMap<string, Patient>;
  /** Slides of a patient that a prediction is made from; one `undefined` where there is none, or the network reads none. */
  slides(patient: string): readonly (BagFile | undefined)[];
  /** One slide of a patient as the network takes it. */
  sample(patient: string, slide: BagFile | undefined): Promise<Sample>;
  /** The feature file of a slide; who opens it closes it. */
  open(slide: BagFile): Promise<Source>;
  /** Gene vectors of a patient, `[genes]` each. @throws RangeError for a patient without expression. */
  genes(patient: string): GeneVectors;
  /** Labels of a batch of patients. */
  labels(patients: readonly string[]): BatchLabels;
}

export interface SamplesOptions {
  /** Reads a slide's features; by default on this thread. */
  readonly read?: BagReader['read'];
  /** A modality to do without, as if nobody had measured it. */
  readonly without?: Modality | undefined;
}

/**
 * Applies a model's frozen scaling to a cohort, its incomplete patients among the others.
 * @throws InputError where the cohort lacks genes of the model, or a bag has another width.
 */
export function cohortSamples(cohort: Cohort, model: Model, options: SamplesOptions = {}): CohortSamples {
  const { read = (slide: BagFile) => readFixedBag(slide, model), without } = options;
  const everyone = [...cohort.patients, ...cohort.incomplete];
  const patients = new Map<string, Patient>(everyone.map((p) => [p.id, p]));
  const measured = new Set(cohort.expression.patients);
  const ids = everyone.map(({ id }) => id).filter((id) => measured.has(id));
  const scaled = scaleSubspaces(model.scaling, cohort, ids);
  const row = new Map(ids.map((id, i) => [id, i]));
  const genes = (id: string): GeneVectors => {
    const i = row.get(id);
    if (i === undefined) throw new RangeError(`${id} has no expression`);
    const of = (s: Subspace) => scaled[s].subarray(i * model.size.genes[s], (i + 1) * model.size.genes[s]);
    return { tumour: of('tumour'), microenvironment: of('microenvironment') };
  };
  const readsBag = reads(model.network).bag && without !== 'bag';
  const covariates = (id: string) => model.covariates && encodeCovariates(model.covariates, [required(patients, id)]);
  return {
    patients,
    genes,
    open: ({ path }) => fileSource(path),
    slides(id) {
      const { bags } = required(patients, id);
      return readsBag && bags.length > 0 ? bags : [undefined];
    },
    async sample(id, slide) {
      return {
        bag: slide && (await read(slide)),
        genes: without === 'genes' || !row.has(id) ? undefined : genes(id),
        covariates: covariates(id),
      };
    },
    labels: (batch) =>
      labelsOf(
        batch.map((id) => required(patients, id)),
        model,
      ),
  };
}

/** A slide's features as the network takes them, `[tokens · width]`. */
export async function readFixedBag(slide: BagFile, shape: BagShape): Promise<Float32Array> {
  const { tokens, layout } = shape;
  const bag = await readBag(slide, tokens);
  if (bag.width !== fileWidth(shape)) {
    throw new InputError(
      `${slide.path}: features are ${bag.width} wide, the model's are ${fileWidth(shape)}. Extract them with the model's encoder.`,
    );
  }
  return networkFeatures(fixBag(bag, tokens, layout).features, shape);
}

function labelsOf(patients: readonly Patient[], { outcome, task, labels: rule }: Model): BatchLabels {
  if (outcome.kind === 'survival') {
    const { cuts, end } = outcome;
    const labels = patients.map(({ survival }) => {
      if (!survival) throw new Error('a patient of a survival model has no follow-up');
      const { time, event } = survival;
      return {
        time,
        bin: survivalBin(time, cuts),
        censored: !event,
        ...(end === undefined ? {} : { seen: seenPart(time, { cuts, end }) }),
      };
    });
    return { kind: 'survival', labels };
  }
  const { byPatient } = labelPatients(patients, task as Exclude<typeof task, 'survival'>, rule);
  return {
    kind: 'classes',
    labels: patients.map(({ id }) => outcome.classes.indexOf(required(byPatient, id))),
    weights: outcome.weights,
  };
}
