export { constant, hostOperation, input, integers, ShapeError, sizeOf, topologicalOrder } from './value.js';
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
  clip,
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
export { expand, reshape, sum } from './ops/broadcasting.js';
export { logSoftmax, max, mean, softmax } from './ops/reduction.js';
export { concat, pad, slice, transpose } from './ops/layout.js';
export { gemm, linear, matmul } from './ops/linear.js';
export { gather, gatherElements, lengthOf, scatterAdd } from './ops/layout.js';
export { conv2d, type ConvolutionOptions } from './ops/linear.js';
export { layerNorm } from './ops/reduction.js';
export { gradients } from './program.js';
export { compile, type CompileOptions, type Program, type Provider } from './program.js';
export { encodeModel, exportModel, type ModelDescription, type OnnxGraph } from './onnx.js';
export { openModel, type OpenedModel, type ShapedData, type TensorInfo } from './open-model.js';
