import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installPacked, PACKAGES, runIn } from './testing/packed.js';
import { VERSION } from './version.js';

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'packed-'));
  installPacked(project);
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('the version in the code is the package’s', () => {
  expect(manifest('packages/subspace-fusion').version).toBe(VERSION);
});

test('the checkout and both packages ask for one and the same Node, and their READMEs name it', () => {
  const folders = ['.', ...PACKAGES.map((name) => join('packages', name))];
  const asked = new Set(folders.map((folder) => manifest(folder).engines.node));
  expect(asked.size).toBe(1);
  const named = `Node ${[...asked].join().replace('>=', '')} or `;
  for (const folder of folders) expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(named);
});

test('npm knows every key of the checkout’s .npmrc', () => {
  const { stdout, stderr } = spawnSync('npm', ['config', 'get', 'ignore-scripts'], { encoding: 'utf8' });
  expect(stdout.trim()).toBe('true');
  expect(stderr).not.toContain('project config');
});

test('both packages install into an empty project, and the library simulates, trains, evaluates and predicts there', () => {
  writeFileSync(
    join(project, 'main.mjs'),
    `import { evaluateAndWrite, inspectCohort, loadConfig, predictPatient, simulateCohort, train } from 'subspace-fusion';
     import { compile, input, mul } from 'onnx-autodiff';
     const twice = await compile({ y: mul(input('x', [2]), 2) });
     const { y } = await twice.run({ x: Float32Array.of(1, 2) });
     const { config: path } = await simulateCohort({ out: 'cohort', patients: 60, bag: 36, width: 32, population: 100 });
     const config = await loadConfig(path, { 'model.bag': '36', 'training.epochs': '1' });
     await train({ config, out: 'run' });
     const { result, predictions } = await evaluateAndWrite('run');
     const { patient } = predictions[0];
     const p = await predictPatient('run', { bag: ['cohort/bags/' + patient + '-DX1.h5'], expression: 'cohort/expression.csv.gz' });
     const { geneSets } = await inspectCohort(await loadConfig(path, { geneSets: '{}' }));
     console.log(JSON.stringify({ defaultGenes: geneSets.map(({ genes }) => genes), y: [...y], task: result.task, same: Math.abs(p.risk - predictions[0].risk) < 1e-6 }));`,
  );
  expect(JSON.parse(runIn(project, 'node', 'main.mjs'))).toEqual({
    defaultGenes: [810, 952],
    y: [2, 4],
    task: 'survival',
    same: true,
  });
});

test('the command works there', () => {
  expect(runIn(project, 'npx', 'subspace', '--help')).toContain('not a medical device');
});
