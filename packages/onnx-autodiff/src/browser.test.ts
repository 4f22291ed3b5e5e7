import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from './testing/defined.js';
import { trainLogisticRegression } from './testing/logistic-regression.js';

const executablePath = '/usr/bin/chromium';
const offline = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic'];
const headless = ['--no-sandbox', '--disable-gpu', '--no-first-run'];
const softwareWebGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];

// What the page runs is what an application's bundler makes of the package: `#onnxruntime` resolves as in a browser, to the built
// dist/runtime/web.js, and ONNX Runtime's WebAssembly is served beside the page.
describe.skipIf(!existsSync(executablePath))(`in a browser (needs Chromium: ${executablePath})`, () => {
  const outDir = mkdtempSync(join(tmpdir(), 'onnx-autodiff-page-'));
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    const root = fileURLToPath(new URL('testing/page/', import.meta.url));
    const common = { root, configFile: false, logLevel: 'error' } as const;
    await build({ ...common, build: { outDir, emptyOutDir: true, minify: false, target: 'esnext' } });
    server = await preview({ ...common, build: { outDir }, preview: { host: '127.0.0.1', port: 0 } });
    browser = await chromium.launch({ executablePath, args: [...headless, ...offline, ...softwareWebGpu] });
    page = await browser.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(defined(server.resolvedUrls).local[0]);
    await page.waitForFunction('"trainLogisticRegression" in globalThis');
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    rmSync(outDir, { recursive: true });
  });

  const trainInPage = (provider: string) =>
    page.evaluate<Awaited<ReturnType<typeof trainLogisticRegression>>>(`trainLogisticRegression('${provider}')`);

  async function expectSameTraining(provider: string): Promise<void> {
    const here = await trainLogisticRegression('cpu');
    const there = await trainInPage(provider);
    expect(defined(there.losses.at(-1))).toBeLessThan(0.5 * there.losses[0]);
    there.losses.forEach((loss, i) => expect(Math.abs(loss - here.losses[i])).toBeLessThan(1e-4));
    there.weight.forEach((w, i) => expect(Math.abs(w - here.weight[i])).toBeLessThan(1e-4));
    expect(errors).toEqual([]);
  }

  test('logistic regression learns on cpu (WebAssembly), with the weights of Node', () => expectSameTraining('cpu'));

  test('logistic regression learns on webgpu, with the weights of Node', async (context) => {
    const adapter = await page.evaluate('navigator.gpu?.requestAdapter().then((a) => a !== null)');
    if (!adapter) context.skip('this browser offers no WebGPU adapter');
    await expectSameTraining('webgpu');
  });

  test('nothing comes from elsewhere', () => {
    const origin = new URL(defined(server.resolvedUrls).local[0]).origin;
    expect(
      requests.filter((url) => !url.startsWith(origin) && !url.startsWith('blob:') && !url.startsWith('data:')),
    ).toEqual([]);
    expect(requests.some((url) => url.endsWith('.wasm'))).toBe(true);
  });
});
