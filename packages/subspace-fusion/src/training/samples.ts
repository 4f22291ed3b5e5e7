import { applyGeneScaling, fixBag, labelPatients, readBag, survivalBin, type BagFile, type Cohort, type Patient } from '../cohort/index.js';
import { UserError } from '../files/user-error.js';
import type { BagReader } from './bag-reader.js';
import type { BatchLabels, Sample } from './batch.js';
import type { Model } from './model.js';

/** A cohort as a model reads it: gene vectors ready, bags read when they are asked for. */
export interface CohortSamples {
  readonly patients: ReadonlyMap<string, Patient>;
  /** One slide of a patient as the network takes it. */
  sample(patient: string, slide: BagFile): Promise<Sample>;
  /** Gene vectors of a patient, `[genes]` each. */
  genes(patient: string): Sample['genes'];
  /** Labels of a batch of patients. */
  labels(patients: readonly string[]): BatchLabels;
}

/**
 * Applies a model's frozen scaling to a cohort. `read` reads a slide's features, by default on this thread.
 * @throws UserError where the cohort lacks genes of the model, or a bag has another width.
 */
export function cohortSamples(cohort: Cohort, model: Model, read: BagReader['read'] = (slide) => readFixedBag(slide, model)): CohortSamples {
  const ids = cohort.patients.map(({ id }) => id);
  const patients = new Map(cohort.patients.map((p) => [p.id, p]));
  const row = new Map(ids.map((id, i) => [id, i]));
  const tumour = applyGeneScaling(model.scaling.tumour, cohort.expression, ids);
  const microenvironment = applyGeneScaling(model.scaling.microenvironment, cohort.expression, ids);
  const rowOf = (values: Float32Array, width: number, id: string) => {
    const at = row.get(id)! * width;
    return values.subarray(at, at + width);
  };
  const genes = (id: string) => ({
    tumour: rowOf(tumour, model.size.genes.tumour, id),
    microenvironment: rowOf(microenvironment, model.size.genes.microenvironment, id),
  });
  return {
    patients,
    genes,
    async sample(id, slide) {
      return { bag: await read(slide), genes: genes(id) };
    },
    labels: (batch) => labelsOf(batch.map((id) => patients.get(id)!), model),
  };
}

/** A slide's features as `[tokens · width]`. */
export async function readFixedBag(slide: BagFile, { size, tokens }: Pick<Model, 'size' | 'tokens'>): Promise<Float32Array> {
  const bag = await readBag(slide, tokens);
  if (bag.width !== size.patchWidth) {
    throw new UserError(`${slide.path}: features are ${bag.width} wide, the model's are ${size.patchWidth}. Extract them with the model's encoder.`);
  }
  return fixBag(bag, tokens).features;
}

function labelsOf(patients: readonly Patient[], { outcome, task, labels: rule }: Model): BatchLabels {
  if (outcome.kind === 'survival') {
    const labels = patients.map(({ survival }) => ({
      bin: survivalBin(survival!.time, outcome.cuts),
      censored: !survival!.event,
      time: survival!.time,
    }));
    return { kind: 'survival', labels };
  }
  const { byPatient } = labelPatients(patients, task as Exclude<typeof task, 'survival'>, rule);
  return { kind: 'classes', labels: patients.map(({ id }) => outcome.classes.indexOf(byPatient.get(id)!)), weights: outcome.weights };
}
