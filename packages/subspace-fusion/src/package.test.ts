import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VERSION } from './version.js';

const packages = ['onnx-autodiff', 'subspace-fusion'].map((name) => resolve('packages', name));
let project: string;

/** Runs a program in the empty project; what it prints. */
function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'packed-'));
  const tarballs = packages.map((folder) => {
    const [packed] = JSON.parse(run('npm', 'pack', folder, '--json', '--ignore-scripts', '--silent')) as {
      filename: string;
    }[];
    return join(project, packed.filename);
  });
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  writeFileSync(join(project, '.npmrc'), 'onnxruntime-node-install=skip\n');
  run('npm', 'install', '--no-audit', '--no-fund', '--silent', '--prefer-offline', ...tarballs);
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

test('the version in the code is the package’s', () => {
  expect(
    (JSON.parse(readFileSync('packages/subspace-fusion/package.json', 'utf8')) as { version: string }).version,
  ).toBe(VERSION);
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
     const p = await predictPatient('run', { bags: ['cohort/bags/' + patient + '-DX1.h5'], expression: 'cohort/expression.csv.gz' });
     const { geneSets } = await inspectCohort(await loadConfig(path, { geneSets: '{}' }));
     console.log(JSON.stringify({ defaultGenes: geneSets.map(({ genes }) => genes), y: [...y], task: result.task, same: Math.abs(p.risk - predictions[0].risk) < 1e-6 }));`,
  );
  expect(JSON.parse(run('node', 'main.mjs'))).toEqual({
    defaultGenes: [810, 952],
    y: [2, 4],
    task: 'survival',
    same: true,
  });
});

test('the command works there', () => {
  expect(run('npx', 'subspace', '--help')).toContain('not a medical device');
});
