import type { Backend } from '../inference/backend.js';
import type { BatchLabels, Sample } from '../inference/batch.js';
import type { NetworkSize, Parameters } from '../model/layers.js';
import { riskOf } from '../model/losses.js';
import { networkParameters } from '../model/network.js';
import { ofSubspaces, WIDTH } from '../model/parts.js';
import { fromPublished, publishedName } from '../model/published-names.js';
import { adamState, adamStep } from '../training/adam.js';
import {
  coordinate,
  subspaceConfidences,
  type CoordinationForm,
  type SubspaceConfidence,
} from '../training/coordination.js';
import { createStep, type BatchGradients, type StepOptions } from '../training/step.js';
import { floats, numbers, tensorOf, type Case } from './fixture.js';
import type { Computed } from './layer-cases.js';

const forms = ['corrected', 'reference'] as const;
const theirSubspace = { tumour: 'tumor', microenvironment: 'immune' } as const;
const subspaces = ['tumour', 'microenvironment'] as const;

interface Setting {
  readonly size: NetworkSize;
  readonly parameters: Parameters;
  readonly batch: Sample[];
  readonly labels: BatchLabels;
  readonly tokens: number;
}

/** Inputs, labels and parameters of a case of the whole model. */
function settingOf(c: Case): Setting {
  const [B, tokens, patchWidth] = tensorOf(c, 'in/patches').shape as [number, number, number];
  const genes = {
    tumour: tensorOf(c, 'in/genes_tumor').shape[1],
    microenvironment: tensorOf(c, 'in/genes_immune').shape[1],
  };
  const size = { patchWidth, genes, classes: tensorOf(c, 'w/classifier.bias').shape[0] };
  const weights = new Map(
    [...c.tensors].filter(([name]) => name.startsWith('w/')).map(([name, t]) => [name.slice(2), t]),
  );
  const { parameters } = fromPublished(weights, networkParameters(size), c.name);
  const row = (name: string, b: number) =>
    floats(c, name).subarray((b * floats(c, name).length) / B, ((b + 1) * floats(c, name).length) / B);
  const batch = Array.from({ length: B }, (_, b): Sample => ({
    bag: row('in/patches', b),
    genes: { tumour: row('in/genes_tumor', b), microenvironment: row('in/genes_immune', b) },
  }));
  return { size, parameters, batch, labels: labelsOf(c), tokens };
}

function labelsOf(c: Case): BatchLabels {
  if (c.tensors.has('in/target')) {
    return { kind: 'classes', labels: numbers(c, 'in/target'), weights: c.config['class_weights'] as number[] };
  }
  const time = numbers(c, 'in/time');
  const censored = numbers(c, 'in/censored');
  const labels = numbers(c, 'in/interval').map((bin, b) => ({ bin, censored: censored[b] === 1, time: time[b] }));
  return { kind: 'survival', labels };
}

function stepOptions({ size, tokens, labels }: Setting, backend: Backend): StepOptions {
  return { size, tokens, task: labels.kind, consistency: 'corrected', dropout: 0, microBatch: 1, backend };
}

/** The whole model through the product's own training step: outputs, losses, gradients, confidences, coordination. */
export async function modelCase(c: Case, backend: Backend): Promise<Computed> {
  const computed: Computed = new Map();
  if (c.expected.size === 0) return computed; // inputs that other cases share
  const setting = settingOf(c);
  for (const form of forms) {
    const step = createStep({ ...stepOptions(setting, backend), consistency: form });
    const result = await step.gradients(setting.parameters, setting.batch, setting.labels, { seed: 0, step: 0 });
    await step.dispose();
    lossOutputs(result, form, computed);
    if (form === 'corrected') {
      networkOutputs(c, setting, result, computed);
      gradientOutputs(c, result.gradients, 'grad', computed);
      coordinationOutputs(setting, result, computed);
    } else {
      gradientOutputs(c, result.gradients, 'grad_reference', computed);
    }
  }
  return computed;
}

function lossOutputs({ task, ...result }: BatchGradients, form: string, computed: Computed): void {
  const consistency = ofSubspaces(result.consistency);
  const both = (consistency.tumour + consistency.microenvironment) / 2;
  computed.set('out/task_loss', [task]);
  for (const s of subspaces) computed.set(`out/consistency_${form}_${theirSubspace[s]}`, [consistency[s]]);
  computed.set(`out/consistency_${form}`, [both]).set(`out/total_${form}`, [task + both]);
}

function networkOutputs(c: Case, { size }: Setting, { logits, ...result }: BatchGradients, computed: Computed): void {
  const [z, v, vgrid] = [ofSubspaces(result.z), ofSubspaces(result.v), ofSubspaces(result.vgrid)];
  computed.set('out/logits', logits);
  const lambda = logits.map((x) => 1 / (1 + Math.exp(-x)));
  computed.set('out/hazards', lambda).set('out/risk', riskOf(lambda, size.classes));
  for (const s of subspaces) {
    const theirs = theirSubspace[s];
    computed.set(`out/gene_${theirs}`, v[s]).set(`out/feature_${theirs}`, z[s]).set(`out/vgrid_${theirs}`, vgrid[s]);
    // The per-branch classifier, which the product leaves out: from the case's own weights.
    const W = floats(c, `w/classifier_${theirs}.0.weight`);
    const b = floats(c, `w/classifier_${theirs}.0.bias`);
    computed.set(`out/logits_${theirs}`, linearRows(z[s], W, b));
  }
}

function linearRows(z: Float32Array, W: Float32Array, bias: Float32Array): Float64Array {
  const C = bias.length;
  return Float64Array.from({ length: (z.length / WIDTH) * C }, (_, i) => {
    const b = Math.floor(i / C);
    const c = i % C;
    let total = bias[c];
    for (let j = 0; j < WIDTH; j++) total += z[b * WIDTH + j] * W[c * WIDTH + j];
    return total;
  });
}

/** Gradients by checkpoint name, whole (`grad/`), or as norms and samples (`norm/`, `sample/`). */
function gradientOutputs(c: Case, gradients: Parameters, prefix: 'grad' | 'grad_reference', computed: Computed): void {
  const byTheirName = new Map<string, ArrayLike<number>>(
    Object.entries(gradients).map(([name, g]) => [publishedName(name), g]),
  );
  for (const name of c.expected.keys()) {
    const [, kind, parameter] = /^(grad|grad_reference|norm|sample)\/(.*)$/.exec(name) ?? [];
    if (!kind || !parameter) continue;
    // What the product leaves out receives no gradient.
    const g = byTheirName.get(parameter) ?? new Float32Array(tensorOf(c, `w/${parameter}`).data.length);
    if (kind === prefix) computed.set(name, g);
    if (kind === 'norm' && prefix === 'grad') computed.set(name, normSumLargest(g));
    if (kind === 'sample' && prefix === 'grad') computed.set(name, sampled(g));
  }
}

function normSumLargest(g: ArrayLike<number>): number[] {
  let squares = 0;
  let total = 0;
  let largest = 0;
  for (let i = 0; i < g.length; i++) {
    squares += g[i] ** 2;
    total += g[i];
    largest = Math.max(largest, Math.abs(g[i]));
  }
  return [Math.sqrt(squares), total, largest];
}

/** Flat entries ⌊k·size/n⌋, k < n = min(32, size). */
function sampled(g: ArrayLike<number>): number[] {
  const n = Math.min(32, g.length);
  return Array.from({ length: n }, (_, k) => g[Math.floor((k * g.length) / n)]);
}

function coordinationOutputs(
  { parameters, labels }: Setting,
  { gradients, z }: BatchGradients,
  computed: Computed,
): void {
  const confidence = subspaceConfidences(ofSubspaces(z), parameters, labels);
  computed.set('out/confidence', [confidence.tumour ?? NaN, confidence.microenvironment ?? NaN]);
  const head = gradients['head.weight'];
  computed.set('out/cosine', rowCosines(head));
  for (const form of forms) computed.set(`out/classifier_grad_${form}`, coordinated(head, confidence, form));
}

function coordinated(gradient: Float32Array, confidence: SubspaceConfidence, form: CoordinationForm): Float32Array {
  const copy = gradient.slice();
  coordinate(copy, confidence, form);
  return copy;
}

function rowCosines(head: Float32Array): number[] {
  return Array.from({ length: head.length / (2 * WIDTH) }, (_, c) => {
    let [tt, mm, tm] = [0, 0, 0];
    for (let j = 0; j < WIDTH; j++) {
      const t = head[c * 2 * WIDTH + j];
      const m = head[c * 2 * WIDTH + WIDTH + j];
      tt += t * t;
      mm += m * m;
      tm += t * m;
    }
    return tm / Math.sqrt(tt * mm);
  });
}

/** Coordination alone, both forms under each named pair of confidences. */
export function coordinationCase(c: Case): Computed {
  const computed: Computed = new Map();
  for (const [name, [tumour, microenvironment]] of Object.entries(
    c.config['confidences'] as Record<string, [number | null, number | null]>,
  )) {
    for (const form of forms)
      computed.set(`out/${form}_${name}`, coordinated(floats(c, 'in/gradient'), { tumour, microenvironment }, form));
  }
  return computed;
}

/** Full-batch training from the case's start: losses, confidences and conflicts of each step, and where it ends. */
export async function trainingTraceCase(c: Case, backend: Backend): Promise<Computed> {
  const setting = settingOf(c);
  const { parameters, batch, labels } = setting;
  const steps = c.config['steps'] as number;
  const step = createStep(stepOptions(setting, backend));
  const adam = adamState(parameters);
  const trace = {
    total: [],
    task: [],
    consistency: [],
    confidence: [],
    conflicts: [],
    classifier_grad_norm: [],
  } as Record<string, number[]>;
  for (let t = 0; t < steps; t++) {
    const result = await step.gradients(parameters, batch, labels, { seed: 0, step: t });
    const consistency = ofSubspaces(result.consistency);
    const both = (consistency.tumour + consistency.microenvironment) / 2;
    const confidence = subspaceConfidences(ofSubspaces(result.z), parameters, labels);
    const head = result.gradients['head.weight'];
    const { conflicts } = coordinate(head, confidence, 'corrected');
    trace['total'].push(result.task + both);
    trace['task'].push(result.task);
    trace['consistency'].push(both);
    trace['confidence'].push(confidence.tumour ?? NaN, confidence.microenvironment ?? NaN);
    trace['conflicts'].push(conflicts);
    trace['classifier_grad_norm'].push(normSumLargest(head)[0]);
    adamStep(parameters, result.gradients, adam, { learningRate: 1e-3, weightDecay: 1e-4 });
  }
  await step.dispose();
  const computed: Computed = new Map(Object.entries(trace).map(([name, values]) => [`out/${name}`, values]));
  computed.set('out/final_classifier', parameters['head.weight']);
  const final = new Map<string, ArrayLike<number>>(
    Object.entries(parameters).map(([name, p]) => [publishedName(name), p]),
  );
  for (const name of c.expected.keys()) {
    const parameter = /^final_norm\/(.*)$/.exec(name)?.[1];
    if (parameter) computed.set(name, [normSumLargest(final.get(parameter) ?? floats(c, `w/${parameter}`))[0]]);
  }
  return computed;
}
