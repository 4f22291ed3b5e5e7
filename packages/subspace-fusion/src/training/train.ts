import type { Config } from '../config/config.js';
import { holdingFolder } from '../files/lock.js';
import { openBackend, requireCores, type Backend } from '../inference/backend.js';
import { openBagReader } from '../inference/bag-reader.js';
import { keepingBags } from '../inference/kept-bags.js';
import { createPredictor, predictPatients, type Predictor } from '../inference/predictor.js';
import { cohortSamples } from '../inference/samples.js';
import { choiceParameters } from '../model/choice.js';
import { initialise } from '../model/layers.js';
import { rulesOf } from '../model/outcomes.js';
import type { Model } from '../runs/model.js';
import {
  appendEpoch,
  readState,
  truncateEpochs,
  writeCheckpoint,
  writeState,
  type TrainingState,
} from '../runs/run-folder.js';
import { isBetterEpoch, selectionValue, type EpochRecord } from '../runs/training-files.js';
import { adamState } from './adam.js';
import { trainEpoch } from './epoch.js';
import { geneCodeRanks, prepare, type Prepared, type TrainOptions } from './prepare.js';
import { createPeerStep, createStep, type BatchGradients, type Gradients, type Step } from './step.js';

export { Interrupted, type Progress } from './epoch.js';
export type { Prepared, TrainOptions } from './prepare.js';

/** {@link trainHeld} while this process holds the lock of the run folder. @throws as it does; InputError naming who else writes there */
export function train(options: TrainOptions): Promise<Prepared> {
  return holdingFolder(options.out, (lost) => {
    const signal = options.signal ? AbortSignal.any([options.signal, lost]) : lost;
    return trainHeld({ ...options, signal });
  });
}

/**
 * Trains one model as the config says and writes the run folder (see `RUN_FILES`). Every random number is a function of the
 * config's seed and the step, so that a resumed run ends with the same bits as one that was never stopped. The caller holds the lock of
 * the folder.
 * @throws InputError for bad input, a folder that holds another run, or inputs changed since the run began
 * @throws Interrupted where the signal says so; WorkError with step, patients and likely cause where the loss is not finite
 */
export async function trainHeld(options: TrainOptions): Promise<Prepared> {
  const { config, out } = options;
  requireCores(config.training.threads);
  const prepared = await prepare(options);
  const { model } = prepared;
  const { epochs } = config.training;
  const backend = await openBackend({ provider: config.provider, threads: config.training.threads });
  const step = stepOf(config, model, backend);
  const reader = openBagReader(model);
  const reading = {
    ...prepared,
    samples: cohortSamples(prepared.cohort, model, { read: keepingBags((slide) => reader.read(slide)) }),
  };
  let state = (options.resume ? await readState(out, model) : undefined) ?? startState(model, config);
  const predictor = await createPredictor(model, state.parameters, backend);
  const ranks = await geneCodeRanks(
    model,
    await Promise.all(prepared.split.validation.map((id) => prepared.samples.sample(id, undefined))),
    backend,
  );
  try {
    await truncateEpochs(out, state.epoch);
    while (state.epoch < epochs) {
      const started = performance.now();
      const means = await trainEpoch(options, prepared.split.train, reading.samples, step, state);
      const validation = await validationMetric(predictor, reading);
      const geneCodeRank = await ranks.of(state.parameters);
      const record = { ...means, geneCodeRank, validation, seconds: (performance.now() - started) / 1000 };
      const value = selectionValue(record, config.training.select);
      const better = isBetterEpoch(value, state.best.value);
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
