import { InferenceSession, Tensor } from '#onnxruntime';
import { sessionOptions, type CompileOptions } from './program.js';
import type { TensorData } from './value.js';

/** What a model says of one of its inputs or outputs. */
export interface TensorInfo {
  readonly name: string;
  /** Element type in ONNX Runtime's words: `float32`, `int64`, `float16`, … */
  readonly type: string;
  /** Length of each axis; a text, which may be empty, stands for an axis of any length. */
  readonly shape: readonly (number | string)[];
}

/** An array and its shape, row-major. */
export interface ShapedData<Data = TensorData> {
  readonly data: Data;
  readonly shape: readonly number[];
}

/** An ONNX model that somebody else wrote, ready to run. */
export interface OpenedModel {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model and hands out the named outputs, in arrays of their own.
   * @throws Error where ONNX Runtime refuses the feeds, or an output is not float32.
   */
  run(
    feeds: Readonly<Record<string, ShapedData>>,
    outputs: readonly string[],
  ): Promise<Record<string, ShapedData<Float32Array>>>;
  /** Frees the session. */
  dispose(): Promise<void>;
}

/**
 * Opens an ONNX model: its bytes, or in Node its path, beside which lie the weights of a model that stores them in files of
 * their own. Axes of any length stay so from run to run.
 * @throws Error where ONNX Runtime cannot load it.
 */
export async function openModel(
  model: Uint8Array | string,
  options: Omit<CompileOptions, 'observe'> = {},
): Promise<OpenedModel> {
  // What fails is thrown; ONNX Runtime would print it besides.
  const settings = { ...sessionOptions(options), logSeverityLevel: 4 } as const;
  const session =
    typeof model === 'string'
      ? await InferenceSession.create(model, settings)
      : await InferenceSession.create(model, settings);
  const inputs = session.inputMetadata.map(tensorInfo);
  const types = new Map(inputs.map(({ name, type }) => [name, type]));
  return {
    inputs,
    outputs: session.outputMetadata.map(tensorInfo),
    async run(feeds, outputs) {
      const tensors = Object.entries(feeds).map(
        ([name, { data, shape }]) => [name, toTensor(types.get(name), data, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(tensors), [...outputs]);
      return Object.fromEntries(outputs.map((name) => [name, fromTensor(name, results[name])]));
    },
    dispose: () => session.release(),
  };
}

function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: 'no tensor', shape: [] };
}

function toTensor(type: string | undefined, data: TensorData, shape: readonly number[]): Tensor {
  const own = data instanceof Float32Array ? 'float32' : data instanceof BigInt64Array ? 'int64' : 'bool';
  // A name that the model does not know is ONNX Runtime's to refuse.
  if (type !== undefined && type !== own) throw new Error(`run: an input is ${type}, and was fed ${own}`);
  return new Tensor(own, data as Float32Array, shape);
}

function fromTensor(name: string, { type, data, dims }: Tensor): ShapedData<Float32Array> {
  if (type !== 'float32') throw new Error(`run: output ${name} is ${type}, not float32`);
  return { data: data as Float32Array, shape: dims };
}
