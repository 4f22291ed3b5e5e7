import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, DIST, launch, openPage, plainHost, settled } from './testing/browser.js';

/** Libraries with WebAssembly of their own. */
const RUNTIME = /^(runtime-|ort-|openjpeg)/;

describe.skipIf(!existsSync(join(DIST, 'index.html')))('the built page (needs npm run build)', () => {
  test('its own code is under 300 kB, compressed', () => {
    const assets = readdirSync(join(DIST, 'assets')).filter((name) => /\.(js|css)$/.test(name) && !RUNTIME.test(name));
    const bytes = ['index.html', ...assets.map((name) => join('assets', name))].map(
      (name) => gzipSync(readFileSync(join(DIST, name)), { level: 9 }).length,
    );
    expect(bytes.length).toBeGreaterThan(3);
    expect(bytes.reduce((a, b) => a + b)).toBeLessThan(300_000);
  });

  test('names no other host and holds its content security policy', () => {
    const html = readFileSync(join(DIST, 'index.html'), 'utf8');
    expect(html.replaceAll('&#39;', "'")).toContain(
      `Content-Security-Policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval';`,
    );
    expect(html).not.toMatch(/(src|href)="(\/|https?:)/);
  });
});

describe.skipIf(!existsSync(CHROMIUM))(`the page is for everybody (needs Chromium: ${CHROMIUM})`, () => {
  let browser: Browser;
  let host: Awaited<ReturnType<typeof plainHost>>;
  beforeAll(async () => {
    browser = await launch();
    host = await plainHost();
  });
  afterAll(async () => {
    await browser.close();
    host.close();
  });

  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  interface Violation {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string }[];
  }

  /** Serious findings of the automated check. */
  async function findings(page: Page): Promise<string[]> {
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
      return (await axe.run()).violations;
    });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
  }

  test.each([
    ['a desktop in the light', { viewport: { width: 1280, height: 900 }, colorScheme: 'light' }],
    ['a phone in the dark', { viewport: { width: 375, height: 700 }, colorScheme: 'dark' }],
  ] as const)('%s: no serious finding, nothing wider than the page', async (_, options) => {
    // The check is put into the page, which the page's own policy would not allow.
    const { page, errors } = await openPage(browser, host.url, { ...options, bypassCSP: true });
    await settled(page);
    await page.evaluate(axe);
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(options.viewport.width);
    expect(errors).toEqual([]);
    if (process.env['SCREENSHOTS'])
      await page.screenshot({ path: join(process.env['SCREENSHOTS'], `${options.colorScheme}.png`), fullPage: true });
    await page.close();
  });

  test('the keyboard reaches everything, in the order of the page', async () => {
    const { page } = await openPage(browser, host.url);
    await settled(page);
    const reached: string[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(() => {
          const focused = document.activeElement;
          return focused?.id || focused?.getAttribute('data-branch') || focused?.tagName || 'nothing';
        }),
      );
    }
    const wanted = ['chooser', 'patients', 'gene-search', 'opacity', 'threshold', 'tumour', 'microenvironment'];
    expect(reached.filter((name) => wanted.includes(name)).slice(0, wanted.length)).toEqual(wanted);
    await page.close();
  });
});
