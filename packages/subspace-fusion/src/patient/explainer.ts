import { compile, gradients, input, mean, sizeOf, type Program, type Value } from 'onnx-autodiff';
import { SUBSPACES, type Subspace } from '../cohort/types.js';
import { InputError } from '../files/errors.js';
import type { Backend } from '../inference/backend.js';
import { sampleFeeds, type Feeds, type GeneVectors, type Sample } from '../inference/batch.js';
import { deformableWeights, plainWeights } from '../model/attention.js';
import { placeBranch, type BranchLayers } from '../model/branch.js';
import { graphInputs } from '../model/choice.js';
import { parameterInputs, type Parameters } from '../model/layers.js';
import {
  branchInputs,
  network,
  networkLayers,
  projections,
  withCovariates,
  type NetworkInputs,
  type NetworkLayers,
} from '../model/network.js';
import {
  branchEntries,
  branchesOf,
  GROUPS,
  mapBranches,
  perBranch,
  WIDTH,
  type Branches,
  type PerBranch,
} from '../model/parts.js';
import type { ExplainedOutput } from '../runs/explanations.js';
import type { Model } from '../runs/model.js';
import { chosenClass, explainedScalar } from './prediction.js';

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
  readonly branches: Branches;
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
export function openExplainer(model: Model, start: Parameters, backend: Backend): Explainer {
  const { network: choice, size, tokens, outcome } = model;
  if (choice.name !== 'subspace')
    throw new InputError(
      `The model is '${choice.name}'. Only models of the method itself (model.name: subspace) are explained.`,
    );
  const { parts } = choice;
  const branches = branchesOf(parts);
  const p = parameterInputs(networkLayers(size, parts));
  const { X, genes, covariates, present } = graphInputs(choice, size, tokens, 1);
  const P = perBranch(branches, (branch) => input(`P.${branch}`, [1, tokens, WIDTH]));
  const out = network({ P, genes, present }, p, backend.positionBias);
  const logits = withCovariates(out.logits, covariates, p.covariates);
  const value = explainedScalar(logits, input('chosen', [1, size.classes]), outcome);
  const [dTumour, dMicroenvironment, ...dP] = gradients(value, [
    genes.tumour,
    genes.microenvironment,
    ...branchEntries(P).map(([, P]) => P),
  ]);
  const graphs = {
    project: named('P', projections(X, p)),
    forward: {
      logits,
      ...named(
        'z',
        mapBranches(out.branches, ({ z }) => z),
      ),
    },
    look: lookGraph({ P, genes, present }, p, backend),
    slope: {
      value,
      'd.x.tumour': dTumour,
      'd.x.microenvironment': dMicroenvironment,
      ...named(
        'd.P',
        perBranch(branches, (branch) => dP[branches.findIndex((b) => b === branch)]),
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
    const compiled = programs.get(name) ?? compile(graphs[name] as Record<string, Value>, backend);
    programs.set(name, compiled);
    const program = await compiled;
    const given = { ...parameters, ...others, ...(point.P && named('P', point.P)) };
    const presence: Sample = {
      bag: point.bag ?? point.P?.[branches[0]],
      genes: point.genes,
      covariates: point.covariates,
    };
    const feeds = sampleFeeds([presence], program.inputs);
    for (const [input, shape] of Object.entries(program.inputs)) {
      if (input in given) feeds[input] = given[input];
      else if (input.startsWith('P.')) feeds[input] = new Float32Array(sizeOf(shape)); // of a missing bag
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
        vgrid: `vgrid.${branch}` in results ? results[`vgrid.${branch}`].slice() : undefined,
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
function named<T>(prefix: string, of: PerBranch<T>): Record<string, T> {
  return Object.fromEntries(branchEntries(of).map(([branch, value]) => [`${prefix}.${branch}`, value]));
}

/** Attention that each key receives, `[1, 8, M]`, and the key positions, by branch. */
function lookGraph(inputs: NetworkInputs, p: NetworkLayers, { positionBias }: Backend): Record<string, Value> {
  const graph: Record<string, Value> = {};
  for (const [branch, layers] of branchEntries<BranchLayers>(p)) {
    const { P, v } = branchInputs(inputs, branch, layers);
    const { normalF, normalP, vgrid } = placeBranch(P, v, layers);
    const { A } = vgrid
      ? deformableWeights(normalF, vgrid, normalP, layers, positionBias)
      : plainWeights(normalF, normalP, layers);
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
