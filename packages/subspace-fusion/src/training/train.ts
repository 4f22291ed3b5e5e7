import { join } from 'node:path';
import { hashInputs, loadCohort, makeSplit, strataOf, type Cohort, type Patient, type Split } from '../cohort/index.js';
import type { Config } from '../config/config.js';
import { InputError, WorkError, type Problem } from '../files/errors.js';
import { openBackend, type Backend } from '../inference/backend.js';
import { ahead } from '../inference/ahead.js';
import { openBagReader } from '../inference/bag-reader.js';
import { dropModality, type Sample } from '../inference/batch.js';
import { createPredictor, predictPatients, type Predictor } from '../inference/predictor.js';
import { cohortSamples, type CohortSamples } from '../inference/samples.js';
import { choiceParameters } from '../model/choice.js';
import { rulesOf } from '../model/outcomes.js';
import { initialise } from '../model/parameters.js';
import type { Branch } from '../model/parts.js';
import { key, permutation, uniform } from '../random/counter.js';
import { definingCovariateProblems, unseenProblems, type CovariateEncoding } from '../runs/covariates.js';
import { learnModel, withoutUnknownClasses } from '../runs/learn-model.js';
import type { Model } from '../runs/model.js';
import {
  appendEpoch,
  exists,
  readState,
  removeLeftovers,
  RUN_FILES,
  truncateEpochs,
  writeCheckpoint,
  writeJson,
  writeState,
  type EpochRecord,
  type TrainingState,
} from '../runs/run-folder.js';
import { slideFingerprint } from '../runs/slide-fingerprint.js';
import { VERSION } from '../version.js';
import { adamState, adamStep, cosineRate } from './adam.js';
import { subspaceConfidences, coordinate, type SubspaceConfidence } from './coordination.js';
import { geneCodeRanks } from './gene-codes.js';
import { createPeerStep } from './peer-step.js';
import { refuseChanges } from './refuse-changes.js';
import { createStep, type BatchGradients, type Gradients, type Step } from './step.js';

/** What happens during training, for a progress display. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Loss of the last step. */
  readonly loss: number;
}

export interface TrainOptions {
  readonly config: Config;
  /** The run folder. */
  readonly out: string;
  readonly resume?: boolean;
  readonly onWarning?: (problem: Problem) => void;
  readonly onStep?: (progress: Progress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Stops after the running step; what the last whole epoch left on disk can be resumed. */
  readonly signal?: AbortSignal;
}

/** Training was stopped by its signal. */
export class Interrupted extends WorkError {
  override name = 'Interrupted';
}

/** A cohort divided and prepared for a model. */
export interface Prepared {
  readonly cohort: Cohort;
  readonly split: Split;
  readonly model: Model;
  readonly samples: CohortSamples;
}

/**
 * Trains one model as the config says and writes the run folder (see `RUN_FILES`). Every random number is a function of the
 * config's seed and the step, so that a resumed run ends with the same bits as one that was never stopped.
 * @throws InputError for bad input, a folder that holds another run, or inputs changed since the run began
 * @throws Interrupted where the signal says so; WorkError with step, patients and likely cause where the loss is not finite
 */
export async function train(options: TrainOptions): Promise<Prepared> {
  const { config, out } = options;
  const prepared = await prepare(options);
  const { model } = prepared;
  const { epochs } = config.training;
  const backend = await openBackend({ provider: config.provider, threads: config.training.threads });
  const step = stepOf(config, model, backend);
  const reader = openBagReader(model);
  const reading = { ...prepared, samples: cohortSamples(prepared.cohort, model, { read: (slide) => reader.read(slide) }) };
  let state = (options.resume ? await readState(out, model) : undefined) ?? startState(model, config);
  const predictor = await createPredictor(model, state.parameters, backend);
  const ranks = await geneCodeRanks(
    model,
    await Promise.all(prepared.split.validation.map((id) => prepared.samples.sample(id, undefined))),
    backend,
  );
  try {
    await removeLeftovers(out);
    await truncateEpochs(out, state.epoch);
    while (state.epoch < epochs) {
      const started = performance.now();
      const means = await trainEpoch(options, reading, step, state);
      const validation = await validationMetric(predictor, reading);
      const geneCodeRank = await ranks.of(state.parameters);
      const record = { ...means, geneCodeRank, validation, seconds: (performance.now() - started) / 1000 };
      const value = validation.value;
      // Earliest epoch wins a tie. Where no epoch can be scored, the last one is taken.
      const better = value === null ? state.best.value === null : state.best.value === null || value > state.best.value;
      if (better) await writeCheckpoint(out, model, state.parameters, record.epoch);
      state = { ...state, epoch: state.epoch + 1, best: better ? { epoch: record.epoch, value } : state.best };
      await appendEpoch(out, record);
      await writeState(out, model, state);
      options.onEpoch?.(record);
    }
  } finally {
    await reader.close();
    await ranks.dispose();
    await predictor.dispose();
    await step.dispose();
    await backend.close();
  }
  return prepared;
}

/** Loads the cohort, divides it and learns the model's preprocessing; writes them, or checks them against what is there. */
async function prepare({ config, out, resume = false, onWarning }: TrainOptions): Promise<Prepared> {
  const begun = await exists(join(out, RUN_FILES.model));
  if (begun && !resume)
    throw new InputError(`${out}: holds a run already. Add --resume to go on with it, or choose another --out.`);
  const { cohort, problems } = await loadCohort(config);
  problems.forEach((p) => onWarning?.(p));
  const warnings: Problem[] = [];
  const divided = await makeSplit(cohort.patients, strataOf(cohort.patients, config), config.split, warnings);
  const inputs = { ...(await hashInputs(config)), features: await slideFingerprint(cohort.patients) };
  const model = learnModel(cohort, divided, config, inputs, VERSION, warnings);
  const { split, leftOut } = withoutUnknownClasses(divided, cohort, model);
  if (leftOut.length > 0) warnings.push(unknownClasses(config, leftOut));
  if (model.covariates) warnings.push(...aboutCovariates(config, model.covariates, cohort.patients));
  requirePatients(config, split);
  warnings.forEach((p) => onWarning?.(p));
  if (begun) {
    await refuseChanges(out, config, split, model);
  } else {
    await writeJson(join(out, RUN_FILES.config), config);
    await writeJson(join(out, RUN_FILES.split), { format: 1, ...split });
    await writeJson(join(out, RUN_FILES.model), model); // last: from here on the folder holds a run
  }
  return { cohort, split, model, samples: cohortSamples(cohort, model) };
}

function aboutCovariates(config: Config, covariates: CovariateEncoding, patients: readonly Patient[]): Problem[] {
  return [
    ...definingCovariateProblems(config, covariates),
    ...unseenProblems(covariates, patients, config.clinical.file),
  ];
}

function requirePatients({ clinical }: Config, { validation, test }: Split): void {
  for (const [part, patients] of Object.entries({ validation, test })) {
    if (patients.length === 0) {
      throw new InputError(
        `${clinical.file}: no ${part} patient is of a class that a training patient has. Use another split, or merge rare classes.`,
      );
    }
  }
}

function unknownClasses({ clinical }: Config, patients: readonly string[]): Problem {
  const message = `${patients.length} validation or test patients are of a class that no training patient has (${patients.slice(0, 3).join(', ')}${patients.length > 3 ? ', …' : ''})`;
  return { severity: 'warning', file: clinical.file, message, remedy: 'They are left out' };
}

/** The training step of the model's network. */
function stepOf(
  { training, model: { dropout } }: Config,
  { size, tokens, outcome, network }: Model,
  backend: Backend,
): Step<Gradients | BatchGradients> {
  const options = { size, tokens, task: outcome.kind, dropout, microBatch: training.microBatch, backend };
  if (network.name !== 'subspace') return createPeerStep({ ...options, peer: network.name });
  return createStep({ ...options, parts: network.parts, consistency: training.consistency });
}

function startState(model: Model, config: Config): TrainingState {
  const parameters = initialise(choiceParameters(model.network, model.size), config.training.seed);
  return { epoch: 0, parameters, adam: adamState(parameters), best: { epoch: 0, value: null } };
}

/** Patients of one epoch's batches, in an order of the epoch's own. */
function epochBatches(patients: readonly string[], size: number, seed: number, epoch: number): string[][] {
  const order = Array.from(permutation(key(seed, 'epoch', epoch), patients.length), (i) => patients[i]);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** One pass over the training patients, in place on the state's parameters; one slide of each patient is drawn. */
async function trainEpoch(
  options: TrainOptions,
  { split, samples }: Prepared,
  step: Step<Gradients | BatchGradients>,
  state: TrainingState,
): Promise<Omit<EpochRecord, 'geneCodeRank' | 'validation' | 'seconds'>> {
  const { seed, batch: batchSize, epochs, weightDecay, coordination: form, modalityDropout } = options.config.training;
  const { epoch, parameters, adam } = state;
  const learningRate = cosineRate(options.config.training.learningRate, epoch, epochs);
  const batches = epochBatches(split.train, batchSize, seed, epoch);
  const n = batches.length;
  const sums = { loss: 0, taskLoss: 0 };
  const consistency: Partial<Record<Branch, number>> = {};
  const yields = { tumour: 0, microenvironment: 0 };
  let coordinated = false;
  const load = async (patients: string[]) => ({
    patients,
    batch: await Promise.all(patients.map((id) => samples.sample(id, drawSlide(samples, id, seed, epoch)))),
  });
  let i = 0;
  for await (const { patients, batch: whole } of ahead(batches, load)) {
    if (options.signal?.aborted)
      throw new Interrupted(
        `${options.out}: stopped in epoch ${epoch + 1} of ${epochs}; \`--resume\` goes on from its start`,
      );
    const labels = samples.labels(patients);
    const draw = { seed, step: adam.step };
    const batch = whole.map((sample, b) => dropModality(sample, modalityDropout, draw, b));
    const result = await step.gradients(parameters, batch, labels, draw);
    const loss = result.task + result.auxiliary;
    if (!Number.isFinite(loss)) throw notFinite(epoch, i, patients, batch, learningRate);
    if (form !== 'none' && 'z' in result && result.z.tumour) {
      const confidence = form === 'random' ? randomConfidence(draw) : subspaceConfidences(result.z, parameters, labels);
      const { yielded } = coordinate(
        result.gradients['head.weight'],
        confidence,
        form === 'reference' ? 'reference' : 'corrected',
      );
      if (yielded) yields[yielded]++;
      coordinated = true;
    }
    adamStep(parameters, result.gradients, adam, { learningRate, weightDecay });
    sums.loss += loss / n;
    sums.taskLoss += result.task / n;
    if ('consistency' in result) {
      for (const [branch, term] of Object.entries(result.consistency) as [Branch, number][])
        consistency[branch] = (consistency[branch] ?? 0) + term / n;
    }
    i++;
    options.onStep?.({ epoch, epochs, step: i, steps: n, loss });
  }
  return {
    epoch: epoch + 1,
    learningRate,
    ...sums,
    consistency,
    ...(coordinated
      ? { coordination: { steps: n, tumourYielded: yields.tumour, microenvironmentYielded: yields.microenvironment } }
      : {}),
  };
}

/** Confidences that mean nothing, for the control: who gives way is drawn. */
function randomConfidence({ seed, step }: { seed: number; step: number }): SubspaceConfidence {
  return { tumour: uniform(key(seed, 'coordination', step), 0), microenvironment: 0.5 };
}

function drawSlide(samples: CohortSamples, id: string, seed: number, epoch: number) {
  const slides = samples.slides(id);
  return slides[Math.floor(uniform(key(seed, 'slide', epoch, id), 0) * slides.length)];
}

/** Features beyond this are of no encoder that we know. */
const LARGE_FEATURE = 1e6;

/** Says where training broke and why it probably did. */
function notFinite(
  epoch: number,
  step: number,
  patients: readonly string[],
  batch: readonly Sample[],
  learningRate: number,
): WorkError {
  const large = patients.filter((_, i) => batch[i].bag?.some((x) => Math.abs(x) > LARGE_FEATURE));
  const cause =
    large.length > 0
      ? `the features of ${large.join(', ')} are larger than ${LARGE_FEATURE}; extract them again`
      : `the parameters grew out of range; try a learning rate below ${learningRate.toPrecision(2)}`;
  const where = `epoch ${epoch + 1}, step ${step + 1}, patients ${patients.join(', ')}`;
  return new WorkError(
    `The loss is not a finite number (${where}). Likely cause: ${cause}. The checkpoint of the best epoch before, if there was one, is intact.`,
  );
}

async function validationMetric(
  predictor: Predictor,
  { model, samples, split }: Prepared,
): Promise<EpochRecord['validation']> {
  const predictions = await predictPatients(predictor, samples, split.validation, model.outcome.kind === 'survival');
  const rules = rulesOf(samples.labels(split.validation));
  const outputs = predictions.flatMap((p) => p.outputs);
  const { name, value } = rules.mainMetric(outputs);
  return { metric: name, value, loss: rules.lossOf(outputs) };
}
