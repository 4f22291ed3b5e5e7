import { lossInputs, type BatchLabels, type Feeds, type Sample } from '../inference/batch.js';
import type { Parameters } from '../model/parameters.js';
import { branchesOf, gridSide, GROUPS, keySide, perBranch, WHOLE, WIDTH, type PerBranch } from '../model/parts.js';
import {
  consistencyGraph,
  isConsistent,
  learnGraph,
  placeGraph,
  projectGraph,
  type StepOptions,
} from './step-graphs.js';
import { accumulate, defaultMicroBatch, evenParts, rowsOf, stepPrograms, type StepPrograms } from './step-programs.js';

export type { StepOptions } from './step-graphs.js';

/** Losses and gradients of one batch. */
export interface Gradients {
  readonly task: number;
  /** Further loss of the network's own: half the sum of the consistency terms, or a peer's; 0 where there is none. */
  readonly auxiliary: number;
  readonly gradients: Parameters;
  readonly logits: Float32Array; // [B, C]
}

/** What the branches of the subspace network made of a batch. */
export interface BatchGradients extends Gradients {
  /** Consistency of each branch before the factor ½; 0 where the term is left out. */
  readonly consistency: PerBranch<number>;
  readonly z: PerBranch<Float32Array>; // [B, 128]
  readonly v: PerBranch<Float32Array>; // [B, 128]
  readonly vgrid: PerBranch<Float32Array>; // [B·8, 2, k, k]; zeros where attention is plain
}

/** A training step of some network. */
export interface Step<G extends Gradients = Gradients> {
  /**
   * Gradients of the loss over a whole batch, before coordination; exact for any micro-batch size.
   * `draw` tells dropout masks apart: the same seed and step give the same masks.
   */
  gradients(
    parameters: Parameters,
    batch: readonly Sample[],
    labels: BatchLabels,
    draw: { seed: number; step: number },
  ): Promise<G>;
  dispose(): Promise<void>;
}

/**
 * A training step of the subspace network by exact micro-batches, for L = task + ½·Σ consistency. What couples the samples of a
 * batch is (1) the consistency loss, (2) the normaliser of the task loss, known from the labels, and (3) the coordination, which
 * comes after. So: `project` computes P of every sample, which is kept; `place` gene codes and key positions of all samples,
 * cheaply; `consistency` takes those of the whole batch and gives its gradients with respect to them; `learn` takes each
 * micro-batch once, forward and backward, with those fed in.
 */
export function createStep(options: StepOptions): Step<BatchGradients> {
  const { size, tokens, backend, parts = WHOLE, observe = () => undefined } = options;
  const { microBatch = defaultMicroBatch(tokens) } = options;
  const branches = branchesOf(parts);
  const vgridSize = GROUPS * 2 * keySide(gridSide(tokens)) ** 2;
  const graphs = {
    project: (B: number) => projectGraph(options, B),
    place: placeGraph.bind(undefined, options),
    learn: learnGraph.bind(undefined, options),
    consistency: (B: number) => consistencyGraph(options, B),
  };
  const programs = stepPrograms(graphs, backend, observe);

  return {
    async gradients(parameters, batch, labels, draw) {
      const B = batch.length;
      const C = size.classes;
      const coupled = isConsistent(options);
      const perSample = (width: number) => perBranch(branches, () => new Float32Array(B * width));
      const P = perBranch(branches, (branch) => programs.array(`P.${branch}`, B * tokens * WIDTH));
      const v = perSample(WIDTH);
      const vgrid = perSample(vgridSize);
      const dv = perSample(WIDTH);
      const dvgrid = perSample(vgridSize);
      const z = perSample(WIDTH);
      const chunks = evenParts(B, microBatch).map(([from, to]) => ({
        from,
        samples: batch.slice(from, to),
        draw,
        rows: (array: Float32Array) => rowsOf(array, B, from, to),
      }));

      for (const { rows, ...part } of chunks) {
        const projected = await programs.run('project', part, parameters);
        for (const branch of branches) rows(P[branch]).set(projected[`P.${branch}`]);
        if (!coupled) continue;
        const placed = await programs.run(
          'place',
          part,
          parameters,
          Object.fromEntries(branches.map((branch) => [`P.${branch}`, rows(P[branch])])),
        );
        for (const branch of branches) {
          rows(v[branch]).set(placed[`v.${branch}`]);
          rows(vgrid[branch]).set(placed[`vgrid.${branch}`]);
        }
      }
      // Where a stand-in takes the place of genes or slides, there is nothing for them to agree with.
      const complete = batch.flatMap(({ bag, genes }, i) => (bag && genes ? [i] : []));
      const consistency: Record<string, number> = {};
      for (const branch of branches) {
        consistency[branch] = coupled
          ? await consistencyOf(
              programs,
              complete,
              { v: v[branch], vgrid: vgrid[branch] },
              { dv: dv[branch], dvgrid: dvgrid[branch] },
            )
          : 0;
      }

      const total: Parameters = Object.fromEntries(
        Object.entries(parameters).map(([name, p]) => [name, new Float32Array(p.length)]),
      );
      const logits = new Float32Array(B * C);
      const shares = Object.entries(lossInputs(labels, C));
      let task = 0;
      for (const { rows, ...part } of chunks) {
        const others: Feeds = Object.fromEntries(shares.map(([name, share]) => [name, rows(share)]));
        for (const branch of branches) {
          others[`P.${branch}`] = rows(P[branch]);
          others[`dv.${branch}`] = rows(dv[branch]);
          others[`dvgrid.${branch}`] = rows(dvgrid[branch]);
        }
        const out = await programs.run('learn', part, parameters, others);
        const started = performance.now();
        task += out['task'][0];
        rows(logits).set(out['logits']);
        for (const branch of branches) {
          rows(v[branch]).set(out[`v.${branch}`]);
          rows(z[branch]).set(out[`z.${branch}`]);
          const placed = out[`vgrid.${branch}`];
          if (placed) rows(vgrid[branch]).set(placed);
        }
        for (const [name, sum] of Object.entries(total)) accumulate(sum, out[`d.${name}`]);
        observe('sum of gradients', (performance.now() - started) / 1000);
      }
      const auxiliary = branches.reduce((sum, branch) => sum + consistency[branch] / 2, 0);
      return { task, auxiliary, consistency: consistency as PerBranch<number>, gradients: total, logits, z, v, vgrid };
    },
    dispose: () => programs.dispose(),
  };
}

/**
 * The consistency loss of one branch over these samples of the batch; its gradients go into their rows of `dv` and `dvgrid`.
 * A sample alone has no partner: the term is left out.
 */
async function consistencyOf(
  programs: StepPrograms,
  samples: readonly number[],
  { v, vgrid }: { v: Float32Array; vgrid: Float32Array },
  { dv, dvgrid }: { dv: Float32Array; dvgrid: Float32Array },
): Promise<number> {
  const n = samples.length;
  if (n < 2) return 0;
  const B = v.length / WIDTH;
  const row = (array: Float32Array, i: number) => rowsOf(array, B, i, i + 1);
  const taken = (array: Float32Array) => {
    const rows = new Float32Array((array.length / B) * n);
    samples.forEach((i, at) => {
      rowsOf(rows, n, at, at + 1).set(row(array, i));
    });
    return rows;
  };
  const out = await programs.runOn('consistency', n, { v: taken(v), vgrid: taken(vgrid) });
  samples.forEach((i, at) => {
    row(dv, i).set(rowsOf(out['dv'], n, at, at + 1));
    row(dvgrid, i).set(rowsOf(out['dvgrid'], n, at, at + 1));
  });
  return out['loss'][0];
}
