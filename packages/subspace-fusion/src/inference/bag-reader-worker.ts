import { parentPort } from 'node:worker_threads';
import { InputError } from '../files/errors.js';
import type { BagAnswer, BagRequest } from './bag-reader.js';
import { readFixedBag } from './samples.js';

/** The reading thread of bag-reader.ts: answers each request, and hands the features over without a copy. */
async function answer({ id, slide, model }: BagRequest): Promise<void> {
  try {
    const features = await readFixedBag(slide, model);
    parentPort?.postMessage({ id, features } satisfies BagAnswer, [features.buffer as ArrayBuffer]);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    parentPort?.postMessage({ id, problem, userError: error instanceof InputError } satisfies BagAnswer);
  }
}

parentPort?.on('message', (request: BagRequest) => void answer(request));
