import type { Config } from '../config/config.js';
import { WorkError } from '../files/errors.js';
import { ahead } from '../inference/ahead.js';
import { dropModality, type Sample } from '../inference/batch.js';
import type { CohortSamples } from '../inference/samples.js';
import { branchEntries, type Branch } from '../model/parts.js';
import { key, permutation, uniform } from '../random/counter.js';
import type { TrainingState } from '../runs/run-folder.js';
import type { EpochRecord } from '../runs/training-files.js';
import { adamStep, cosineRate } from './adam.js';
import { coordinate, subspaceConfidences, type SubspaceConfidence } from './coordination.js';
import type { BatchGradients, Gradients, Step } from './step.js';

/** What happens during training, for a progress display. */
export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  /** Loss of the last step. */
  readonly loss: number;
}

/** Training was stopped by its signal. */
export class Interrupted extends WorkError {
  override name = 'Interrupted';
}

/** Patients of one epoch's batches, in an order of the epoch's own. */
function epochBatches(patients: readonly string[], size: number, seed: number, epoch: number): string[][] {
  const order = Array.from(permutation(key(seed, 'epoch', epoch), patients.length), (i) => patients[i]);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** What an epoch needs of the options of a training. */
export interface EpochOptions {
  readonly config: Pick<Config, 'training'>;
  /** The run folder. */
  readonly out: string;
  readonly onStep?: (progress: Progress) => void;
  /** Stops after the running step. */
  readonly signal?: AbortSignal;
}

/** One pass over the training patients, in place on the state's parameters; one slide of each patient is drawn. */
export async function trainEpoch(
  options: EpochOptions,
  patients: readonly string[],
  samples: CohortSamples,
  step: Step<Gradients | BatchGradients>,
  state: TrainingState,
): Promise<Omit<EpochRecord, 'geneCodeRank' | 'validation' | 'seconds'>> {
  const { seed, batch: batchSize, epochs, weightDecay, coordination: form, modalityDropout } = options.config.training;
  const { epoch, parameters, adam } = state;
  const learningRate = cosineRate(options.config.training.learningRate, epoch, epochs);
  const batches = epochBatches(patients, batchSize, seed, epoch);
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
      for (const [branch, term] of branchEntries(result.consistency))
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
