import { compile, gradients, input, mean, type Program, type Value } from 'onnx-autodiff';
import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { InputError } from '../files/errors.js';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Feeds, type GeneVectors, type Sample } from '../inference/batch.js';
import { deformableWeights, plainWeights } from '../model/attention.js';
import { placeBranch } from '../model/branch.js';
import { choiceParameters, graphInputs } from '../model/choice.js';
import {
  branchInputs,
  network,
  parameterInputs,
  projections,
  withCovariates,
  type NetworkInputs,
} from '../model/network.js';
import { scoped, type Parameters } from '../model/parameters.js';
import {
  branchesOf,
  GROUPS,
  perBranch,
  WIDTH,
  type Branch,
  type NetworkParts,
  type PerBranch,
} from '../model/parts.js';
import type { ExplainedOutput } from '../runs/explanations.js';
import type { Model } from '../runs/model.js';
import { chosenClass, explainedScalar } from './output.js';

/** One sample with its patches projected: where the network is evaluated. */
export interface Point extends Omit<Sample, 'bag'> {
  /** `[N, 128]` of each branch; undefined where the patient has no slide. */
  readonly P: PerBranch<Float32Array> | undefined;
}

/** Where a branch looks. */
export interface Look {
  /** Attention that each key receives, the mean over the queries, `[8, M]`. Keys of plain attention are the tokens. */
  readonly received: Float32Array;
  /** Key positions `[8, 2, k, k]`; plain attention has none. */
  readonly vgrid: Float32Array | undefined;
}

/** The explained output at a point and its gradient there. */
export interface Slope {
  readonly value: number;
  readonly genes: GeneVectors;
  readonly P: PerBranch<Float32Array>;
}

/** A model opened for looking inside, one sample at a time. What `slope` returns is written again by its next call. */
export interface Explainer {
  readonly model: Model;
  readonly branches: readonly Branch[];
  /** P of each branch, from a bag `[N, width]`. */
  project(bag: Float32Array): Promise<PerBranch<Float32Array>>;
  /** Logits `[C]` and the branches' features z `[128]`. */
  forward(point: Point): Promise<{ readonly logits: Float32Array; readonly z: PerBranch<Float32Array> }>;
  look(point: Point): Promise<PerBranch<Look>>;
  slope(point: Point, output: ExplainedOutput): Promise<Slope>;
  /** Other parameters from now on. */
  use(parameters: Parameters): void;
  dispose(): Promise<void>;
}

/** @throws InputError where the model is a peer: only the method's own network has subspaces to explain. */
export async function openExplainer(model: Model, start: Parameters, backend: Backend): Promise<Explainer> {
  const { network: choice, size, tokens, outcome } = model;
  if (choice.name !== 'subspace')
    throw new InputError(
      `The model is '${choice.name}'. Only models of the method itself (model.name: subspace) are explained.`,
    );
  const { parts } = choice;
  const branches = branchesOf(parts);
  const p = parameterInputs(choiceParameters(choice, size));
  const { X, genes, covariates, present } = graphInputs(choice, size, tokens, 1);
  const P = perBranch(branches, (branch) => input(`P.${branch}`, [1, tokens, WIDTH]));
  const out = network({ P, genes, present }, p, backend.positionBias, undefined, parts);
  const logits = covariates ? withCovariates(out.logits, covariates, p) : out.logits;
  const value = explainedScalar(logits, input('chosen', [1, size.classes]), outcome);
  const [dTumour, dMicroenvironment, ...dP] = gradients(value, [
    genes.tumour,
    genes.microenvironment,
    ...branches.map((branch) => P[branch]),
  ]);
  const graphs = {
    project: named('P', projections(X, p, parts), branches),
    forward: {
      logits,
      ...named(
        'z',
        perBranch(branches, (branch) => out[branch].z),
        branches,
      ),
    },
    look: lookGraph({ P, genes, present }, p, parts, backend),
    slope: {
      value,
      'd.x.tumour': dTumour,
      'd.x.microenvironment': dMicroenvironment,
      ...named(
        'd.P',
        perBranch(branches, (branch) => dP[branches.indexOf(branch)]),
        branches,
      ),
    },
  };

  let parameters = start;
  const programs = new Map<string, Promise<Program>>();
  /** Runs a graph, compiled when it is first needed. */
  async function run(
    name: keyof typeof graphs,
    point: Partial<Point> & { bag?: Float32Array },
    others: Feeds = {},
  ): Promise<Record<string, Float32Array>> {
    if (!programs.has(name)) programs.set(name, compile(graphs[name] as Record<string, Value>, backend));
    const program = await programs.get(name)!;
    const given = { ...parameters, ...others, ...(point.P && named('P', point.P, branches)) };
    const presence: Sample = {
      bag: point.bag ?? point.P?.[branches[0]],
      genes: point.genes,
      covariates: point.covariates,
    };
    const feeds = sampleFeeds([presence], program.inputs);
    for (const [input, shape] of Object.entries(program.inputs)) {
      feeds[input] ??= given[input] ?? new Float32Array(shape.reduce((n, d) => n * d, 1)); // a missing bag is fed as zeros
    }
    return program.run(feeds);
  }
  const copies = (results: Record<string, Float32Array>, of: string) =>
    perBranch(branches, (branch) => results[`${of}.${branch}`].slice());

  return {
    model,
    branches,
    project: async (bag) => copies(await run('project', { bag }), 'P'),
    async forward(point) {
      const results = await run('forward', point);
      return { logits: results['logits'].slice(), z: copies(results, 'z') };
    },
    async look(point) {
      const results = await run('look', point);
      return perBranch(branches, (branch) => ({
        received: results[`received.${branch}`].slice(),
        vgrid: results[`vgrid.${branch}`]?.slice(),
      }));
    },
    async slope(point, output) {
      const results = await run('slope', point, { chosen: chosenClass(output, size.classes) });
      const ofGenes = Object.fromEntries(SUBSPACES.map((s) => [s, results[`d.x.${s}`]])) as Record<
        Subspace,
        Float32Array
      >;
      return {
        value: results['value'][0],
        genes: ofGenes,
        P: perBranch(branches, (branch) => results[`d.P.${branch}`]),
      };
    },
    use(next) {
      parameters = next;
    },
    async dispose() {
      for (const program of programs.values()) await (await program).dispose();
    },
  };
}

/** Something of each branch under the names `prefix.branch`. */
function named<T>(prefix: string, of: PerBranch<T>, branches: readonly Branch[]): Record<string, T> {
  return Object.fromEntries(branches.map((branch) => [`${prefix}.${branch}`, of[branch]]));
}

/** Attention that each key receives, `[1, 8, M]`, and the key positions, by branch. */
function lookGraph(
  inputs: NetworkInputs,
  p: Readonly<Record<string, Value>>,
  parts: NetworkParts,
  { positionBias }: Backend,
): Record<string, Value> {
  const graph: Record<string, Value> = {};
  for (const branch of branchesOf(parts)) {
    const q = scoped(p, `${branch}.`);
    const { P, v } = branchInputs(inputs, branch, q);
    const { normalF, normalP, vgrid } = placeBranch(P, v, q, parts);
    const { A } = vgrid
      ? deformableWeights(normalF, vgrid, normalP, q, parts.positionBias ? positionBias : undefined)
      : plainWeights(normalF, normalP, q);
    graph[`received.${branch}`] = mean(A, [2]);
    if (vgrid) graph[`vgrid.${branch}`] = vgrid;
  }
  return graph;
}

/** Attention of every key as that of one head after the other. */
export function heads(received: Float32Array): Float32Array[] {
  const M = received.length / GROUPS;
  return Array.from({ length: GROUPS }, (_, head) => received.subarray(head * M, (head + 1) * M));
}
