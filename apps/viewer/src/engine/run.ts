import {
  choiceParameters,
  decodeSafetensors,
  kaplanMeier,
  METHOD,
  type Background,
  type EvaluatedPatient,
  type Model,
  type ModelRun,
} from 'subspace-fusion/browser';
import { PlainError } from './rpc.js';
import type { RUN_FILES } from './run-files.js';

export type RunFiles = Partial<Record<(typeof RUN_FILES)[number], Blob>>;

/** A trained model, and what became of the patients that it was tested on. */
export interface Run extends ModelRun {
  /** What explanations compare a patient with. */
  readonly background: Background | undefined;
}

/** Reads a run's files. @throws PlainError for files that are missing, no JSON, or do not belong together. */
export async function readRun(files: RunFiles): Promise<Run> {
  const stored = await json<Model>(files, 'model.json');
  if (!stored)
    throw new PlainError('model.json: missing. Drop it together with checkpoint.safetensors of the same run folder.');
  if (stored.format !== 1)
    throw new PlainError(
      'model.json: this is not the model of a run that `subspace train` wrote, or of another version.',
    );
  const model: Model = { ...stored, network: stored.network ?? METHOD };
  const config = await json<{ expression: ModelRun['expression'] }>(files, 'config.json');
  const result = await json<{ riskGroups?: { cut: number } }>(files, 'result.json');
  return {
    name: 'model.json',
    model,
    parameters: await readParameters(files['checkpoint.safetensors'], model),
    // A table of gene names lies elsewhere on the disk, where a page cannot read.
    expression: { ...config?.expression, geneMap: undefined, samples: undefined },
    tested: (await json<EvaluatedPatient[]>(files, 'predictions.json')) ?? [],
    confidence: undefined,
    riskCut: result?.riskGroups?.cut,
    background: await json<Background>(files, 'background.json'),
  };
}

async function json<T>(files: RunFiles, name: keyof RunFiles): Promise<T | undefined> {
  const text = await files[name]?.text();
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new PlainError(`${name}: this is not JSON. Copy it from the run folder again.`);
  }
}

async function readParameters(file: Blob | undefined, { network, size }: Model): Promise<ModelRun['parameters']> {
  const name = 'checkpoint.safetensors';
  if (!file) throw new PlainError(`${name}: missing. Drop it together with model.json of the same run folder.`);
  const { tensors } = decodeSafetensors(new Uint8Array(await file.arrayBuffer()), name);
  const entries = Object.entries(choiceParameters(network, size)).map(([parameter, { shape }]) => {
    const data = tensors.get(parameter)?.data;
    if (!(data instanceof Float32Array) || data.length !== shape.reduce((n, d) => n * d, 1)) {
      throw new PlainError(
        `${name}: ${parameter} is missing or has another shape. Take the checkpoint that lies beside this model.json.`,
      );
    }
    return [parameter, data] as const;
  });
  return Object.fromEntries(entries);
}

/** Survival of one risk group of the tested patients. */
export interface GroupCurve {
  readonly name: 'low' | 'high';
  readonly patients: number;
  readonly deaths: number;
  /** Kaplan-Meier estimate: a step down at each time. */
  readonly times: readonly number[];
  readonly survival: readonly number[];
}

/** Kaplan-Meier curves of the tested patients by risk group; none where the run has no survival or was not evaluated. */
export function groupCurves(tested: readonly EvaluatedPatient[]): GroupCurve[] {
  return (['low', 'high'] as const).flatMap((name) => {
    const group = tested.flatMap((p) => ('time' in p && p.group === name ? [p] : []));
    if (group.length === 0) return [];
    const { times, survival } = kaplanMeier(
      group.map(({ time }) => time),
      group.map(({ event }) => event),
    );
    return [
      {
        name,
        patients: group.length,
        deaths: group.filter(({ event }) => event).length,
        times: [...times],
        survival: [...survival],
      },
    ];
  });
}
