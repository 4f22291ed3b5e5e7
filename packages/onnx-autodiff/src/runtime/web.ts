/** ONNX Runtime as a browser has it: WebAssembly, or WebGPU. */
export { InferenceSession, Tensor, env } from 'onnxruntime-web/webgpu';
