import { dirname } from 'node:path';
import { exportModel } from 'onnx-autodiff';
import { makeFolder, writeFileAtomic } from '../files/atomic.js';
import { required, WorkError } from '../files/errors.js';
import { choiceParameters } from '../model/choice.js';
import type { Parameters } from '../model/layers.js';
import { fileWidth } from '../runs/components.js';
import { taskName, type Model } from '../runs/model.js';
import { openRunFolder } from '../runs/run-folder.js';
import { clipOf } from '../runs/scaling.js';
import { VERSION } from '../version.js';
import { largestDifference } from './check.js';
import { INPUT_DOCS, OUTPUT_DOCS, portableGraph, survivalTimes } from './graph.js';

const NOTICE = 'Research software, not a medical device: not tested for, and not meant for, decisions on patients.';

/** How the graph fixes the size of a bag; for people, as the graph does it itself. */
const BAG =
  'Of n patches, token i of N is patch i mod n where n <= N, else patch round_half_even(i*n/N). Several slides of a patient: take the mean of probabilities, or of hazards.';

/** What the graph cannot do, as it does not take coordinates. */
const SPATIAL = 'give exactly N patches, divided by y into s rows of s, each row ordered by x';

/**
 * What a program or a person must know to use a portable model, as ONNX `metadata_props`. Lists and objects are JSON. docs/portable.md
 * describes the keys.
 */
function portableMetadata(model: Model): Record<string, string> {
  const {
    task,
    labels,
    network,
    outcome,
    tokens,
    layout = 'raster',
    scaling,
    covariates,
    encoder,
    provenance,
    inputs,
    version,
  } = model;
  const { tumour, microenvironment } = scaling;
  const preprocessing = (s: typeof tumour) => ({
    transform: s.transform,
    mean: s.mean,
    deviation: s.deviation,
    clip: s.clip === undefined ? clipOf(s) : s.clip,
  });
  const meaning: Record<string, string> =
    outcome.kind === 'classes'
      ? { classes: JSON.stringify(outcome.classes), class_weights: JSON.stringify(outcome.weights), label_rule: labels }
      : { survival_times: JSON.stringify(survivalTimes(outcome)), time_unit: outcome.timeUnit };
  return {
    notice: NOTICE,
    task: taskName(task),
    ...meaning,
    tumour_genes: JSON.stringify(tumour.genes),
    microenvironment_genes: JSON.stringify(microenvironment.genes),
    preprocessing: JSON.stringify({ tumour: preprocessing(tumour), microenvironment: preprocessing(microenvironment) }),
    ...(covariates === undefined ? {} : { covariates: JSON.stringify(covariates) }),
    network: JSON.stringify(network),
    bag_tokens: String(tokens),
    bag_rule: BAG,
    bag_layout: layout === 'raster' ? layout : `${layout}: ${SPATIAL}`,
    patch_width: String(fileWidth(model)),
    ...(encoder === undefined ? {} : { encoder }),
    patches: JSON.stringify(provenance ?? {}),
    training_inputs_sha256: JSON.stringify(inputs),
    ...(model.imported ? { imported: JSON.stringify(model.imported) } : { trained_by: `subspace-fusion ${version}` }),
    exported_by: `subspace-fusion ${VERSION}`,
  };
}

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
 * @throws InputError where the run folder is not complete, or the model cannot read a single patient; WorkError where the two disagree.
 */
export async function exportRun(folder: string, file: string): Promise<Exported> {
  const run = await openRunFolder(folder);
  const { model } = run;
  const { parameters } = await run.checkpoint();
  const bytes = portableModel(model, parameters);
  const difference = await largestDifference(bytes, model, parameters);
  if (!(difference <= ALLOWED_DIFFERENCE)) {
    throw new WorkError(
      `${file}: not written. On a made-up patient the exported model differs from ${folder} by ${difference}; please report this.`,
    );
  }
  await makeFolder(dirname(file));
  await writeFileAtomic(file, bytes);
  return { file, bytes: bytes.length, task: taskName(model.task), difference };
}

/** A model and its parameters as the bytes of an ONNX file: see `portableGraph` for what it takes and gives. */
export function portableModel(model: Model, parameters: Parameters): Uint8Array {
  for (const name of Object.keys(choiceParameters(model.network, model.size))) required(parameters, name);
  return exportModel(portableGraph(model), parameters, {
    doc: `Subspace Fusion: ${taskName(model.task)} of glioma, from the patch features of a slide and gene expression. ${NOTICE}`,
    producer: { name: 'subspace-fusion', version: VERSION },
    metadata: portableMetadata(model),
    docs: { ...INPUT_DOCS, ...OUTPUT_DOCS },
    freeAxes: { features: ['patches'] },
  });
}
