import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, runIn } from './testing/packed.js';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

/** An application as small as can be: files are dropped on the page, two of a patient at a time. */
const APPLICATION = `
import { blobSource, blobStore, openBackend, openModel } from 'subspace-fusion/browser';
document.body.ondragover = (event) => event.preventDefault();
document.body.ondrop = async ({ dataTransfer }) => {
  const [slide, expression, ...run] = [...dataTransfer!.files];
  const store = blobStore(Object.fromEntries(run.map((file) => [file.name, file])));
  const model = await openModel(store, { backend: await openBackend({ provider: 'cpu' }) });
  const prediction = await model.predict({ bag: blobSource(slide), expression: blobSource(expression) });
  document.body.append(Object.assign(document.createElement('output'), { value: JSON.stringify(prediction) }));
};
`;

/** Trains a small model and predicts with it in Node. */
const IN_NODE = `
import { evaluateAndWrite, loadConfig, predictPatient, simulateCohort, train } from 'subspace-fusion';
const { config: path } = await simulateCohort({ out: 'cohort', patients: 60, bag: 36, width: 32, population: 100 });
await train({ config: await loadConfig(path, { 'model.bag': '36', 'training.epochs': '1' }), out: 'run' });
const { predictions } = await evaluateAndWrite('run');
const bag = 'cohort/bags/' + predictions[0].patient + '-DX1.h5';
const prediction = await predictPatient('run', { bag, expression: 'cohort/expression.csv.gz' });
console.log(JSON.stringify({ bag, prediction }));
`;

/** Runs in the page: what a person holds who drops these files. */
const TRANSFER = `(files) => {
  const transfer = new DataTransfer();
  for (const { name, base64 } of files)
    transfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
  return transfer;
}`;

interface Predicted {
  readonly patient: string;
  readonly risk: number;
  readonly survival: { readonly curve: { readonly survival: readonly number[] } };
  readonly confidence: unknown;
  readonly warnings: readonly string[];
}

describe.skipIf(!existsSync(CHROMIUM))(`the packed package in a browser (needs Chromium: ${CHROMIUM})`, () => {
  const project = mkdtempSync(join(tmpdir(), 'packed-page-'));
  const errors: string[] = [];
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    installPacked(project);
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
    rmSync(project, { recursive: true, force: true });
  });

  test('an application of a few lines, built without any configuration, predicts as Node does', async () => {
    writeFileSync(join(project, 'predict.mjs'), IN_NODE);
    const { bag, prediction } = JSON.parse(runIn(project, 'node', 'predict.mjs')) as {
      bag: string;
      prediction: Predicted;
    };
    const run = ['model.json', 'checkpoint.safetensors', 'config.json', 'predictions.json', 'confidence.json'];
    await drop([bag, 'cohort/expression.csv.gz', ...run.map((name) => `run/${name}`)]);
    const shown = JSON.parse(await page.locator('output').innerText()) as Predicted;
    expect(errors).toEqual([]);
    expect(shown).toMatchObject({ patient: prediction.patient, warnings: prediction.warnings });
    expect(shown.risk).toBeCloseTo(prediction.risk, 4);
    expect(shown.survival.curve.survival.length).toBe(prediction.survival.curve.survival.length);
    shown.survival.curve.survival.forEach((s, i) => {
      expect(s).toBeCloseTo(prediction.survival.curve.survival[i], 4);
    });
    expect(shown.confidence).not.toHaveProperty('unknown');
  });

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
