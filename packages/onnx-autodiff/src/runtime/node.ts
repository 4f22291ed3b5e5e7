/** ONNX Runtime as Node has it: native, on the CPU or a GPU. */
export { InferenceSession, Tensor } from 'onnxruntime-node';
