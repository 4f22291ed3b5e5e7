import { z } from 'zod';
import type { Split } from '../cohort/types.js';
import type { Config } from '../config/config.js';
import { InputError } from '../files/errors.js';
import { isJson, parseJson, readJson, type Stored } from '../files/json.js';
import { sha256 } from '../files/sha256.js';
import { readAll, readText, type Source, type Store } from '../files/source.js';
import {
  checkOwner,
  decodeCheckpoint,
  requireBackground,
  requireConfidence,
  requireEvaluated,
  requireOutputs,
  type Checkpoint,
} from './checkpoint.js';
import { confidenceFile, type Confidence } from './confidence.js';
import {
  backgroundFile,
  cohortExplanationFile,
  patientExplanationFile,
  type Background,
  type CohortExplanation,
  type PatientExplanation,
} from './explanations.js';
import { fingerprintsFile, type Fingerprints } from './fingerprints.js';
import { modelFile, type Model } from './model.js';
import {
  predictionsFile,
  resultFile,
  validationPredictionsFile,
  type EvaluatedPatient,
  type Prediction,
  type Result,
} from './result.js';
import { configFile, epochLine, splitFile, type EpochRecord } from './training-files.js';

/**
 * A run folder:
 * - `config.json`: the resolved config; `split.json`: who was in which part; `fingerprints.json`: by what they are known again
 * - `model.json` and `checkpoint.safetensors`: the selected model
 * - `metrics.jsonl`: one line per epoch
 * - `state.safetensors`: where training stands, for `--resume`
 * - `result.json`, `predictions.json`, `validation-predictions.json`, `confidence.json`: written by evaluation
 * - `explanations/`: written by `subspace explain`
 */
export const RUN_FILES = {
  config: 'config.json',
  split: 'split.json',
  fingerprints: 'fingerprints.json',
  model: 'model.json',
  checkpoint: 'checkpoint.safetensors',
  metrics: 'metrics.jsonl',
  state: 'state.safetensors',
  result: 'result.json',
  predictions: 'predictions.json',
  validationPredictions: 'validation-predictions.json',
  confidence: 'confidence.json',
  background: 'explanations/background.json',
} as const;

/**
 * A run, wherever its files are. Each is read when it is asked for and checked by its schema; an {@link InputError} of one sentence
 * names the file that is missing, not whole, of another format or of another run.
 */
export interface Run {
  /** The folder, or what else its files are called together; for messages. */
  readonly name: string;
  readonly store: Store;
  readonly model: Model;
  /** Throws where there is none. */
  config(): Promise<Config>;
  /** Throws where there is none. */
  split(): Promise<Split>;
  /** Undefined where none were kept, as of imported models. */
  fingerprints(): Promise<Fingerprints | undefined>;
  /** The selected parameters. Throws where there are none. */
  checkpoint(): Promise<Checkpoint>;
  /** SHA-256 of the file of the checkpoint. */
  checkpointHash(): Promise<string>;
  /** Epochs so far; a last line that a kill cut short is left out. */
  epochs(): Promise<readonly EpochRecord[]>;
  /** Undefined where the run was not evaluated. */
  result(): Promise<Result | undefined>;
  /** Of the test patients. Undefined where the run was not evaluated. */
  predictions(): Promise<readonly EvaluatedPatient[] | undefined>;
  validationPredictions(): Promise<readonly Prediction[] | undefined>;
  /** Undefined where there is none, as of imported models, or it was learned for another checkpoint. */
  confidence(): Promise<Confidence | undefined>;
  /** What explanations compare a patient with; undefined where nothing was explained, or it is of another checkpoint. */
  background(): Promise<Background | undefined>;
  /** The explanation of one patient, by the name of its file (see `explanationFile`). */
  explanation(file: string): Promise<PatientExplanation | undefined>;
  /** The explanation over a part of the cohort. */
  cohortExplanation(part: keyof Split): Promise<CohortExplanation | undefined>;
}

/**
 * Opens a run: reads `model.json` and whose the checkpoint is, and the rest when it is asked for. In Node, `openRunFolder` does it
 * with a path.
 * @throws {InputError} where there is no model, it is not whole or of another format, or the checkpoint is another model's: the message
 * says what differs.
 */
export async function openRun(store: Store): Promise<Run> {
  const required = async <T>(file: string, read: (source: Source) => Promise<T>, absent?: string): Promise<T> => {
    const value = await reading(store, file, read);
    if (value !== undefined) return value;
    throw new InputError(`${pathIn(store, file)}: ${absent ?? `not found. ${notARun(store)}`}`);
  };
  const model = await required(RUN_FILES.model, (source) => readJson(source, modelFile));
  /** Reads by a schema, and checks what the model says of it. */
  const parsed =
    <S extends z.ZodType>(schema: S, check?: (value: z.output<S>, model: Model, file: string) => void) =>
    async (source: Source): Promise<z.output<S>> => {
      const value = await readJson(source, schema);
      check?.(value, model, source.name);
      return value;
    };
  await reading(store, RUN_FILES.checkpoint, (source) => checkOwner(source, model));
  let hash: Promise<string> | undefined;
  const checkpointHash = () =>
    (hash ??= required(RUN_FILES.checkpoint, async (source) => sha256(await readAll(source)), NO_EPOCH));
  /** Reads what was made for one checkpoint; undefined where that is not this one. */
  const current = async <S extends z.ZodType<{ checkpoint: string }>>(
    file: string,
    schema: S,
    check: (value: z.output<S>, model: Model, file: string) => void,
  ): Promise<z.output<S> | undefined> => {
    const found = await reading(store, file, (source) => readJson(source, schema));
    if (found?.checkpoint !== (found && (await checkpointHash()))) return undefined;
    if (found) check(found, model, pathIn(store, file));
    return found;
  };
  return {
    name: store.name,
    store,
    model,
    config: () => required(RUN_FILES.config, parsed(configFile)),
    split: () => required(RUN_FILES.split, parsed(splitFile)),
    fingerprints: () => reading(store, RUN_FILES.fingerprints, parsed(fingerprintsFile)),
    checkpoint: () =>
      required(
        RUN_FILES.checkpoint,
        async (source) => decodeCheckpoint(await readAll(source), model, source.name),
        NO_EPOCH,
      ),
    checkpointHash,
    epochs: async () => (await reading(store, RUN_FILES.metrics, readEpochs)) ?? [],
    result: () => reading(store, RUN_FILES.result, parsed(resultFile)),
    predictions: () => reading(store, RUN_FILES.predictions, parsed(predictionsFile, requireEvaluated)),
    validationPredictions: () =>
      reading(store, RUN_FILES.validationPredictions, parsed(validationPredictionsFile, requireOutputs)),
    confidence: () => current(RUN_FILES.confidence, confidenceFile, requireConfidence),
    background: () => current(RUN_FILES.background, backgroundFile, requireBackground),
    explanation: (file) => reading(store, `explanations/${file}`, parsed(patientExplanationFile)),
    cohortExplanation: (part) => reading(store, `explanations/cohort-${part}.json`, parsed(cohortExplanationFile)),
  };
}

const NO_EPOCH = 'not found; the run has not finished its first epoch';

const pathIn = ({ name }: Store, file: string) => (name === '' ? file : `${name}/${file}`);

const notARun = ({ name }: Store) => `Is ${name} the folder of a run that \`subspace train\` wrote?`;

/** Reads a file of a store; undefined where there is none. */
async function reading<T>(store: Store, file: string, read: (source: Source) => Promise<T>): Promise<T | undefined> {
  const source = await store.open(file);
  if (!source) return undefined;
  try {
    return await read(source);
  } finally {
    await source.close();
  }
}

/** The lines of `metrics.jsonl`. The last one may have been cut by a kill; `--resume` writes it again. */
async function readEpochs(source: Source): Promise<EpochRecord[]> {
  const lines = (await readText(source)).split('\n').filter((line) => line !== '');
  return lines.flatMap((line, i) => {
    const isCut = i === lines.length - 1 && !isJson(line);
    return isCut ? [] : [parseJson(line, epochLine, { file: source.name, row: i + 1 })];
  });
}

const offeredPatient = z.object({
  patient: z.string(),
  bags: z.array(z.string()).describe('Feature files, by names below the folder of the run'),
  expression: z.string().optional().describe('The matrix, likewise; absent where there is none'),
});

/** `patients.json`, which lies beside a run that a page is given: patients whose files come with it. */
const offeredPatientsFile = z.array(offeredPatient);
/** A patient that the viewer offers. */
export type OfferedPatient = Stored<typeof offeredPatient>;

/** The patients of a `patients.json`. @throws {InputError} where it is not whole, or something else. */
export function parseOfferedPatients(text: string): readonly OfferedPatient[] {
  return parseJson(text, offeredPatientsFile, { file: 'patients.json', what: 'the page', remedy: 'Make it again' });
}
