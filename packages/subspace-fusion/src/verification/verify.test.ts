import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openBackend } from '../inference/backend.js';
import { isPlainMessage, subspace } from '../testing/cli.js';
import { defined } from '../testing/defined.js';
import { PARITY, parityFolders } from '../testing/parity.js';
import { newFolder } from '../testing/tiny-cohort.js';
import { relativeError, type Manifest } from './fixture.js';
import { verify, type Verdict } from './verify.js';

/** The Vulkan loader reads this when the first session starts. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(SWIFTSHADER)) process.env['VK_ICD_FILENAMES'] ??= SWIFTSHADER;

async function verdicts(
  folder: string,
  options: Parameters<typeof openBackend>[0],
  only: (name: string) => boolean,
): Promise<Verdict[]> {
  const backend = await openBackend(options);
  const all: Verdict[] = [];
  for await (const verdict of verify(folder, backend, only)) all.push(verdict);
  await backend.close();
  return all;
}

const manifest = (folder = PARITY): Manifest => JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));

describe.each(parityFolders)('the network against an independent program (%s)', (folder) => {
  test('every case is computed within its tolerance', async () => {
    const all = await verdicts(folder, { provider: 'cpu' }, () => true);
    expect(all.map(({ name }) => name)).toEqual(Object.keys(manifest(folder).cases));
    expect(all.filter(({ passed }) => !passed)).toEqual([]);
    expect(defined(all.find(({ name }) => name === 'training-trace')).compared).toBeGreaterThan(50);
  });

  test('the position bias in the graph gives the same numbers as the kernel', async () => {
    const all = await verdicts(
      folder,
      { positionBias: 'dense' },
      (name) => name === 'position-bias-small' || name === 'branch-small',
    );
    expect(all.map(({ passed }) => passed)).toEqual([true, true]);
  });
});

describe('the network against an independent program', () => {
  // A whole model takes a minute to compile there, so one of them stands for the three.
  const onGpu = [
    'attention-small',
    'position-bias-small',
    'gene-encoder',
    'losses',
    'consistency',
    'branch-small',
    'model-small-survival',
  ];
  test.skipIf(!existsSync(SWIFTSHADER))(
    `${onGpu.join(', ')} on webgpu (needs ${SWIFTSHADER})`,
    async () => {
      const all = await verdicts(PARITY, { provider: 'webgpu' }, (name) => onGpu.includes(name));
      expect(all.map(({ name, passed }) => [name, passed])).toEqual(all.map(({ name }) => [name, true]));
      expect(all.map(({ name }) => name).sort()).toEqual([...onGpu].sort());
    },
    600_000,
  );
});

describe('subspace verify on folders that are not right', () => {
  const folder = newFolder();
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** A folder with the case `losses` alone, under the given name, and its file. */
  function lossesAs(name: string): string {
    const entry = manifest().cases['losses'];
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({ cases: { [name]: entry } }));
    const file = join(folder, entry.file);
    rmSync(file, { force: true });
    copyFileSync(join(PARITY, entry.file), file);
    return file;
  }

  test('one line a case: name, error, tolerance, pass', async () => {
    lossesAs('losses');
    const { code, out } = await subspace('verify', folder);
    expect(code).toBe(0);
    expect(out).toMatch(/^losses +error \d\.\d\de-\d+ +tolerance 2\.00e-5 +pass +\(16 tensors; worst \S+\)\n$/);
  });

  test('a wrong number fails, with exit code 1 and the name of the tensor', async () => {
    const file = lossesAs('losses');
    const bytes = readFileSync(file);
    const headerEnd = 8 + Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.toString('utf8', 8, headerEnd)) as Record<
      string,
      { data_offsets: [number, number] }
    >;
    const at = headerEnd + header['out/nll_alpha0'].data_offsets[0];
    bytes.writeDoubleLE(bytes.readDoubleLE(at) * 1.001, at);
    writeFileSync(file, bytes, { mode: 0o600 });
    const { code, out } = await subspace('verify', folder);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^losses +error 9\.\d\de-4 +tolerance 2\.00e-5 +FAIL +\(16 tensors; worst out\/nll_alpha0\)\n$/,
    );
  });

  test('a case of an unknown kind fails', async () => {
    lossesAs('surprise');
    const { code, out } = await subspace('verify', folder);
    expect(code).toBe(1);
    expect(out).toMatch(/^surprise .*FAIL.*unknown kind of case/);
  });

  test.each([
    ['no folder', () => 'nowhere', /^nowhere\/manifest\.json: cannot be read\. Give the folder that holds the cases/],
    [
      'no case of that name',
      () => (lossesAs('losses'), folder),
      /the manifest has no case whose name contains 'small'/,
    ],
    [
      'a case without its file',
      () => (rmSync(lossesAs('small')), folder),
      /losses\.safetensors: cannot be read \(ENOENT\)/,
    ],
    [
      'a case whose file is cut short',
      () => (truncateSync(lossesAs('small'), 2000), folder),
      /losses\.safetensors: .*is it whole\?/,
    ],
    [
      'a manifest that is no JSON',
      () => (writeFileSync(join(folder, 'manifest.json'), 'x'), folder),
      /manifest\.json: is not valid JSON/,
    ],
    [
      'a manifest of something else',
      () => (writeFileSync(join(folder, 'manifest.json'), '{}'), folder),
      /manifest\.json: lists no cases/,
    ],
  ])('%s: exit code 2 and a message', async (_what, make, message) => {
    const { code, err } = await subspace('verify', make(), '--only', 'small');
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(isPlainMessage(err)).toBe(true);
  });
});

describe('relative error by the rule of the manifest', () => {
  const rule = { rel: 1e-3, abs: 1e-4 };

  test('is the largest difference over the largest expected number and abs/rel', () => {
    expect(relativeError([1, 2.01], [1, 2], rule)).toBeCloseTo(0.01 / 2.1, 10);
    expect(relativeError([1, 2], [1, 2], rule)).toBe(0);
    expect(relativeError([3], [3], { rel: 0, abs: 0 })).toBe(0);
    expect(relativeError([4], [3], { rel: 0, abs: 0 })).toBe(1);
  });

  test('NaN must stand where NaN is expected, and sizes must agree', () => {
    expect(relativeError([NaN, 1], [NaN, 1], rule)).toBe(0);
    expect(relativeError([0, 1], [NaN, 1], rule)).toBe(Infinity);
    expect(relativeError([NaN, 1], [0, 1], rule)).toBe(Infinity);
    expect(relativeError([1], [1, 1], rule)).toBe(Infinity);
    expect(relativeError(undefined, [1], rule)).toBe(Infinity);
  });
});
