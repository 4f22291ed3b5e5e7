import { add, gradients, input, mul, sum, type Value } from 'onnx-autodiff';
import type { Feeds } from '../inference/batch.js';
import { graphInputs, reads } from '../model/choice.js';
import type { DropoutSite } from '../model/dropout.js';
import { rulesOf, TASK_LOSS } from '../model/outcomes.js';
import { peerGraph, PEERS, type PeerName } from '../model/peers/index.js';
import { accumulate, defaultMicroBatch, evenParts, rowsOf, stepPrograms, zerosLike } from './step-programs.js';
import type { Step, StepOptions } from './step.js';

export type PeerStepOptions = Omit<StepOptions, 'parts' | 'consistency'> & { readonly peer: PeerName };

/** A training step of a peer: nothing but the normaliser of the losses couples its samples, so micro-batches only add up. */
export function createPeerStep(options: PeerStepOptions): Step {
  const { size, tokens, peer, backend, observe = () => undefined } = options;
  const ofTokens = reads({ name: peer }).bag ? defaultMicroBatch(tokens) : Infinity;
  const { microBatch = PEERS[peer].microBatch ?? ofTokens } = options;
  const programs = stepPrograms({ learn: (B, sites) => learnGraph(options, B, sites) }, backend, observe);
  return {
    async gradients(parameters, batch, labels, draw) {
      const B = batch.length;
      const C = size.classes;
      const total = zerosLike(parameters);
      const logits = new Float32Array(B * C);
      const shares = Object.entries({ ...rulesOf(labels).lossInputs(C), share: new Float32Array(B).fill(1 / B) });
      let task = 0;
      let auxiliary = 0;
      for (const [from, to] of evenParts(B, Math.min(microBatch, B))) {
        const others: Feeds = Object.fromEntries(shares.map(([name, share]) => [name, rowsOf(share, B, from, to)]));
        const out = await programs.run('learn', { samples: batch.slice(from, to), from, draw }, parameters, others);
        task += out['task'][0];
        if ('auxiliary' in out) auxiliary += out['auxiliary'][0];
        rowsOf(logits, B, from, to).set(out['logits']);
        for (const [name, sum] of Object.entries(total)) accumulate(sum, out[`d.${name}`]);
      }
      return { task, auxiliary, gradients: total, logits };
    },
    dispose: () => programs.dispose(),
  };
}

/** Forward and backward pass of a peer: task loss, and its own further loss by the samples' share of the mean. */
function learnGraph(
  { peer, size, tokens, task: kind, dropout }: PeerStepOptions,
  B: number,
  sites: DropoutSite[],
): Record<string, Value> {
  const inputs = graphInputs({ name: peer }, size, tokens, B);
  // A peer's sites have rates of their own; a rate of 0 turns them all off.
  const own = peerGraph(peer, size, inputs, dropout > 0 ? { rate: dropout, sites, prefix: '' } : undefined);
  const { logits, parameters } = own;
  const task = TASK_LOSS[kind](logits);
  const auxiliary = own.auxiliary && sum(mul(own.auxiliary, input('share', [B])));
  const values = parameters.map(([, value]) => value);
  const d = gradients(auxiliary ? add(task, auxiliary) : task, values);
  return {
    task,
    logits,
    ...(auxiliary ? { auxiliary } : {}),
    ...Object.fromEntries(parameters.map(([name], i) => [`d.${name}`, d[i]])),
  };
}
