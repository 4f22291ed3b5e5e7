import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, runIn } from './testing/packed.js';

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

/** Trains a small model and predicts with it in Node: from one slide, and from two of one name in two folders. */
const IN_NODE = `
import { copyFileSync, mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { evaluateAndWrite, loadConfig, predictPatient, simulateCohort, train } from 'subspace-fusion';
const { config: path } = await simulateCohort({ out: 'cohort', patients: 60, bag: 36, width: 32, population: 100 });
await train({ config: await loadConfig(path, { 'model.bag': '36', 'training.epochs': '1' }), out: 'run' });
const { predictions } = await evaluateAndWrite('run');
const [first, second] = predictions.map(({ patient }) => 'cohort/bags/' + patient + '-DX1.h5');
mkdirSync('other');
const alike = 'other/' + basename(first);
copyFileSync(second, alike);
const predict = async (...bag) => ({ bag, prediction: await predictPatient('run', { bag, expression: 'cohort/expression.csv.gz' }) });
console.log(JSON.stringify([await predict(first), await predict(first, alike)]));
`;

/** Runs in the page: what a person holds who drops these files. */
const TRANSFER = `(files) => {
  const transfer = new DataTransfer();
  for (const { name, base64 } of files)
    transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
  return transfer;
}`;

const RUN = ['model.json', 'checkpoint.safetensors', 'config.json', 'predictions.json', 'confidence.json'];

interface Predicted {
  readonly patient: string;
  readonly slides: number;
  readonly risk: number;
  readonly survival: { readonly curve: { readonly survival: readonly number[] } };
  readonly confidence: unknown;
  readonly warnings: readonly string[];
}

interface Compared {
  readonly bag: readonly string[];
  readonly prediction: Predicted;
}

describe.skipIf(!existsSync(CHROMIUM))(`the packed package in a browser (needs Chromium: ${CHROMIUM})`, () => {
  const project = mkdtempSync(join(tmpdir(), 'packed-page-'));
  const errors: string[] = [];
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;
  let inNode: readonly [Compared, Compared];

  beforeAll(async () => {
    installPacked(project);
    writeFileSync(join(project, 'index.html'), '<!doctype html><body><script type="module" src="main.ts"></script>');
    writeFileSync(join(project, 'main.ts'), APPLICATION);
    writeFileSync(join(project, 'predict.mjs'), IN_NODE);
    inNode = JSON.parse(runIn(project, 'node', 'predict.mjs')) as typeof inNode;
    const common = { root: project, configFile: false, logLevel: 'error' } as const;
    await build(common);
    server = await preview({ ...common, preview: { host: '127.0.0.1', port: 0 } });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
  }, 240_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
    rmSync(project, { recursive: true, force: true });
  });

  test('an application of a few lines, built without any configuration, predicts as Node does', () => expectSame(0));

  test('two slides of one name are two', async () => {
    expect(inNode[1].bag.map((path) => basename(path))).toEqual([0, 0].map(() => basename(inNode[0].bag[0])));
    expect(Math.abs(inNode[1].prediction.risk - inNode[0].prediction.risk)).toBeGreaterThan(1e-3);
    await expectSame(1);
  });

  /** Compares what the page predicts from dropped files with what Node does from paths. */
  async function expectSame(which: 0 | 1): Promise<void> {
    const { bag, prediction } = inNode[which];
    await drop(['cohort/expression.csv.gz', ...bag, ...RUN.map((name) => `run/${name}`)]);
    const shown = JSON.parse(await page.locator('output').innerText()) as Predicted;
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
