import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defined } from '../testing/defined.js';
import { parityFolders } from '../testing/parity.js';
import { metricsCase } from './metrics-case.js';

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly tolerance?: { readonly rel: number; readonly abs: number };
}

/** The F64 and I32 tensors of a safetensors file: 8 bytes of header length, a JSON header, then the values. */
function readSafetensors(path: string) {
  const file = readFileSync(path);
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, headerEnd),
  );
  delete header['__metadata__'];
  return new Map(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const bytes = file.buffer.slice(file.byteOffset + headerEnd + from, file.byteOffset + headerEnd + to);
        return [name, { shape, data: dtype === 'F64' ? new Float64Array(bytes) : new Int32Array(bytes) }];
      },
    ),
  );
}

describe.each(parityFolders)('the parity case "metrics" (%s)', (folder) => {
  const entries: Entry[] = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')).cases.metrics.tensors;
  const isExpected = ({ name, tolerance }: Entry) => tolerance !== undefined || name.endsWith('/pairs');
  const tensors = readSafetensors(`${folder}/metrics.safetensors`);
  const inputs = new Map(entries.filter((e) => !isExpected(e)).map(({ name }) => [name, defined(tensors.get(name))]));
  const outputs = metricsCase(inputs);

  test('computes every expected tensor and nothing else', () => {
    expect([...outputs.keys()].sort()).toEqual(
      entries
        .filter(isExpected)
        .map(({ name }) => name)
        .sort(),
    );
  });

  test.each(entries.filter(isExpected))('$name', ({ name, tolerance }) => {
    const expected = Array.from(defined(tensors.get(name)).data);
    const got = Array.from(defined(outputs.get(name)));
    const largest = Math.max(0, ...expected.filter((v) => !Number.isNaN(v)).map(Math.abs));
    const allowed = tolerance === undefined ? 0 : tolerance.abs + tolerance.rel * largest;
    expect(got).toHaveLength(expected.length);
    expect(got.map(Number.isNaN)).toEqual(expected.map(Number.isNaN));
    got.forEach((value, i) => {
      if (!Number.isNaN(value)) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(allowed);
    });
  });
});

test('refused metrics are NaN, a ratio that is 0/0 for every class is 0', () => {
  const column = (...values: number[]) => ({ shape: [values.length], data: Float64Array.from(values) });
  const outputs = metricsCase(
    new Map([
      ['a/probabilities', { shape: [1, 2], data: Float64Array.of(0.7, 0.3) }],
      ['a/truth', column(0)],
      ['b/time', column(1, 2)],
      ['b/event', column(0, 0)],
      ['b/score', column(1, 2)],
      ['b/group', column(0, 1)],
    ]),
  );
  expect(outputs.get('a/auc')).toEqual([NaN]);
  expect(outputs.get('a/specificity')).toEqual([0]);
  expect(outputs.get('b/concordance')).toEqual([NaN]);
  expect(outputs.get('b/logrank')).toEqual([NaN, NaN]);
  expect(() => metricsCase(new Map([['b/time', column(1)]]))).toThrow('the metrics case has no tensor b/event');
});
