import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, PACKAGES, runIn } from './testing/packed.js';
import { VERSION } from './version.js';

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

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

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

/** An application as small as can be: the files of a patient and of a run are dropped on the page. */
const APPLICATION = `
import { blobSource, blobStore, openBackend, openModel } from 'subspace-fusion/browser';
document.body.ondragover = (event) => event.preventDefault();
document.body.ondrop = async ({ dataTransfer }) => {
  const [expression, ...others] = [...dataTransfer!.files];
  const bag = others.filter(({ name }) => name.endsWith('.h5')).map((file) => blobSource(file));
  const store = blobStore(Object.fromEntries(others.map((file) => [file.name, file])));
  const model = await openModel(store, { backend: await openBackend({ provider: 'cpu' }) });
  const prediction = await model.predict({ bag, expression: blobSource(expression) });
  document.body.append(Object.assign(document.createElement('output'), { value: JSON.stringify(prediction) }));
};
`;

/** Runs in the page: what a person holds who drops these files. */
const TRANSFER = `(files) => {
  const transfer = new DataTransfer();
  for (const { name, base64 } of files)
    transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
  return transfer;
}`;

const RUN = ['model.json', 'checkpoint.safetensors', 'config.json', 'predictions.json', 'confidence.json'];

/** Simulates, trains, evaluates and predicts: from one slide, and from two of one name in two folders. */
const PROGRAM = `
import { copyFileSync, mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { compile, input, mul } from 'onnx-autodiff';
import { evaluateAndWrite, inspectCohort, loadConfig, predictPatient, simulateCohort, train } from 'subspace-fusion';
const twice = await compile({ y: mul(input('x', [2]), 2) });
const { y } = await twice.run({ x: Float32Array.of(1, 2) });
const { config: path } = await simulateCohort({ out: 'cohort', patients: 60, bag: 36, width: 32, population: 100 });
await train({ config: await loadConfig(path, { 'model.bag': '36', 'training.epochs': '1' }), out: 'run' });
const { result, predictions } = await evaluateAndWrite('run');
const { geneSets } = await inspectCohort(await loadConfig(path, { geneSets: '{}' }));
const [first, second] = predictions.map(({ patient }) => 'cohort/bags/' + patient + '-DX1.h5');
const alike = 'other/' + basename(first);
mkdirSync('other');
copyFileSync(second, alike);
const predict = async (...bag) => ({
  bag,
  prediction: await predictPatient('run', { bag, expression: 'cohort/expression.csv.gz' }),
});
console.log(JSON.stringify({
  defaultGenes: geneSets.map(({ genes }) => genes),
  y: [...y],
  task: result.task,
  risk: predictions[0].risk,
  predicted: [await predict(first), await predict(first, alike)],
}));
`;

interface Printed {
  readonly defaultGenes: readonly number[];
  readonly y: readonly number[];
  readonly task: string;
  /** Of the first test patient, by the evaluation. */
  readonly risk: number;
  /** Of that patient from files, with one slide and with two. */
  readonly predicted: readonly [Predicted, Predicted];
}

interface Predicted {
  readonly bag: readonly string[];
  readonly prediction: Shown;
}

interface Shown {
  readonly patient: string;
  readonly slides: number;
  readonly risk: number;
  readonly survival: { readonly curve: { readonly survival: readonly number[] } };
  readonly confidence: unknown;
  readonly warnings: readonly string[];
}

describe('the packed packages in an empty project', () => {
  let project: string;
  let printed: Printed;

  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'packed-'));
    installPacked(project);
    writeFileSync(join(project, 'main.mjs'), PROGRAM);
    printed = JSON.parse(runIn(project, 'node', 'main.mjs')) as Printed;
  }, 240_000);

  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  test('the library simulates, trains, evaluates and predicts', () => {
    const { predicted, risk, ...others } = printed;
    expect(others).toEqual({ defaultGenes: [810, 952], y: [2, 4], task: 'survival' });
    expect(Math.abs(predicted[0].prediction.risk - risk)).toBeLessThan(1e-6);
  });

  test('the command works', () => {
    expect(runIn(project, 'npx', 'subspace', '--help')).toContain('not a medical device');
  });

  describe.skipIf(!existsSync(CHROMIUM))(`make a page (needs Chromium: ${CHROMIUM})`, () => {
    const errors: string[] = [];
    let server: PreviewServer;
    let browser: Browser;
    let page: Page;

    beforeAll(async () => {
      writeFileSync(join(project, 'index.html'), '<!doctype html><body><script type="module" src="main.ts"></script>');
      writeFileSync(join(project, 'main.ts'), APPLICATION);
      const common = { root: project, configFile: false, logLevel: 'error' } as const;
      await build(common);
      server = await preview({ ...common, preview: { host: '127.0.0.1', port: 0 } });
      browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
      page = await browser.newPage();
      page.on('pageerror', ({ message }) => errors.push(message));
    });

    afterAll(async () => {
      await browser.close();
      await server.close();
    });

    test('of a few lines, built without any configuration, that predicts as Node does', () =>
      expectSame(printed.predicted[0]));

    test('in which two slides of one name are two', async () => {
      const [one, two] = printed.predicted;
      expect(two.bag.map((path) => basename(path))).toEqual([0, 0].map(() => basename(one.bag[0])));
      expect(Math.abs(two.prediction.risk - one.prediction.risk)).toBeGreaterThan(1e-3);
      await expectSame(two);
    });

    /** Compares what the page predicts from dropped files with what Node does from paths. */
    async function expectSame({ bag, prediction }: Predicted): Promise<void> {
      await drop(['cohort/expression.csv.gz', ...bag, ...RUN.map((name) => `run/${name}`)]);
      const shown = JSON.parse(await page.locator('output').innerText()) as Shown;
      expect(errors).toEqual([]);
      expect(shown).toMatchObject({ patient: prediction.patient, slides: bag.length, warnings: prediction.warnings });
      expect(shown.risk).toBeCloseTo(prediction.risk, 4);
      const curve = prediction.survival.curve.survival;
      expect(shown.survival.curve.survival.length).toBe(curve.length);
      shown.survival.curve.survival.forEach((s, i) => {
        expect(s).toBeCloseTo(curve[i], 4);
      });
      expect(shown.confidence).not.toHaveProperty('unknown');
    }

    /** Lets files of the project fall on a fresh page. */
    async function drop(paths: readonly string[]): Promise<void> {
      const [address] = server.resolvedUrls?.local ?? [];
      await page.goto(address);
      const files = paths.map((path) => ({
        name: basename(path),
        base64: readFileSync(join(project, path)).toString('base64'),
      }));
      const transfer = await page.evaluateHandle(`(${TRANSFER})(${JSON.stringify(files)})`);
      await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
    }
  });
});
