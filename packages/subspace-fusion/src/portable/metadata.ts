import { clipOf } from '../cohort/index.js';
import { taskName, type Model } from '../training/model.js';
import { VERSION } from '../version.js';
import { survivalTimes } from './graph.js';
import type { ImportedModel } from './import.js';

export const NOTICE =
  'Research software, not a medical device: not tested for, and not meant for, decisions on patients.';

/** How the graph fixes the size of a bag; for people, as the graph does it itself. */
const BAG =
  'Of n patches, token i of N is patch i mod n where n <= N, else patch round_half_even(i*n/N). Several slides of a patient: take the mean of probabilities, or of hazards.';

/** What the graph cannot do, as it does not take coordinates. */
const SPATIAL = 'give exactly N patches, divided by y into s rows of s, each row ordered by x';

/**
 * What a program or a person must know to use a portable model, as ONNX `metadata_props`. Lists and objects are JSON. docs/portable.md
 * describes the keys.
 */
export function portableMetadata(model: Model | ImportedModel): Record<string, string> {
  const {
    task,
    labels,
    network,
    outcome,
    tokens,
    layout = 'raster',
    size,
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
    patch_width: String(size.patchWidth),
    ...(encoder === undefined ? {} : { encoder }),
    patches: JSON.stringify(provenance ?? {}),
    training_inputs_sha256: JSON.stringify(inputs),
    ...('imported' in model
      ? { imported: JSON.stringify(model.imported) }
      : { trained_by: `subspace-fusion ${version}` }),
    exported_by: `subspace-fusion ${VERSION}`,
  };
}
