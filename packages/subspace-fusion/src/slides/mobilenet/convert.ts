import { add, clip, constant, conv2d, exportModel, input, mean, pad, relu, type Value } from 'onnx-autodiff';
import { VERSION } from '../../version.js';
import { FlatBufferError } from './flatbuffer.js';
import { readTflite, type Activation, type TfliteModel, type TfliteOperation, type TfliteTensor } from './tflite.js';

/**
 * What the encoder gives for an image: one vector (the mean of the last map), or a map at a sixteenth or an eighth of the image's size, whose cells are
 * tokens.
 */
export const MOBILENET_FEATURES = {
  /** The map of 1280 channels at a thirty-second of the size. */
  pooled: { layer: 'Conv_1/Conv2D', channels: 1280 },
  map16: { layer: 'expanded_conv_13/expand/Conv2D', channels: 576 },
  map8: { layer: 'expanded_conv_6/expand/Conv2D', channels: 192 },
} as const;
export type MobilenetFeatures = keyof typeof MOBILENET_FEATURES;

/** Sizes of images are multiples of this: every halving is exact, so that the borders are those of TFLite. */
export const MOBILENET_STEP = 32;

/**
 * The part of a TFLite MobileNetV2 up to a layer as an ONNX model: images `[n, 3, size, size]` between −1 and 1 to `[n, 1280]`, `[n, 576, size/16, size/16]`
 * or `[n, 192, size/8, size/8]`.
 * @param size edge of the images in pixels, a multiple of {@link MOBILENET_STEP}
 * @throws {FlatBufferError} where the bytes are no such model
 */
export function convertMobilenet(tflite: Uint8Array, features: MobilenetFeatures, size: number): Uint8Array {
  const model = readTflite(tflite);
  const { layer, channels } = MOBILENET_FEATURES[features];
  const wanted = model.tensors.findIndex(
    ({ name, shape }) => (name === layer || name.endsWith(`/${layer}`)) && shape.at(-1) === channels,
  );
  if (wanted < 0) throw new FlatBufferError(`it has no layer ${layer} of ${channels} channels`);
  const image = input('image', [1, 3, size, size]);
  const map = mapOf(model, wanted, new Map([[model.inputs[0], image]]));
  const output = features === 'pooled' ? mean(map, [2, 3]) : map;
  return exportModel(
    { features: output },
    {},
    {
      doc: 'MobileNetV2, trained on photographs (Open Images): for trying out, not for research on tissue',
      producer: { name: 'subspace-fusion', version: VERSION },
      freeAxes: { image: ['n'] },
    },
  );
}

/** The value of a tensor, computed from those that are known. */
function mapOf(model: TfliteModel, wanted: number, known: Map<number, Value>): Value {
  for (const operation of model.operations) {
    const { kind } = operation;
    if (kind === 'other' || kind === 'widening') continue; // weights are widened when they are read; the rest comes after the last map
    known.set(operation.output, apply(model, operation, known));
    if (operation.output === wanted) break;
  }
  return valueAt(known, wanted);
}

function valueAt(known: ReadonlyMap<number, Value>, tensor: number): Value {
  const value = known.get(tensor);
  if (!value) throw new FlatBufferError(`tensor ${tensor} is used before it is made`);
  return value;
}

function apply(
  model: TfliteModel,
  operation: Exclude<TfliteOperation, { kind: 'other' | 'widening' }>,
  known: ReadonlyMap<number, Value>,
): Value {
  if (operation.kind === 'addition') {
    const [a, b] = operation.inputs.map((tensor) => valueAt(known, tensor));
    return activate(add(a, b), operation.activation);
  }
  const { inputs, stride, same, kind, activation } = operation;
  const x = valueAt(known, inputs[0]); // [n, C, H, W]
  const isDepthwise = kind === 'depthwise convolution';
  const weight = kernelOf(weightOf(model, inputs[1]), isDepthwise);
  const [, , rows, columns] = weight.shape;
  const bias = constant(weightOf(model, inputs[2]).values());
  const groups = isDepthwise ? x.shape[1] : 1;
  const [above, below] = same ? padding(x.shape[2], rows, stride) : [0, 0];
  const [left, right] = same ? padding(x.shape[3], columns, stride) : [0, 0];
  const even = above === below && left === right && above === left;
  const padded = even ? x : pad(pad(x, 2, above, below), 3, left, right);
  return activate(conv2d(padded, weight, bias, { stride, groups, padding: even ? above : 0 }), activation);
}

/** Zeros before and after, as TensorFlow's `SAME` has them: as few as there must be, one more after than before where they are odd. */
function padding(size: number, kernel: number, stride: number): [before: number, after: number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

function activate(x: Value, activation: Activation): Value {
  if (activation === 'none') return x;
  return activation === 'relu' ? relu(x) : clip(x, 0, 6);
}

/** The tensor that holds the values of a weight: that of half precision, where the model widens it first. */
function weightOf({ operations, tensors }: TfliteModel, tensor: number): TfliteTensor {
  const widening = operations.find(({ kind, output }) => kind === 'widening' && output === tensor);
  const source = tensors.at(widening?.kind === 'widening' ? widening.inputs[0] : tensor);
  if (!source) throw new FlatBufferError(`there is no tensor ${tensor}`);
  return source;
}

/** The kernel of a convolution from TFLite's `[O, kh, kw, I]`, or of a depthwise one from its `[1, kh, kw, C]`, as ONNX's `[O, I, kh, kw]`. */
function kernelOf({ shape: [out, rows, columns, inner], values }: TfliteTensor, isDepthwise: boolean): Value {
  const from = values();
  const [outputs, inputs] = isDepthwise ? [inner, 1] : [out, inner];
  const to = new Float32Array(from.length);
  for (let o = 0, at = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let cell = 0; cell < rows * columns; cell++, at++)
        to[at] = isDepthwise ? from[cell * inner + o] : from[(o * rows * columns + cell) * inner + i];
  return constant(to, [outputs, inputs, rows, columns]);
}
