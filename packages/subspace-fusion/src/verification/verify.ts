import type { Backend } from '../inference/backend.js';
import { readCase, readManifest, relativeError, tensorOf, type Case } from './fixture.js';
import * as layers from './layer-cases.js';
import type { Computed } from './layer-cases.js';
import { metricsCase } from './metrics-case.js';
import { coordinationCase, modelCase, trainingTraceCase } from './model-cases.js';

/** What each kind of case computes; a case is of the kind that its name starts with. */
const runners: readonly (readonly [string, (c: Case, backend: Backend) => Promise<Computed> | Computed])[] = [
  ['gene-encoder', layers.geneEncoderCase],
  ['attention', layers.attentionCase],
  ['position-bias', layers.positionBiasCase],
  ['branch', layers.branchCase],
  ['losses', layers.lossesCase],
  ['consistency', layers.consistencyCase],
  ['coordination', (c) => coordinationCase(c)],
  ['metrics', (c) => metricsCase(c.tensors as never)],
  ['model', modelCase],
  ['training-trace', trainingTraceCase],
];

/** The outcome of one case. */
export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  /** Tensors compared. */
  readonly compared: number;
  /** Relative error of the tensor that came closest to its tolerance or broke it, … */
  readonly error: number;
  /** … its tolerance … */
  readonly tolerance: number;
  /** … and its name. */
  readonly tensor: string;
}

/**
 * Computes the cases of a parity folder one after the other and compares them by the manifest's rule.
 * A case of a kind that is not known here fails.
 */
export async function* verify(
  folder: string,
  backend: Backend,
  only?: (name: string) => boolean,
): AsyncGenerator<Verdict> {
  const manifest = await readManifest(folder);
  for (const name of Object.keys(manifest.cases)) {
    if (only && !only(name)) continue;
    const c = await readCase(folder, manifest, name);
    const runner = runners.find(([kind]) => name === kind || name.startsWith(`${kind}-`));
    if (!runner) {
      yield { name, passed: false, compared: 0, error: Infinity, tolerance: 0, tensor: 'unknown kind of case' };
      continue;
    }
    yield judge(c, await runner[1](c, backend));
  }
}

function judge(c: Case, computed: Computed): Verdict {
  let worst = { tensor: 'inputs of other cases', error: 0, tolerance: 0 };
  let closest = -1; // error over tolerance
  for (const [tensor, tolerance] of c.expected) {
    const error = relativeError(computed.get(tensor), tensorOf(c, tensor).data, tolerance);
    const used = error === 0 ? 0 : error / tolerance.rel;
    if (used > closest) {
      closest = used;
      worst = { tensor, error, tolerance: tolerance.rel };
    }
  }
  return { name: c.name, passed: closest <= 1, compared: c.expected.size, ...worst };
}
