import { add, compile, constant, gradients, input, mul, reshape, sum, type Program, type Value } from 'onnx-autodiff';
import type { Backend } from '../inference/backend.js';
import { deformableAttention } from '../model/attention.js';
import { encodeGenes, finishBranch, placeBranch, projectPatches } from '../model/branch.js';
import { consistency, type ConsistencyForm } from '../model/consistency.js';
import { crossEntropy, crossEntropyTarget, riskOf, survivalLikelihood, survivalTargets } from '../model/losses.js';
import { networkParameters, scoped } from '../model/parameters.js';
import { referenceName } from '../model/reference-names.js';
import { keyPositions } from '../model/sampling.js';
import type { Case } from './fixture.js';

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

function floats(c: Case, name: string): Floats {
  const tensor = c.tensors.get(name);
  if (!tensor) throw new Error(`case ${c.name} has no tensor ${name}`);
  return tensor.data as Floats;
}

/** `in/` tensors as inputs of a graph. */
function givenInput(c: Case, name: string): Value {
  return input(name, c.tensors.get(`in/${name}`)!.shape);
}

/**
 * The parameters that a case gives, as inputs under our names in the scope of a branch, and the case's name of each.
 * `scope` is what the case leaves out of the checkpoint names.
 */
function caseParameters(
  c: Case,
  scope: string,
  genes = 1,
): { p: Record<string, Value>; names: Map<string, string>; feeds: Record<string, Floats> } {
  const specs = scoped(
    networkParameters({ patchWidth: 1024, genes: { tumour: genes, microenvironment: 1 }, classes: 2 }),
    'tumour.',
  );
  const p: Record<string, Value> = {};
  const names = new Map<string, string>();
  const feeds: Record<string, Floats> = {};
  for (const [ours, { shape }] of Object.entries(specs)) {
    const full = referenceName(`tumour.${ours}`);
    if (!full.startsWith(scope) || !c.tensors.has(`w/${full.slice(scope.length)}`)) continue;
    const theirs = full.slice(scope.length);
    const patchWidth = ours === 'patches.weight' ? c.tensors.get('in/patches')!.shape[2] : undefined;
    p[ours] = input(ours, patchWidth ? [shape[0], patchWidth] : shape);
    names.set(ours, theirs);
    feeds[ours] = floats(c, `w/${theirs}`);
  }
  return { p, names, feeds };
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
  [...values.keys()].forEach((name, i) => (asked[`grad/${name}`] = d[i]!));
  return evaluate(asked, feeds, backend);
}

function gradientTargets(p: Record<string, Value>, names: ReadonlyMap<string, string>): Map<string, Value> {
  return new Map([...names].map(([ours, theirs]) => [theirs, p[ours]]));
}

export async function geneEncoderCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, names, feeds } = caseParameters(c, 'omic_net_tumor.', c.tensors.get('in/genes')!.shape[1]);
  const genes = givenInput(c, 'genes');
  const output = [...c.expected.keys()].find((name) => name.startsWith('out/'))!.slice(4);
  const targets = gradientTargets(p, names).set('genes', genes);
  return outputsAndGradients(c, backend, { [output]: encodeGenes(genes, p) }, targets, {
    ...feeds,
    genes: floats(c, 'in/genes'),
  });
}

export async function attentionCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, names, feeds } = caseParameters(c, 'pathomic_net_tumor.layer3.attn2d.');
  const queries = givenInput(c, 'queries');
  const context = givenInput(c, 'context');
  const vgrid = keyPositions(queries, p);
  const out = deformableAttention(queries, vgrid, context, p, backend.positionBias);
  const targets = gradientTargets(p, names).set('queries', queries).set('context', context);
  const given = { ...feeds, queries: floats(c, 'in/queries'), context: floats(c, 'in/context') };
  return outputsAndGradients(c, backend, { out, vgrid }, targets, given);
}

export async function positionBiasCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, names, feeds } = caseParameters(c, 'pathomic_net_tumor.layer3.attn2d.');
  const points = givenInput(c, 'key_points');
  const side = Math.sqrt(c.tensors.get('cot/bias')!.shape[1]);
  const [w1, b1, w2, b2, w3, b3] = [0, 1, 2].flatMap((i) => [p[`bias.${i}.weight`], p[`bias.${i}.bias`]]);
  const bias = backend.positionBias(points, side, { w1: w1, b1: b1, w2: w2, b2: b2, w3: w3, b3: b3 });
  const targets = gradientTargets(p, names).set('key_points', points);
  return outputsAndGradients(c, backend, { bias }, targets, { ...feeds, key_points: floats(c, 'in/key_points') });
}

export async function branchCase(c: Case, backend: Backend): Promise<Computed> {
  const { p, names, feeds } = caseParameters(c, 'pathomic_net_tumor.');
  const X = givenInput(c, 'patches');
  const v = givenInput(c, 'gene_features');
  const placed = placeBranch(projectPatches(X, p), v, p);
  const feature = finishBranch(placed, p, backend.positionBias);
  const targets = gradientTargets(p, names).set('gene_features', v).set('patches', X);
  const given = { ...feeds, patches: floats(c, 'in/patches'), gene_features: floats(c, 'in/gene_features') };
  const computed = await outputsAndGradients(c, backend, { feature, vgrid: placed.vgrid! }, targets, given);
  // A case may hold the large gradient of the patches as its sum over patches and its first few.
  const dX = computed.get('grad/patches')!;
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
      target: crossEntropyTarget(Array.from(floats(c, `in/${task}_target`)), weights),
    };
    const out = await evaluate({ loss, d: gradients(loss, [logits])[0] }, feeds, backend);
    computed.set(`out/${task}_loss`, out.get('loss')!).set(`grad/${task}_logits`, out.get('d')!);
  }
  const lambdas = c.tensors.get('in/hazards');
  if (lambdas) computed.set('out/risk', riskOf(floats(c, 'in/hazards'), lambdas.shape[1]));
  for (const name of c.expected.keys()) {
    const [, floor, digits] = /^out\/nll_(floor_)?alpha(\d+)$/.exec(name) ?? [];
    if (!digits) continue;
    const alpha = Number(digits.length > 1 ? `0.${digits.slice(1)}` : digits);
    const gradient = `grad/hazards_alpha${digits}`;
    const C = c.tensors.get('in/hazards')!.shape[1];
    const rows = floor ? c.tensors.get('in/hazards')!.shape[0] : c.tensors.get(gradient)!.shape[0];
    const lambda = input('hazards', [rows, C]);
    const loss = survivalLikelihood(lambda);
    const bins = floats(c, 'in/interval');
    const censored = floats(c, 'in/censored');
    const labels = Array.from({ length: rows }, (_, b) => ({ bin: bins[b], censored: censored[b] === 1 }));
    const feeds = { hazards: floats(c, 'in/hazards').slice(0, rows * C), ...survivalTargets(labels, C, alpha) };
    const out = await evaluate({ loss, d: gradients(loss, [lambda])[0] }, feeds, backend);
    computed.set(name, out.get('loss')!);
    if (!floor) computed.set(gradient, out.get('d')!);
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
      const v = input('v', c.tensors.get(name)!.shape);
      const vgrid = input('vgrid', c.tensors.get(`in/vgrid_${suffix}`)!.shape);
      const loss = consistency(v, vgrid, form);
      const [dv, dvgrid] = gradients(loss, [v, vgrid]);
      const out = await evaluate(
        { loss, dv: dv, dvgrid: dvgrid },
        { v: floats(c, name), vgrid: floats(c, `in/vgrid_${suffix}`) },
        backend,
      );
      computed.set(`out/${form}_${suffix}`, out.get('loss')!);
      computed
        .set(`grad/${form}_code_${suffix}`, out.get('dv')!)
        .set(`grad/${form}_vgrid_${suffix}`, out.get('dvgrid')!);
    }
  }
  return computed;
}
