import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedCalibrationError } from '../metrics/class-calibration.js';
import { calibrationGroups } from '../metrics/survival-curve.js';
import { defined } from '../testing/defined.js';
import { explainedPatient } from './explained.test.data.js';
import { renderReport } from './report.js';
import { diagnosisRun, sampleReport, survivalRun } from './sample.test.data.js';
import type { ClassPredictions, ReportInput, SurvivalPredictions } from './types.js';

const executablePath = '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'report-browser-'));

/** Both tasks, with a patient explained. */
function input(): ReportInput {
  const [survival, diagnosis] = [survivalRun(), diagnosisRun()];
  return {
    ...sampleReport(),
    runs: [{ ...survival, explanations: { patients: [explainedPatient('P-3')], notShown: 0 } }, diagnosis],
  };
}

const path = join(folder, 'report.html');

describe.skipIf(!existsSync(executablePath))('the report in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    writeFileSync(path, renderReport(input()));
    browser = await chromium.launch({
      executablePath,
      args: ['--headless=new', '--no-sandbox', '--disable-background-networking', '--disable-component-update'],
    });
  });
  afterAll(() => browser.close());

  /** Opens the page; `bypassCSP` lets the accessibility check in. */
  async function open(
    width: number,
    colorScheme: 'light' | 'dark',
    bypassCSP = false,
  ): Promise<{ page: Page; requests: string[]; errors: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, bypassCSP });
    const [requests, errors]: [string[], string[]] = [[], []];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(pathToFileURL(path).href);
    return { page, requests, errors };
  }

  it('asks for nothing but itself and says nothing on the console', async () => {
    const { page, requests, errors } = await open(1280, 'light');
    expect(requests).toEqual([pathToFileURL(path).href]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.each([
    [390, 'light'],
    [390, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('has no accessibility findings and fits at %i pixels, %s', async (width, scheme) => {
    const { page } = await open(width, scheme, true);
    const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wide).toBe(0);
    await page.evaluate(axe);
    const violations = await page.evaluate(`axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => id + ' ' + nodes[0].html.slice(0, 200)))`);
    expect(violations).toEqual([]);
    await page.close();
  });

  it('fits a printed page of A4, black on white in the dark too', async () => {
    const { page } = await open(660, 'dark'); // its width between the margins
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    expect(
      await page.evaluate('getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color'),
    ).toBe('rgb(255, 255, 255)rgb(0, 0, 0)');
    await page.close();
  });

  it('goes from the contents to a section and into a table by the keyboard', async () => {
    const { page } = await open(390, 'light');
    const focused = (attribute: string) => page.evaluate(`document.activeElement.getAttribute('${attribute}')`);
    await page.locator('nav a').first().focus();
    expect(await focused('href')).toBe('#run-1');
    await page.keyboard.press('Tab');
    expect(await focused('href')).toBe('#run-1-summary');
    await page.keyboard.press('Enter');
    expect(page.url()).toMatch(/#run-1-summary$/);
    await page.keyboard.press('Tab');
    expect(await focused('aria-label')).toBe('C-index on the same test patients');
    await page.close();
  });

  it('draws every figure with an extent, in colours that differ in the dark', async () => {
    const sizes = async (scheme: 'light' | 'dark') => {
      const { page } = await open(1280, scheme);
      const boxes = await page.evaluate<number[][]>(
        '[...document.querySelectorAll("figure svg:not(.swatch)")].map((s) => { const b = s.getBoundingClientRect(); return [b.width, b.height]; })',
      );
      const ink = await page.evaluate<string>(
        'getComputedStyle(document.querySelector("g[data-mark=line] path")).stroke || getComputedStyle(document.querySelector("g[data-mark=line]")).stroke',
      );
      await page.close();
      return { boxes, ink };
    };
    const [light, dark] = [await sizes('light'), await sizes('dark')];
    expect(light.boxes.length).toBe(16); // as in the page's own test, the genes and the slide of the explained patient
    for (const [width, height] of light.boxes) expect(Math.min(width, height)).toBeGreaterThan(100);
    expect(dark.ink).not.toBe(light.ink);
  });

  it('shows the calibration that the metrics compute', async () => {
    const { page } = await open(1280, 'light');
    const { rows, cuts } = survivalRun().predictions as SurvivalPredictions;
    const figures = page.locator('#run-1-calibration figure');
    expect(await figures.count()).toBe(cuts.length);
    for (const [k, cut] of cuts.entries()) {
      const groups = calibrationGroups(
        rows.map((row) => row.time),
        rows.map((row) => row.event),
        rows.map((row) => row.survival[k]),
        cut,
        4,
      );
      const description = await figures.nth(k).locator('svg').getAttribute('aria-description');
      const shown = [...defined(description).matchAll(/predicted (\d+) %, observed (\d+) %, (\d+) patient/g)].map(
        ([, ...numbers]) => numbers.map(Number),
      );
      expect(shown).toEqual(
        groups.map(({ predicted, observed, n }) => [
          Math.round(100 * predicted),
          Math.round(100 * defined(observed.value)),
          n,
        ]),
      );
      expect(await figures.nth(k).locator('circle').count()).toBe(groups.length);
    }
    const { rows: classRows, classes } = diagnosisRun().predictions as ClassPredictions;
    const error = expectedCalibrationError(
      classRows.flatMap((row) => row.probabilities),
      classRows.map((row) => row.label),
      classes.length,
    );
    expect(await page.locator('#run-2-calibration tbody tr td').first().textContent()).toBe(
      defined(error.value).toFixed(3),
    );
    await page.close();
  });
});
