import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bits, key } from '../../random/counter.js';
import { checkBag } from './features.js';
import { long, npyFile, pickle, safetensorsFile, tensor, text, torchFile, zipOf } from './hostile-files.test.helper.js';

const FOLDER = join(import.meta.dirname, '../testdata/bags');
const folder = mkdtempSync(join(tmpdir(), 'bags-'));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

/** What the reader says of these bytes; anything but an answer or a clear error of the user's fails the test. */
async function outcome(extension: string, bytes: Uint8Array): Promise<string> {
  // The HDF5 library goes by a file's identity and keeps what it failed to read, so every file is a new one.
  const path = join(folder, `slide${files++}${extension}`);
  writeFileSync(path, bytes);
  try {
    await checkBag(path);
    return 'read';
  } catch (error) {
    const { name, message } = error as Error;
    expect(`${name}: ${message}`).toMatch(/^InputError: [\P{C}]+$/u); // one line, and nothing that a terminal would obey
    expect(message.length).toBeLessThan(500);
    return message;
  } finally {
    rmSync(path);
  }
}

/** Memory that the process has ever held, in bytes. */
const peak = () => process.resourceUsage().maxRSS * 1024;
const ENOUGH = 200e6;

describe('damaged files', () => {
  it.each(['dict.pt', 'trident.pt', 'version2.npy', 'dict.safetensors', 'stamp.h5'])(
    '%s cut short anywhere is refused',
    async (name) => {
      const whole = readFileSync(join(FOLDER, name));
      const step = Math.ceil(whole.length / 1000);
      for (let length = 0; length < whole.length; length += step) {
        expect(await outcome(extname(name), whole.subarray(0, length)), `${length} bytes`).not.toBe('read');
      }
      expect(await outcome(extname(name), whole)).toBe('read');
    },
  );

  it.each([
    ['dict.pt', 2],
    ['trident.pt', 3],
    ['protocol4.pt', 3],
    ['slice.pt', 3],
    ['version2.npy', 1],
    ['dict.safetensors', 1],
    ['clam.h5', 61],
    ['reference.h5', 17],
  ])('%s with any byte changed is read or refused', async (name, step) => {
    const whole = readFileSync(join(FOLDER, name));
    const before = peak();
    let refused = 0;
    for (let at = 0; at < whole.length; at += step) {
      const damaged = Buffer.from(whole);
      damaged[at] = damaged[at] ^ (1 + (bits(key(1, name), at) % 255));
      if ((await outcome(extname(name), damaged)) !== 'read') refused++;
    }
    expect(refused).toBeGreaterThan(0);
    expect(peak() - before).toBeLessThan(ENOUGH);
    expect(await outcome(extname(name), whole)).toBe('read');
  });
});

describe('hostile pickles', () => {
  const refused = async (content: Uint8Array) => {
    const before = peak();
    const said = await outcome('.pt', torchFile(content));
    expect(said).not.toBe('read');
    expect(peak() - before).toBeLessThan(ENOUGH);
    return said;
  };

  it('reads the honest one that the others are made from', async () => {
    expect(await outcome('.pt', torchFile(pickle(tensor([5n, 4n], [4n, 1n]), '.')))).toBe('read');
  });

  it('name no function but those of tensors', async () => {
    for (const name of [
      'os\nsystem',
      'builtins\neval',
      'torch\nload',
      'torch._utils\n_rebuild_tensor',
      'numpy\nload',
      '\x1b[2J\nx',
    ]) {
      expect(await refused(pickle('c', name, '\n(', text('1'), 'tR.'))).toMatch(
        /asks for '.*', which is no part of a tensor and could run code/,
      );
    }
    expect(await refused(pickle([0x80, 4], text('os'), text('system'), [0x93], '.'))).toMatch(/'os\.system'/);
    expect(await refused(pickle([0x80, 4], '}}', [0x93], '.'))).toMatch(/'undefined\.undefined'/);
  });

  it('use no instruction but those of tensors', async () => {
    for (let instruction = 0; instruction < 256; instruction++) {
      await refused(pickle([instruction], '.'));
      await refused(pickle(']}(', [instruction, 0, 0, 0, 0], '.'));
    }
    for (const instruction of [0x69, 0x6f, 0x81, 0x82, 0x92])
      expect(await refused(pickle([instruction], '.'))).toMatch(/has the instruction 0x/);
  });

  it('call allowed functions with nothing that they could misuse', async () => {
    for (const name of [
      'collections\nOrderedDict',
      'numpy\ndtype',
      'numpy\nndarray',
      '_codecs\nencode',
      'numpy.core.multiarray\n_reconstruct',
      'torch._utils\n_rebuild_tensor_v2',
      'torch\nFloatStorage',
    ]) {
      for (const args of [
        ')',
        '(NNNNNNNt',
        `(${text('x').toString('latin1')}${text('rot13').toString('latin1')}t`,
        'N',
        '](}t',
      ]) {
        for (const then of ['R.', 'RNb.', 'R(NNNNNtb.', 'R(NN]NNtbQ.', 'Q.'])
          await refused(pickle('c', name, '\n', args, then));
      }
    }
  });

  it('nest and repeat as they may: nothing is walked through, nothing copied', async () => {
    await refused(pickle(')', new Uint8Array(90_000).fill(0x85), '.'));
    await refused(pickle(new Uint8Array(5_000_000).fill(0x28), '.'));
    await refused(pickle(']q\x00h\x00a.'));
    // Each list holds the one before it ten times.
    await refused(pickle(']', ...Array.from({ length: 60 }, () => `q\x00](${'h\x00'.repeat(10)}e`), '.'));
    // A megabyte of text, made bytes of sixty thousand times.
    const encode = pickle(text('y'.repeat(1 << 20)), 'q\x00', text('latin1'), 'q\x01c_codecs\nencode\nq\x02(');
    await refused(pickle(encode, ...Array.from({ length: 12_000 }, () => 'h\x02h\x00h\x01\x86R'), 't.'));
    expect(await refused(new Uint8Array(1 << 20).fill(0x4e))).toMatch(/more than 100000 instructions/);
  });

  it('claim what they do not hold', async () => {
    const huge = 1n << 60n;
    for (const [size, steps, offset, count] of [
      [[huge, 4n], [4n, 1n], 0n, 20n],
      [[huge, 4n], [4n, 1n], 0n, huge],
      [[1n << 30n, 4n], [4n, 1n], 0n, 1n << 40n],
      [[1n << 40n, 4n], [0n, 1n], 0n, 20n],
      [[5n, 4n], [4n, 1n], 1n, 21n],
      [[5n, 4n], [4n, 1n], -1n, 20n],
      [[-5n, -4n], [4n, 1n], 0n, 20n],
      [[5n, 4n], [4n], 0n, 20n],
      [[], [], 0n, 20n],
      [[0n, 4n], [4n, 1n], 0n, 20n],
    ] as const) {
      await refused(pickle(tensor(size, steps, offset, count), '.'));
    }
    await refused(pickle('X\xff\xff\xff\xff'));
    await refused(pickle([0x8a, 255]));
    await refused(pickle([0x8a, 255], new Uint8Array(255).fill(0x7f), '.'));
    await refused(pickle('j\xff\xff\xff\xff.'));
    await refused(pickle('}', long(1n), 'Ns.'));
  });
});

describe('hostile archives and headers', () => {
  const content = pickle(tensor([5n, 4n], [4n, 1n]), '.');
  const refused = async (extension: string, bytes: Uint8Array) => {
    const before = peak();
    const said = await outcome(extension, bytes);
    expect(said).not.toBe('read');
    expect(peak() - before).toBeLessThan(ENOUGH);
    return said;
  };

  it('a compressed archive is never decompressed', async () => {
    const data = { name: 'f/data/0', content: new Uint8Array(80) };
    expect(await refused('.pt', zipOf([{ name: 'f/data.pkl', content, method: 8, size: 2 ** 31 }, data]))).toMatch(
      /'f\/data\.pkl' in it is compressed/,
    );
    expect(
      await refused(
        '.pt',
        zipOf([
          { name: 'f/data.pkl', content },
          { ...data, method: 8, size: 2 ** 32 - 2 },
        ]),
      ),
    ).toMatch(/is compressed/);
    expect(
      await refused(
        '.pt',
        zipOf([
          { name: 'f/data.pkl', content },
          { ...data, size: 2 ** 32 - 2 },
        ]),
      ),
    ).toMatch(/does not lie inside/);
    expect(
      await refused(
        '.pt',
        zipOf([
          { name: 'f/data.pkl', content },
          { ...data, size: 2 ** 32 - 1 },
        ]),
      ),
    ).toMatch(/list of files is damaged/);
    expect(await refused('.pt', zipOf([data]))).toMatch(/not of torch\.save/);
    expect(await refused('.pt', zipOf([{ name: 'f/data.pkl', content }]))).toMatch(/a part of the archive is missing/);
    expect(
      await refused(
        '.pt',
        zipOf(Array.from({ length: 30_000 }, (_, i) => ({ ...data, name: `f/data/${i}`, content: new Uint8Array(0) }))),
      ),
    ).toMatch(/more files than torch\.save writes/);
  });

  it('an archive of more than 4 GB has its sizes elsewhere, and they are checked too', async () => {
    const large = (size?: number) => [
      { name: 'f/data.pkl', content, large: true },
      { name: 'f/data/0', content: new Uint8Array(80), large: true, size },
    ];
    expect(await outcome('.pt', zipOf(large()))).toBe('read');
    expect(await refused('.pt', zipOf(large(2 ** 32 - 1)))).toMatch(/does not lie inside/);
    // torch.save always writes the 64-bit end of the list; here the 32-bit one sends the reader there.
    const file = readFileSync(join(FOLDER, 'dict.pt'));
    file.fill(0xff, file.length - 10, file.length - 2);
    expect(await outcome('.pt', file)).toBe('read');
    file.fill(0xff, file.length - 22 - 20 + 8, file.length - 22 - 20 + 16);
    await refused('.pt', file);
  });

  it('an .npy header cannot claim memory', async () => {
    const header = (shape: string, descr = '<f4') =>
      `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
    expect(await outcome('.npy', npyFile(header('5, 4')))).toBe('read');
    for (const shape of [
      '9007199254740991, 9007199254740991',
      '5, 4, 1',
      '1000000000000, 4',
      '0, 4',
      '-5, -4',
      '5',
      '',
      '5, 4,'.repeat(300),
      '1e9, 4',
    ]) {
      await refused('.npy', npyFile(header(shape)));
    }
    expect(await refused('.npy', npyFile(header('5, 4'), 65535))).toMatch(/header would be 65535 bytes/);
    for (const descr of ['|O', '<U99999999', 'constructor', '__proto__', '<f4\x1b[2J'])
      await refused('.npy', npyFile(header('5, 4', descr)));
  });

  it('a safetensors header cannot claim memory', async () => {
    const header = (entry: unknown, name = 'features') => JSON.stringify({ [name]: entry });
    const good = { dtype: 'F32', shape: [5, 4], data_offsets: [0, 80] };
    expect(await outcome('.safetensors', safetensorsFile(header(good)))).toBe('read');
    for (const entry of [
      null,
      [],
      { ...good, shape: [2 ** 50, 2 ** 50] },
      { ...good, shape: [1e12, 4], data_offsets: [0, 16e12] },
      { ...good, data_offsets: [80, 0] },
      { ...good, data_offsets: [8, 88] },
      { ...good, dtype: 'toString' },
      { ...good, dtype: 'BOOL' },
      { ...good, shape: 'x' },
    ]) {
      await refused('.safetensors', safetensorsFile(header(entry)));
    }
    for (const length of [0n, 1n, 1n << 31n, 1n << 63n])
      await refused('.safetensors', safetensorsFile(header(good), length));
    await refused('.safetensors', safetensorsFile(`{"a":${'['.repeat(500_000)}`));
    await refused('.safetensors', safetensorsFile(header(null, '\x1b[2J\n')));
  });
});
