import { InferenceSession, Tensor } from 'onnxruntime-node';

/** ONNX Runtime as Node has it: native, on the CPU or a GPU. */

export { InferenceSession, Tensor };

/** What ONNX Runtime calls its CPU here. */
export const cpuProvider = 'cpu';

/** Runs a session, which writes its results into the arrays of `results`. */
export async function runInto(
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  results: Record<string, Tensor>,
): Promise<void> {
  await session.run(feeds, results);
}
