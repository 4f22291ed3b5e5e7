import type { Paths } from '../cohort/expression/expression-files.js';
import type { Subspace } from '../cohort/types.js';
import { InputError } from '../files/errors.js';
import type { Store } from '../files/source.js';
import type { Backend } from '../inference/backend.js';
import type { GeneVectors } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { hasStandIns } from '../model/choice.js';
import { branchEntries, mapBranches, type PerBranch } from '../model/parts.js';
import type { Background, PatientExplanation } from '../runs/explanations.js';
import type { Model } from '../runs/model.js';
import { openRun, type Run } from '../runs/open-run.js';
import { lacksModality } from '../words/prediction.js';
import { looksFrom, onPatches, openAttention, received, type AttentionProgram } from './attention.js';
import { computeBackground } from './background.js';
import { looks } from './explain-sample.js';
import { explain } from './explain.js';
import type { Explainer, Point } from './explainer.js';
import { readCohortPatient, readPatient, type PatientInput, type ReadPatient } from './input.js';
import { knownRun } from './known-run.js';
import { openNetwork, type SeenSlide } from './network.js';
import { describePrediction, type Prediction } from './prediction.js';
import { confidenceRows, predictionRows } from './rows.js';

export interface OpenModelOptions {
  /** Where the network runs. It stays the caller's to close. */
  readonly backend: Backend;
  /** The run's own cohort, where it can be read: its patients by id, and the means that explanations compare with. */
  readonly cohort?: (() => Promise<CohortSamples>) | undefined;
  /** Opens files by their paths, where there are paths; a page gives the files themselves. */
  readonly paths?: Paths | undefined;
  /** Keeps those means, which are computed once. */
  readonly keep?: ((background: Background) => Promise<Background>) | undefined;
}

export interface WorkOptions {
  /** Stops the work between two runs of the network; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExplainOptions extends WorkOptions {
  /** While the training means are computed, which happens once per run. */
  readonly onBackground?: ((done: number, of: number) => void) | undefined;
}

/** What of a patient is changed. */
export interface Change {
  /** Other z-scores, by subspace and gene. */
  readonly genes?: Readonly<Partial<Record<Subspace, Readonly<Record<string, number>>>>>;
  /** A modality to leave out. */
  readonly without?: 'slides' | 'expression' | undefined;
}

/** Attention on the patches of a slide, by branch: `[patches in the bag]`, sums to 1 or less. */
export type PatchAttention = Readonly<Record<string, readonly number[]>>;

/** A trained model that is open for prediction. Calls are answered one after the other. */
export interface OpenModel {
  readonly model: Model;
  /**
   * Predicts one patient, from slides, expression or both, as far as the model can do without.
   * @throws InputError for input that cannot be read or does not fit the model, and a modality that it cannot do without
   */
  predict(input: PatientInput, options?: WorkOptions): Promise<Prediction>;
  /** Predicts the patient of an earlier prediction with other genes, or without a modality. */
  predictChanged(prediction: Prediction, change: Change, options?: WorkOptions): Promise<Prediction>;
  /** The patient of a prediction as the network read it: slides with their layout, z-scores of the genes. */
  patientOf(prediction: Prediction): ReadPatient;
  /** Why a prediction is what it is. @throws InputError where the model is a peer: only the method's own network has subspaces. */
  explain(prediction: Prediction, options?: ExplainOptions): Promise<PatientExplanation>;
  /** Attention that the patches of a slide (counted from 0) receive; empty for peers. */
  attention(prediction: Prediction, slide: number, options?: WorkOptions): Promise<PatchAttention>;
  /** Where one patch (its place in the bag) looks; undefined for plain attention, in which every patch may look at every other. */
  attentionFrom(
    prediction: Prediction,
    slide: number,
    patch: number,
    options?: WorkOptions,
  ): Promise<PatchAttention | undefined>;
  close(): Promise<void>;
}

/** A patient whose slides the network has seen. */
interface Seen {
  readonly patient: ReadPatient;
  readonly slides: readonly SeenSlide[];
}

/**
 * Opens the model of a run, wherever its files are. In Node, `openModel` of the package also takes the path of a run folder.
 * @throws InputError for a run that is not whole, or files that do not belong together
 */
export async function openModel(
  from: Store | Run,
  { backend, cohort, paths, keep }: OpenModelOptions,
): Promise<OpenModel> {
  const run = 'checkpoint' in from ? from : await openRun(from);
  const known = { ...(await knownRun(run)), paths };
  const { model, parameters } = known;
  const network = await openNetwork(model, parameters, backend);
  /** The inputs behind each prediction that is still in use. */
  const seen = new WeakMap<Prediction, Seen>();
  let attentionProgram: Promise<AttentionProgram | undefined> | undefined;
  const inTurn = queue();

  const behind = (prediction: Prediction): Seen => {
    const found = seen.get(prediction);
    if (!found) throw new Error('this prediction was not made by this model');
    return found;
  };

  async function predictSeen(given: Seen, signal: AbortSignal | undefined): Promise<Prediction> {
    const { patient, slides } = given;
    const outputs: Float64Array[] = [];
    for (const slide of slides.length > 0 ? slides : [undefined]) {
      signal?.throwIfAborted();
      outputs.push(await network.run(slide, patient));
    }
    const prediction = describePrediction(model, patient, outputs, known);
    seen.set(prediction, given);
    return prediction;
  }

  const pointOf = ({ patient: { genes, covariates }, slides }: Seen, slide: number): Point => {
    const found = slides.at(slide);
    return { P: found && 'P' in found ? found.P : undefined, genes, covariates };
  };
  const requireExplainer = (): Explainer => {
    if (network.explainer) return network.explainer;
    throw new InputError(
      `The model is '${model.network.name}'. Only models of the method itself (model.name: subspace) are explained.`,
    );
  };
  /** Undefined where the cohort cannot be read: then an explanation is made in part. */
  async function computed(
    explainer: Explainer,
    onBackground: ExplainOptions['onBackground'],
  ): Promise<Background | undefined> {
    const samples = await cohort?.().catch(unlessBadInput);
    if (!samples) return undefined;
    const { train } = await run.split();
    const background = await computeBackground(explainer, samples, train, await run.checkpointHash(), onBackground);
    await keep?.(background);
    return background;
  }
  const queryAttention = async (given: Seen, slide: number) =>
    (await (attentionProgram ??= openAttention(model, parameters, backend)))?.run(pointOf(given, slide));

  return {
    model,
    predict: (input, { signal } = {}) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const patient =
          cohort && input.patient !== undefined && isOnlyId(input)
            ? await readCohortPatient(input.patient, await cohort(), known)
            : await readPatient(input, known);
        const slides: SeenSlide[] = [];
        for (const { features } of patient.slides) {
          signal?.throwIfAborted();
          slides.push(await network.see(features));
        }
        return predictSeen({ patient, slides }, signal);
      }),

    predictChanged: (prediction, change, { signal } = {}) =>
      inTurn(() => predictSeen(changed(behind(prediction), change, model), signal)),

    patientOf: (prediction) => behind(prediction).patient,

    explain: (prediction, { signal, onBackground } = {}) =>
      inTurn(async () => {
        const explainer = abortable(requireExplainer(), signal);
        const given = behind(prediction);
        const background = (await run.background()) ?? (await computed(explainer, onBackground));
        const { patient } = given;
        const opened = (patient.slides.length > 0 ? patient.slides : [undefined]).map((bag, i) => ({
          bag,
          point: pointOf(given, i),
        }));
        return {
          ...(await explain(explainer, parameters, patient, opened, background)),
          prediction: [...predictionRows(prediction), ...confidenceRows(prediction)],
        };
      }),

    attention: (prediction, slide, { signal } = {}) =>
      inTurn(async () => {
        if (!network.explainer) return {};
        const explainer = abortable(network.explainer, signal);
        const given = behind(prediction);
        const all = await queryAttention(given, slide);
        const looking = all
          ? { ...explainer, look: () => Promise.resolve(mapBranches(all, (of) => received(of, model.tokens))) }
          : explainer;
        const found = await looks(looking, pointOf(given, slide), slideOf(given, slide));
        return byName(found, ({ attention }) => attention);
      }),

    attentionFrom: (prediction, slide, patch, { signal } = {}) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const given = behind(prediction);
        const { patchOf, rows } = slideOf(given, slide);
        const all = network.explainer && (await queryAttention(given, slide));
        return (
          all &&
          byName(all, (of) =>
            Array.from(onPatches(looksFrom(of, patchOf.indexOf(patch), model.tokens), patchOf, rows.length)),
          )
        );
      }),

    close: () =>
      inTurn(async () => {
        await network.dispose();
        await (await attentionProgram)?.dispose();
      }),
  };
}

function unlessBadInput(error: unknown): undefined {
  if (error instanceof InputError) return undefined;
  throw error;
}

/** Runs pieces of work one after the other: the network's buffers are shared by all calls. */
function queue(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
}

/** Whether nothing but the id of a patient of the run's cohort is given. */
const isOnlyId = ({ bag, genes, expression }: PatientInput): boolean =>
  (bag === undefined || (Array.isArray(bag) && bag.length === 0)) && genes === undefined && expression === undefined;

/** The same explainer, which stops before its next run of the network. */
function abortable(explainer: Explainer, signal: AbortSignal | undefined): Explainer {
  if (!signal) return explainer;
  const checked =
    <A extends readonly unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A) => {
      signal.throwIfAborted();
      return work(...args);
    };
  return {
    ...explainer,
    project: checked(explainer.project.bind(explainer)),
    forward: checked(explainer.forward.bind(explainer)),
    look: checked(explainer.look.bind(explainer)),
    slope: checked(explainer.slope.bind(explainer)),
  };
}

/** @throws InputError for a modality that the model cannot do without, and a gene that it does not read */
function changed({ patient, slides }: Seen, { genes: moved = {}, without }: Change, model: Model): Seen {
  if (without !== undefined && !hasStandIns(model.network))
    throw new InputError(
      'This model was trained on complete patients, so no modality can be left out. ' +
        'One trained with training.modalityDropout can do without.',
    );
  const genes = patient.genes && without !== 'expression' ? withGenes(patient.genes, moved, model) : undefined;
  const lacking = [
    ...patient.lacking,
    ...(without !== undefined && !patient.lacking.includes(without) ? [without] : []),
  ];
  const added = lacking.slice(patient.lacking.length).map(lacksModality);
  return {
    patient: {
      ...patient,
      slides: without === 'slides' ? [] : patient.slides,
      given: without === 'slides' ? 0 : patient.given,
      genes,
      lacking,
      warnings: [...patient.warnings, ...added],
    },
    slides: without === 'slides' ? [] : slides,
  };
}

function withGenes(own: GeneVectors, moved: NonNullable<Change['genes']>, { scaling }: Model): GeneVectors {
  const of = (subspace: Subspace) => {
    const genes = new Map(Object.entries(moved[subspace] ?? {}));
    for (const gene of genes.keys())
      if (!scaling[subspace].genes.includes(gene))
        throw new InputError(`The model reads no ${subspace} gene '${gene}'. Its genes are listed in model.json.`);
    return own[subspace].map((z, g) => genes.get(scaling[subspace].genes[g]) ?? z);
  };
  return { tumour: of('tumour'), microenvironment: of('microenvironment') };
}

function slideOf({ patient }: Seen, slide: number): ReadPatient['slides'][number] {
  const found = patient.slides.at(slide);
  if (!found)
    throw new RangeError(`the patient has ${patient.slides.length} slides; there is no slide ${slide} (from 0)`);
  return found;
}

/** What there is of each branch, under its name. */
function byName<T, R>(of: PerBranch<T>, make: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(branchEntries(of).map(([branch, value]) => [branch, make(value)]));
}
