export { constant, hostOperation, input, integers, ShapeError } from './value.js';
export type {
  ElementType,
  GradientRule,
  HostFunction,
  HostOperation,
  Node,
  Operand,
  TensorData,
  Value,
} from './value.js';
export {
  abs,
  add,
  div,
  elu,
  erf,
  exp,
  floor,
  gelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  sigmoid,
  sign,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
} from './ops/elementwise.js';
export { and, cast, equal, greater, greaterOrEqual, where } from './ops/condition.js';
export { logSoftmax, max, mean, softmax, sum } from './ops/reduction.js';
export { concat, expand, pad, reshape, slice, transpose } from './ops/layout.js';
export { gemm, linear, matmul } from './ops/linear.js';
export { gather, gatherElements, lengthOf, scatterAdd } from './ops/indexing.js';
export { conv2d, type ConvolutionOptions } from './ops/convolution.js';
export { layerNorm } from './ops/normalisation.js';
export { gradients } from './gradients.js';
export { compile, type CompileOptions, type Program, type Provider } from './program.js';
export { encodeModel, type ModelDescription, type OnnxGraph } from './onnx.js';
export { exportModel } from './export-model.js';
export { openModel, type OpenedModel, type ShapedData, type TensorInfo } from './open-model.js';
export { topologicalOrder } from './order.js';
export { sizeOf } from './shapes.js';
