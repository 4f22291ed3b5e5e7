import { add, compile, constant, gradients, input, mul, reshape, sum, type Program, type Value } from 'onnx-autodiff';
import { required } from '../files/errors.js';
import type { Backend } from '../inference/backend.js';
import { deformableAttention } from '../model/attention.js';
import {
  branchLayers,
  encodeGenes,
  finishBranch,
  placeBranch,
  projectPatches,
  type BranchLayers,
} from '../model/branch.js';
import { named, parameterInputs } from '../model/layers.js';
import {
  consistency,
  crossEntropy,
  crossEntropyTarget,
  riskOf,
  survivalLikelihood,
  survivalTargets,
  type ConsistencyForm,
} from '../model/losses.js';
import { WHOLE } from '../model/parts.js';
import { publishedName } from '../model/published-names.js';
import { keyPositions } from '../model/sampling.js';
import { floats, numbers, tensorOf, type Case } from './fixture.js';

export type Computed = Map<string, ArrayLike<number>>;
type Floats = Float32Array;

/** Runs a graph once on the given arrays; results are copies. */
async function evaluate(
  outputs: Record<string, Value>,
  feeds: Record<string, Floats>,
  backend: Backend,
): Promise<Computed> {
  const program: Program = await compile(outputs, backend);
  const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in program.inputs));
  const results = new Map(Object.entries(await program.run(used)).map(([name, data]) => [name, data.slice()]));
  await program.dispose();
  return results;
}

/** `in/` tensors as inputs of a graph. */
function givenInput(c: Case, name: string): Value {
  return input(name, tensorOf(c, `in/${name}`).shape);
}

/** The layers of a case's branch as inputs of a graph, and what the case gives of their parameters. */
interface CaseLayers {
  readonly p: BranchLayers;
  /** Those that the case has weights for, by the case's names. */
  readonly given: Map<string, Value>;
  readonly feeds: Record<string, Floats>;
}

/** `scope` is what the case leaves out of the published checkpoint's names. */
function caseLayers(c: Case, scope: string, genes = 1): CaseLayers {
  const patchWidth = c.tensors.get('in/patches')?.shape[2] ?? 1;
  const p = parameterInputs(branchLayers(genes, patchWidth, WHOLE));
  const given = new Map<string, Value>();
  const feeds: Record<string, Floats> = {};
  for (const [ours, value] of named<Value>(p)) {
    const theirs = publishedName(`tumour.${ours}`);
    const name = theirs.slice(scope.length);
    if (!theirs.startsWith(scope) || !c.tensors.has(`w/${name}`)) continue;
    given.set(name, value);
    feeds[ours] = floats(c, `w/${name}`);
  }
  return { p, given, feeds };
}

/** A part that the whole network has. */
function present<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the network of the cases has all of its parts');
  return part;
}

/** Σ out·cot over the outputs that have an upstream gradient. */
function upstreamLoss(c: Case, outputs: Record<string, Value>): Value {
  const terms = Object.entries(outputs).map(([name, y]) =>
    sum(mul(reshape(y, [-1]), constant(floats(c, `cot/${name}`)))),
  );
  return terms.reduce((a, b) => add(a, b));
}

/** Outputs and the gradients of Σ out·cot for all given values, under the case's names. */
async function outputsAndGradients(
  c: Case,
  backend: Backend,
  outputs: Record<string, Value>,
  values: ReadonlyMap<string, Value>,
  feeds: Record<string, Floats>,
): Promise<Computed> {
  const d = gradients(upstreamLoss(c, outputs), [...values.values()]);
  const asked = Object.fromEntries(Object.entries(outputs).map(([name, y]) => [`out/${name}`, y]));
  [...values.keys()].forEach((name, i) => (asked[`grad/${name}`] = d[i]));
  return evaluate(asked, feeds, backend);
}

export async function geneEncoderCase(c: Case, backend: Backend): Promise<Computed> {
  const genes = givenInput(c, 'genes');
  const { p, given, feeds } = caseLayers(c, 'omic_net_tumor.', genes.shape[1]);
  const code = encodeGenes(genes, p);
  const outputs = [...c.expected.keys()].filter((name) => name.startsWith('out/')).map((name) => name.slice(4));
  return outputsAndGradients(
    c,
    backend,
    Object.fromEntries(outputs.map((output) => [output, code])),
    given.set('genes', genes),
    { ...feeds, genes: floats(c, 'in/genes') },
  );
}

export async function attentionCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, given, feeds } = caseLayers(c, 'pathomic_net_tumor.layer3.attn2d.');
  const queries = givenInput(c, 'queries');
  const context = givenInput(c, 'context');
  const vgrid = keyPositions(queries, p.queries, present(p.offsets));
  const out = deformableAttention(queries, vgrid, context, p, backend.positionBias);
  given.set('queries', queries).set('context', context);
  const fed = { ...feeds, queries: floats(c, 'in/queries'), context: floats(c, 'in/context') };
  return outputsAndGradients(c, backend, { out, vgrid }, given, fed);
}

export async function positionBiasCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, given, feeds } = caseLayers(c, 'pathomic_net_tumor.layer3.attn2d.');
  const points = givenInput(c, 'key_points');
  const side = Math.sqrt(tensorOf(c, 'cot/bias').shape[1]);
  const bias = backend.positionBias.bias(points, side, present(p.bias));
  given.set('key_points', points);
  return outputsAndGradients(c, backend, { bias }, given, { ...feeds, key_points: floats(c, 'in/key_points') });
}

export async function branchCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, given, feeds } = caseLayers(c, 'pathomic_net_tumor.');
  const X = givenInput(c, 'patches');
  const v = givenInput(c, 'gene_features');
  const placed = placeBranch(projectPatches(X, p), v, p);
  const feature = finishBranch(placed, p, backend.positionBias);
  given.set('gene_features', v).set('patches', X);
  const fed = { ...feeds, patches: floats(c, 'in/patches'), gene_features: floats(c, 'in/gene_features') };
  const computed = await outputsAndGradients(c, backend, { feature, vgrid: present(placed.vgrid) }, given, fed);
  // A case may hold the large gradient of the patches as its sum over patches and its first few.
  const dX = required(computed, 'grad/patches');
  const first = c.tensors.get('grad/patches_first')?.shape[1] ?? 0;
  return computed
    .set('grad/patches_sum', sumOverRows(dX, X.shape))
    .set('grad/patches_first', firstRows(dX, X.shape, first));
}

/** `[B, N, W] → [B, W]` */
function sumOverRows(x: ArrayLike<number>, [B, N, W]: readonly number[]): Float64Array {
  const total = new Float64Array(B * W);
  for (let i = 0; i < x.length; i++) total[Math.floor(i / (N * W)) * W + (i % W)] += x[i];
  return total;
}

/** The first n rows of each sample, `[B, N, W] → [B, n, W]`. */
function firstRows(x: ArrayLike<number>, [B, N, W]: readonly number[], n: number): number[] {
  return Array.from({ length: B }, (_, b) => Array.from(x).slice(b * N * W, (b * N + n) * W)).flat();
}

/** Classification losses by task name, and the survival likelihood for each alpha that the case's names ask for. */
export async function lossesCase(c: Case, backend: Backend): Promise<Computed> {
  const computed: Computed = new Map();
  for (const [task, weights] of Object.entries(c.config['class_weights'] as Record<string, number[]>)) {
    if (!c.tensors.has(`in/${task}_logits`)) continue;
    const logits = givenInput(c, `${task}_logits`);
    const { loss } = crossEntropy(logits);
    const feeds = {
      [`${task}_logits`]: floats(c, `in/${task}_logits`),
      target: crossEntropyTarget(numbers(c, `in/${task}_target`), weights),
    };
    const out = await evaluate({ loss, d: gradients(loss, [logits])[0] }, feeds, backend);
    computed.set(`out/${task}_loss`, required(out, 'loss')).set(`grad/${task}_logits`, required(out, 'd'));
  }
  const lambdas = c.tensors.get('in/hazards');
  if (lambdas) computed.set('out/risk', riskOf(floats(c, 'in/hazards'), lambdas.shape[1]));
  for (const name of c.expected.keys()) {
    const [, floor, digits] = /^out\/nll_(floor_)?alpha(\d+)$/.exec(name) ?? [];
    if (!digits) continue;
    const alpha = Number(digits.length > 1 ? `0.${digits.slice(1)}` : digits);
    const gradient = `grad/hazards_alpha${digits}`;
    const C = tensorOf(c, 'in/hazards').shape[1];
    const rows = floor ? tensorOf(c, 'in/hazards').shape[0] : tensorOf(c, gradient).shape[0];
    const lambda = input('hazards', [rows, C]);
    const loss = survivalLikelihood(lambda);
    const bins = numbers(c, 'in/interval');
    const censored = numbers(c, 'in/censored');
    const labels = Array.from({ length: rows }, (_, b) => ({ bin: bins[b], censored: censored[b] === 1 }));
    const feeds = { hazards: floats(c, 'in/hazards').slice(0, rows * C), ...survivalTargets(labels, C, alpha) };
    const out = await evaluate({ loss, d: gradients(loss, [lambda])[0] }, feeds, backend);
    computed.set(name, required(out, 'loss'));
    if (!floor) computed.set(gradient, required(out, 'd'));
  }
  return computed;
}

/** Both forms at every batch size that the case has, `in/code_B` and `in/vgrid_B`. */
export async function consistencyCase(c: Case, backend: Backend): Promise<Computed> {
  const computed: Computed = new Map();
  for (const name of c.tensors.keys()) {
    const suffix = /^in\/code_(.*)$/.exec(name)?.[1];
    if (suffix === undefined) continue;
    for (const form of ['corrected', 'reference'] as const satisfies readonly ConsistencyForm[]) {
      const v = input('v', tensorOf(c, name).shape);
      const vgrid = input('vgrid', tensorOf(c, `in/vgrid_${suffix}`).shape);
      const loss = consistency(v, vgrid, form);
      const [dv, dvgrid] = gradients(loss, [v, vgrid]);
      const out = await evaluate(
        { loss, dv, dvgrid },
        { v: floats(c, name), vgrid: floats(c, `in/vgrid_${suffix}`) },
        backend,
      );
      computed.set(`out/${form}_${suffix}`, required(out, 'loss'));
      computed
        .set(`grad/${form}_code_${suffix}`, required(out, 'dv'))
        .set(`grad/${form}_vgrid_${suffix}`, required(out, 'dvgrid'));
    }
  }
  return computed;
}
