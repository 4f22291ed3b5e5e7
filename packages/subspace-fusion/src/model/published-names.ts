import { InputError, required } from '../files/errors.js';
import type { StoredTensor } from '../files/safetensors.js';
import type { Parameters, ParameterSpecs } from './layers.js';

/** Our names of a branch's parameters and those of the published PyTorch checkpoints. */
const branchNames: readonly (readonly [string, string])[] = [
  ['patches.', 'pathomic_net_$._fc1.0.'],
  ['fusion.', 'pathomic_net_$.fusion_layer.fusion_layer.'],
  ['norm.scale', 'pathomic_net_$.layer3.norm.weight'],
  ['norm.shift', 'pathomic_net_$.layer3.norm.bias'],
  ['norm2.scale', 'pathomic_net_$.norm.weight'],
  ['norm2.shift', 'pathomic_net_$.norm.bias'],
  ['queries.', 'pathomic_net_$.layer3.attn2d.to_q.'],
  ['keys.', 'pathomic_net_$.layer3.attn2d.to_k.'],
  ['values.', 'pathomic_net_$.layer3.attn2d.to_v.'],
  ['offsets.depthwise.', 'pathomic_net_$.layer3.attn2d.to_offsets.0.'],
  ['offsets.pointwise.', 'pathomic_net_$.layer3.attn2d.to_offsets.2.'],
  ['bias.0.', 'pathomic_net_$.layer3.attn2d.rel_pos_bias.mlp.0.0.'],
  ['bias.1.', 'pathomic_net_$.layer3.attn2d.rel_pos_bias.mlp.1.0.'],
  ['bias.2.', 'pathomic_net_$.layer3.attn2d.rel_pos_bias.mlp.2.'],
  ['out.', 'pathomic_net_$.layer3.attn2d.to_out.'],
  ['pooler.', 'pathomic_net_$.pooler.dense.'],
  ['projection.', 'pathomic_net_$.multimodal_projection.'],
];

const subspaceNames = { tumour: 'tumor', microenvironment: 'immune' } as const;

/** The published checkpoint's name of one of our parameters, e.g. `tumour.keys.weight`. */
export function publishedName(name: string): string {
  if (name.startsWith('head.')) return name.replace('head.', 'classifier.');
  const [, subspace, rest] = /^(tumour|microenvironment)\.(.*)$/.exec(name) ?? [];
  if (!subspace || !rest) throw new Error(`no parameter is named ${name}`);
  const theirs = subspaceNames[subspace as keyof typeof subspaceNames];
  const genes = /^genes\.(\d)\.(.*)$/.exec(rest);
  if (genes) return `omic_net_${theirs}.encoder.${genes[1]}.0.${genes[2]}`;
  const found = branchNames.find(([prefix]) => rest.startsWith(prefix));
  if (!found) throw new Error(`no parameter is named ${name}`);
  const [ours, pattern] = found;
  return pattern.replace('$', theirs) + rest.slice(ours.length);
}

/** Parameters of the published checkpoints that never reach the loss. */
const idle = [/^classifier_(tumor|immune)\./, /^omic_net_(tumor|immune)\.classifier\./, /\.cls_token$/, /\.attn1d\./];

/**
 * A published checkpoint's tensors as our parameters.
 * @returns the parameters; `ignored`, those known to be idle; and `unknown`, names that neither network has
 * @throws InputError where one is missing, has another number of elements, or is not of float32
 */
export function fromPublished(
  tensors: ReadonlyMap<string, StoredTensor>,
  specs: ParameterSpecs,
  path: string,
): { parameters: Parameters; ignored: string[]; unknown: string[] } {
  const names = new Map(Object.keys(specs).map((name) => [publishedName(name), name]));
  const missing = [...names.keys()].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    throw new InputError(
      `${path}: ${missing.length} parameters are missing: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
    );
  }
  const parameters: Parameters = {};
  for (const [theirs, ours] of names) {
    const { shape, data } = required(tensors, theirs);
    const expected = specs[ours].shape;
    if (!(data instanceof Float32Array))
      throw new InputError(`${path}: ${theirs} is not of float32. Convert the checkpoint.`);
    // Their 1×1 convolutions have trailing axes of 1 and join the groups: the same elements in the same order.
    if (data.length !== expected.reduce((n, d) => n * d, 1)) {
      throw new InputError(
        `${path}: ${theirs} has shape [${shape.join(', ')}], expected the elements of [${expected.join(', ')}]`,
      );
    }
    parameters[ours] = data.slice();
  }
  const others = [...tensors.keys()].filter((name) => !names.has(name));
  const isIdle = (name: string) => idle.some((pattern) => pattern.test(name));
  return { parameters, ignored: others.filter(isIdle), unknown: others.filter((name) => !isIdle(name)) };
}
