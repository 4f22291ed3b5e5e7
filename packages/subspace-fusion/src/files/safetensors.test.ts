import { mkdtempSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from './errors.js';
import { readSafetensors } from './file-source.js';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';

/** A file with this header, whatever it says, and a body. */
function file(header: unknown, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = Buffer.alloc(8 + json.length + body.length);
  bytes.writeBigUInt64LE(BigInt(json.length));
  bytes.write(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const refusal = (bytes: Uint8Array) => {
  try {
    decodeSafetensors(bytes, 'a.safetensors');
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('was read');
};

describe('safetensors', () => {
  const a = { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 1e-30, Infinity, 0) };
  const scalar = { shape: [], data: Float32Array.of(7) };
  const empty = { shape: [0, 4], data: new Float32Array(0) };

  test('claims no more than it holds: tensors that share numbers, or have many axes', () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    expect(refusal(file({ a: entry, b: { ...entry, data_offsets: [4, 12] } }, new Uint8Array(12)))).toMatch(
      /the places of its tensors overlap/,
    );
    const axes = (n: number) =>
      file({ a: { ...entry, shape: [2, ...Array<number>(n - 1).fill(1)] } }, new Uint8Array(8));
    expect(refusal(axes(9))).toMatch(/the entry of tensor a is not complete/);
    expect(decodeSafetensors(axes(8), 'a').tensors.size).toBe(1);
    const none = { ...entry, shape: [0], data_offsets: [0, 0] };
    expect(decodeSafetensors(file({ a: entry, b: none }, new Uint8Array(8)), 'a').tensors.size).toBe(2);
  });

  test('gives back what was written: order, shapes, numbers, metadata', () => {
    const bytes = encodeSafetensors(
      [
        ['z', a],
        ['scalar', scalar],
        ['ä', empty],
      ],
      { epoch: '3' },
    );
    const { tensors, metadata } = decodeSafetensors(bytes, 'a');
    expect([...tensors]).toEqual([
      ['z', a],
      ['scalar', scalar],
      ['ä', empty],
    ]);
    expect(metadata).toEqual({ epoch: '3' });
    expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0); // the body is aligned
  });

  test('writes a part of a larger array, and no more than it', () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const { tensors } = decodeSafetensors(encodeSafetensors([['x', { shape: [2], data }]]), 'a');
    expect(tensors.get('x')?.data).toEqual(Float32Array.of(1, 2));
  });

  test('reads from any place of a larger buffer, and copies', () => {
    const bytes = encodeSafetensors([['a', a]]);
    for (const shift of [0, 1, 2, 3, 5]) {
      const larger = Buffer.alloc(bytes.length + 8, 0xff);
      larger.set(bytes, shift);
      const { tensors } = decodeSafetensors(larger.subarray(shift, shift + bytes.length), 'a');
      larger.fill(0);
      expect(tensors.get('a')).toEqual(a);
    }
  });

  test('reads the element types of other programs, whatever the length of their header', () => {
    const body = Buffer.alloc(29);
    body.writeDoubleLE(0.1, 0);
    body.writeInt32LE(-5, 8);
    body.writeBigInt64LE(2n ** 40n, 12);
    body.writeUInt8(200, 20);
    body.writeFloatLE(1.5, 21);
    const entry = (dtype: string, start: number, end: number) => ({ dtype, shape: [1], data_offsets: [start, end] });
    const header = {
      d: entry('F64', 0, 8),
      i: entry('I32', 8, 12),
      l: entry('I64', 12, 20),
      u: entry('U8', 20, 21),
      f: entry('F32', 21, 25),
    };
    for (const pad of ['', ' ', '  ', '   ']) {
      const { tensors } = decodeSafetensors(file(JSON.stringify(header) + pad, body), 'a');
      expect([...tensors.values()].map(({ data }) => data[0])).toEqual([0.1, -5, 2n ** 40n, 200, 1.5]);
    }
  });

  test('a file that is cut short anywhere is refused', () => {
    const bytes = encodeSafetensors([['a', a]]);
    for (let length = 0; length < bytes.length; length += 7)
      expect(refusal(bytes.subarray(0, length))).toContain('is it whole?');
    expect(refusal(bytes.subarray(0, bytes.length - 1))).toContain('tensor a [2, 3] does not lie inside the file');
  });

  test('other files are refused, and the message says what is wrong', () => {
    expect(refusal(Buffer.from('patient,gene\nP1,3\n'))).toMatch(/the header would be \d+ bytes long/);
    expect(refusal(file('not json'))).toContain('the header is not JSON');
    expect(refusal(file('null'))).toContain('not a JSON object');
    expect(refusal(file({ a: null }))).toContain('the entry of tensor a is not complete');
    expect(refusal(file({ a: { dtype: 'F32', shape: [1] } }))).toContain('the entry of tensor a is not complete');
    expect(refusal(file({ a: { dtype: 'BF16', shape: [1], data_offsets: [0, 2] } }, new Uint8Array(2)))).toContain(
      'element type BF16, which is not read',
    );
    expect(refusal(file({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 2] } }, new Uint8Array(2)))).toContain(
      'element type toString',
    );
    expect(refusal(file({ a: { dtype: 'F32', shape: [-1], data_offsets: [4, 0] } }, new Uint8Array(4)))).toContain(
      'not complete',
    );
    expect(refusal(file({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 4] } }, new Uint8Array(4)))).toContain(
      'does not lie inside',
    );
    const long = Buffer.from(file({}));
    long.writeBigUInt64LE(200_000_000n);
    expect(refusal(long)).toContain('the header would be 200000000 bytes long');
  });

  test('a missing file is named', async () => {
    await expect(readSafetensors('/nowhere/a.safetensors')).rejects.toThrow(
      /^\/nowhere\/a\.safetensors: cannot be read \(ENOENT\)/,
    );
    const path = join(mkdtempSync(join(tmpdir(), 'safetensors-')), 'a');
    await writeFile(path, encodeSafetensors([['a', a]]));
    expect((await readSafetensors(path)).tensors.get('a')).toEqual(a);
  });
});
