import { floatsOf } from '../../files/bytes.js';
import { FlatBufferError, rootTable, type Table } from './flatbuffer.js';

/** A tensor of a TFLite model: with values where it is a weight. */
export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Values in float32, of a weight that is stored in float32 or float16. */
  readonly values: () => Float32Array;
}

/** What follows an operation. */
export type Activation = 'none' | 'relu' | 'relu6';

/** An operation of those that a MobileNet is made of; tensors by their numbers. */
export type TfliteOperation =
  | {
      readonly kind: 'convolution' | 'depthwise convolution';
      readonly inputs: readonly number[];
      readonly output: number;
      readonly stride: number;
      /** Whether the image is padded so that the output is the input divided by the stride, rounded up; else it is not padded. */
      readonly same: boolean;
      readonly activation: Activation;
    }
  | {
      readonly kind: 'addition';
      readonly inputs: readonly number[];
      readonly output: number;
      readonly activation: Activation;
    }
  /** float16 to float32. */
  | { readonly kind: 'widening'; readonly inputs: readonly number[]; readonly output: number }
  /** Any other: its number in the schema. */
  | { readonly kind: 'other'; readonly code: number; readonly output: number };

export interface TfliteModel {
  readonly inputs: readonly number[];
  readonly tensors: readonly TfliteTensor[];
  readonly operations: readonly TfliteOperation[];
}

/** Numbers of TFLite's schema (tensorflow/lite/schema.fbs, version 3). */
const [ADD, CONV_2D, DEPTHWISE_CONV_2D, DEQUANTIZE] = [0, 3, 4, 6];
const TYPES: Readonly<Partial<Record<number, 'f32' | 'f16'>>> = { 0: 'f32', 1: 'f16' };
const SAME = 0;
const ACTIVATIONS: Readonly<Partial<Record<number, Activation>>> = { 0: 'none', 1: 'relu', 3: 'relu6' };

/**
 * Reads a TFLite model of one graph.
 * @throws {FlatBufferError} where it is no such model.
 */
export function readTflite(file: Uint8Array): TfliteModel {
  const model = rootTable(file, 'TFL3');
  // Codes were one byte once; newer files have both.
  const codes = model.tables(1).map((code) => Math.max(code.byte(0), code.int(3)));
  const graph = model.tables(2).at(0);
  if (!graph) throw new FlatBufferError('it has no graph');
  const buffers = model.tables(4);
  return {
    inputs: [...graph.ints(1)],
    tensors: graph
      .tables(0)
      .map((tensor) => ({ name: tensor.text(3), shape: [...tensor.ints(0)], values: () => valuesOf(tensor, buffers) })),
    operations: graph.tables(3).map((operation) => readOperation(operation, codes[operation.int(0)] ?? -1)),
  };
}

function readOperation(operation: Table, code: number): TfliteOperation {
  const inputs = [...operation.ints(1)];
  const [output = -1] = operation.ints(2);
  const options = operation.table(4);
  const activation = (field: number): Activation => {
    const number = options?.byte(field) ?? 0;
    const known = ACTIVATIONS[number];
    if (!known) throw new FlatBufferError(`activation ${number} is not known`);
    return known;
  };
  if (code === DEQUANTIZE) return { kind: 'widening', inputs, output };
  if (code === ADD) return { kind: 'addition', inputs, output, activation: activation(0) };
  if (code !== CONV_2D && code !== DEPTHWISE_CONV_2D) return { kind: 'other', code, output };
  const isDepthwise = code === DEPTHWISE_CONV_2D;
  const [across, down] = [options?.int(1, 1) ?? 1, options?.int(2, 1) ?? 1];
  const dilations = isDepthwise ? [5, 6] : [4, 5];
  if (across !== down || dilations.some((field) => (options?.int(field, 1) ?? 1) !== 1))
    throw new FlatBufferError('a convolution has two strides, or a dilation');
  return {
    kind: isDepthwise ? 'depthwise convolution' : 'convolution',
    inputs,
    output,
    stride: across,
    same: (options?.byte(0) ?? SAME) === SAME,
    activation: activation(isDepthwise ? 4 : 3),
  };
}

function valuesOf(tensor: Table, buffers: readonly Table[]): Float32Array {
  const type = TYPES[tensor.byte(1)];
  if (!type) throw new FlatBufferError(`the values of ${tensor.text(3)} are of type ${tensor.byte(1)}`);
  return floatsOf(Uint8Array.from(buffers.at(tensor.int(2))?.bytes(0) ?? []), type);
}
