import { exportModel } from 'onnx-autodiff';
import { writeFileAtomic } from '../files/atomic.js';
import { WorkError } from '../files/work-error.js';
import type { Parameters } from '../model/parameters.js';
import { taskName, type Model } from '../training/model.js';
import { readCheckpoint, readModel } from '../training/run-folder.js';
import { VERSION } from '../version.js';
import { largestDifference } from './check.js';
import { INPUT_DOCS, OUTPUT_DOCS, portableGraph } from './graph.js';
import { NOTICE, portableMetadata } from './metadata.js';

/** What was written, and how well it does what the run does. */
export interface Exported {
  readonly file: string;
  readonly bytes: number;
  readonly task: string;
  /** Largest difference of a probability or hazard from the run's own, on a made-up patient. */
  readonly difference: number;
}

/** Float32 in another order of operations; a wrong input or weight is orders beyond. */
const ALLOWED_DIFFERENCE = 1e-4;

/**
 * Writes a run's selected model as one ONNX file that any ONNX Runtime opens, after comparing it with the run on a made-up patient.
 * @throws UserError where the run folder is not complete, or the model cannot read a single patient; WorkError where the two disagree.
 */
export async function exportRun(run: string, file: string): Promise<Exported> {
  const model = await readModel(run);
  const { parameters } = await readCheckpoint(run, model);
  const bytes = portableModel(model, parameters);
  const difference = await largestDifference(bytes, model, parameters);
  if (!(difference <= ALLOWED_DIFFERENCE)) {
    throw new WorkError(
      `${file}: not written. On a made-up patient the exported model differs from ${run} by ${difference}; please report this.`,
    );
  }
  await writeFileAtomic(file, bytes);
  return { file, bytes: bytes.length, task: taskName(model.task), difference };
}

/** A model and its parameters as the bytes of an ONNX file: see `portableGraph` for what it takes and gives. */
export function portableModel(model: Model, parameters: Parameters): Uint8Array {
  return exportModel(portableGraph(model), parameters, {
    doc: `Subspace Fusion: ${taskName(model.task)} of glioma, from the patch features of a slide and gene expression. ${NOTICE}`,
    producer: { name: 'subspace-fusion', version: VERSION },
    metadata: portableMetadata(model),
    docs: { ...INPUT_DOCS, ...OUTPUT_DOCS },
    freeAxes: { features: ['patches'] },
  });
}
