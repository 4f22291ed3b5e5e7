import { InferenceSession, Tensor } from 'onnxruntime-web/webgpu';

/** ONNX Runtime as a browser has it: WebAssembly, or WebGPU. */

export { InferenceSession, Tensor };

/** What ONNX Runtime calls its CPU here. */
export const cpuProvider = 'wasm';

/** Runs a session and writes its results into the arrays of `results`: handed to ONNX Runtime, those would stay unwritten here. */
export async function runInto(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  results: Record<string, Tensor>,
): Promise<void> {
  const computed = await session.run(feeds, Object.keys(results));
  for (const [name, { data }] of Object.entries(results))
    (data as Float32Array).set(computed[name].data as Float32Array);
}
