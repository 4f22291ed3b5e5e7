import { describe, expect, test } from 'vitest';
import { InputError } from '../files/errors.js';
import type { StoredTensor } from '../files/safetensors.js';
import { defined } from '../testing/defined.js';
import { initialise } from './layers.js';
import { networkParameters } from './network.js';
import { fromPublished, publishedName } from './published-names.js';

const specs = networkParameters({ patchWidth: 5, genes: { tumour: 3, microenvironment: 4 }, classes: 3 });
const start = initialise(specs, 1);
const checkpoint = () =>
  new Map<string, StoredTensor>(
    Object.entries(specs).map(([name, { shape }]) => [publishedName(name), { shape, data: start[name] }]),
  );
const scalar: StoredTensor = { shape: [1], data: Float32Array.of(1) };

describe('checkpoints of the published code', () => {
  test('names are those of its modules', () => {
    expect(publishedName('tumour.genes.2.bias')).toBe('omic_net_tumor.encoder.2.0.bias');
    expect(publishedName('microenvironment.keys.weight')).toBe('pathomic_net_immune.layer3.attn2d.to_k.weight');
    expect(publishedName('tumour.bias.0.weight')).toBe('pathomic_net_tumor.layer3.attn2d.rel_pos_bias.mlp.0.0.weight');
    expect(publishedName('tumour.norm.scale')).toBe('pathomic_net_tumor.layer3.norm.weight');
    expect(publishedName('head.weight')).toBe('classifier.weight');
    expect(() => publishedName('stroma.keys.weight')).toThrow('no parameter is named stroma.keys.weight');
  });

  test('every parameter has a name of its own, and comes back from it', () => {
    const theirs = Object.keys(specs).map(publishedName);
    expect(new Set(theirs).size).toBe(theirs.length);
    const { parameters, ignored, unknown } = fromPublished(checkpoint(), specs, 'c');
    expect(Object.keys(parameters)).toEqual(Object.keys(start));
    for (const [name, x] of Object.entries(parameters))
      expect(Buffer.from(x.buffer).equals(Buffer.from(start[name].buffer)), name).toBe(true);
    expect([ignored, unknown]).toEqual([[], []]);
  });

  test('their convolutions may have trailing axes of 1', () => {
    const tensors = checkpoint();
    const name = publishedName('tumour.queries.weight');
    tensors.set(name, { shape: [512, 16, 1, 1], data: defined(tensors.get(name)).data });
    expect(fromPublished(tensors, specs, 'c').parameters['tumour.queries.weight']).toEqual(
      start['tumour.queries.weight'],
    );
  });

  test('idle parameters are ignored by name, unknown ones are listed', () => {
    const idle = [
      'classifier_tumor.0.weight',
      'classifier_immune.0.bias',
      'omic_net_tumor.classifier.0.weight',
      'pathomic_net_tumor.cls_token',
      'pathomic_net_immune.layer3.attn1d.to_q.weight',
    ];
    const strange = ['epoch', 'pathomic_net_tumor.layer4.weight', 'classifier.scale'];
    const tensors = checkpoint();
    for (const name of [...idle, ...strange]) tensors.set(name, scalar);
    const { parameters, ignored, unknown } = fromPublished(tensors, specs, 'c');
    expect(ignored).toEqual(idle);
    expect(unknown).toEqual(strange);
    expect(Object.keys(parameters)).toEqual(Object.keys(start));
  });

  test('missing parameters are an error that names them', () => {
    const tensors = checkpoint();
    tensors.delete('classifier.bias');
    expect(() => fromPublished(tensors, specs, 'a/c.safetensors')).toThrow(
      new InputError('a/c.safetensors: 1 parameters are missing: classifier.bias'),
    );
    expect(() => fromPublished(new Map(), specs, 'c')).toThrow(/missing: .*, …$/);
  });

  test('a parameter of another size, or not of float32, is an error', () => {
    const tensors = checkpoint();
    tensors.set('classifier.bias', { shape: [4], data: new Float32Array(4) });
    expect(() => fromPublished(tensors, specs, 'c')).toThrow(
      /classifier\.bias has shape \[4\], expected the elements of \[3\]/,
    );
    tensors.set('classifier.bias', { shape: [3], data: new BigInt64Array(3) });
    expect(() => fromPublished(tensors, specs, 'c')).toThrow('c: classifier.bias is not of float32');
  });
});
