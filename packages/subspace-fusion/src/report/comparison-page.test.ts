import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseHTML } from 'linkedom';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defined } from '../testing/defined.js';
import { renderComparison, writeComparison } from './comparison-page.js';
import { NOTE, sampleComparison, sampleFile } from './comparison-sample.test.data.js';

const CHROMIUM = '/usr/bin/chromium';

/** As much of the document's interface as is used here; the compiler knows no browser. */
interface Part {
  readonly textContent: string;
  querySelector(selector: string): Part | null;
  querySelectorAll(selector: string): Iterable<Part>;
  getAttribute(name: string): string | null;
}

/** The document of a page. */
function read(html: string): Part {
  const parsed: unknown = parseHTML(html);
  return (parsed as { document: Part }).document;
}

const page = read(renderComparison(sampleFile()));
const all = (part: Part, selector: string) => [...part.querySelectorAll(selector)];
const figures = all(page, 'figure');
/** Tables by the first words of their captions. */
const tableOf = (words: string) =>
  defined(all(page, 'table').find((table) => defined(table.querySelector('caption')).textContent.startsWith(words)));

describe('the page of a comparison', () => {
  it('stands alone and says what it is not', () => {
    const text = renderComparison(sampleFile());
    expect(all(page, 'script, link, img, iframe, object')).toHaveLength(0);
    expect(text.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|url\(|@import/);
    expect(defined(page.querySelector('.warning')).textContent).toContain('Research software. Not a medical device.');
    expect(all(page, 'h2')).toHaveLength(1);
  });

  it('draws every model with a number, its interval and its difference, where the values are', () => {
    const [models, differences, groups] = figures;
    expect(all(models, 'g[data-mark="dot"] path')).toHaveLength(13);
    expect(all(models, 'g[data-mark="link"] path')).toHaveLength(13);
    expect(all(differences, 'g[data-mark="dot"] path')).toHaveLength(12);
    expect(all(groups, 'g[data-mark="dot"] path')).toHaveLength(5);
    // The marks lie on a line: equal steps of the value are equal steps across.
    const across = all(models, 'g[data-mark="dot"] path').map((mark) =>
      Number(defined(/translate\(([\d.]+)/.exec(defined(mark.getAttribute('transform'))))[1]),
    );
    const { metrics, baselines } = sampleComparison();
    const values = [metrics, ...Object.values(baselines)].flatMap(
      ({ concordanceIndex }) => concordanceIndex.value ?? [],
    );
    const slope = (across[1] - across[0]) / (values[1] - values[0]);
    values.forEach((value, i) => {
      expect(across[i] - across[0]).toBeCloseTo(slope * (value - values[0]), 6);
    });
    const ends = all(models, 'g[data-mark="link"] path').map((line) =>
      defined(/M([\d.]+),.*L([\d.]+),/.exec(defined(line.getAttribute('d'))))
        .slice(1)
        .map(Number),
    );
    values.forEach((value, i) => {
      expect(ends[i][1] - ends[i][0]).toBeCloseTo(slope * 0.0855, 2);
      expect(ends[i][0]).toBeCloseTo(across[0] + slope * (value - 0.045 - values[0]), 2);
    });
    expect(defined(models.querySelector('svg')).getAttribute('aria-description')).toContain(
      'this method: 0.748 (0.703 to 0.788); ',
    );
  });

  it('gives values, differences, p-values and verdicts, and why there are none', () => {
    const cells = (row: Part) => all(row, 'th, td').map((cell) => cell.textContent);
    const rows = all(tableOf('Survival, all'), 'tbody tr').map(cells);
    expect(defined(tableOf('Survival, all').querySelector('caption')).textContent).toContain(
      '612 patients, 268 deaths',
    );
    expect(rows[0].slice(0, 3)).toEqual(['this method', '0.748 (0.703 to 0.788)', '']);
    expect(rows[1].slice(0, 5)).toEqual([
      'this method, no-consistency',
      '0.746 (0.701 to 0.786)',
      '+0.002 (−0.005 to +0.008)',
      '1.000',
      'equivalent',
    ]);
    expect(rows[13][1]).toMatch(/^not computed: the clinical table/);
    expect(all(page, 'p').map((p) => p.textContent)).toContain(
      'Study = TCGA-GBM: not computed, fold 3 has 4 deaths among its 31 such patients; 5 are needed.',
    );
  });

  it('repeats what mars the numbers below every table', () => {
    for (const table of all(page, 'table'))
      expect(defined(table.querySelector('caption')).textContent.toLowerCase()).toContain(NOTE);
  });

  it('links every row to the run folders that its numbers come from', () => {
    const hrefs = (row: Part) => all(row, 'a').map((link) => link.getAttribute('href'));
    const rows = all(tableOf('Survival, all'), 'tbody tr');
    expect(hrefs(rows[5])).toHaveLength(15);
    expect(hrefs(rows[5])[4]).toBe('survival-mcat-1a2b3c4d/fold-1/seed-2/');
    expect(hrefs(rows[10])[0]).toBe('survival-subspace-1a2b3c4d/fold-0/seed-1/');
    for (const row of all(page, 'tbody tr')) expect(hrefs(row).length).toBeGreaterThan(0);
    expect(hrefs(all(tableOf('The patients whom'), 'tbody tr')[0])).toEqual(
      [1, 2, 3].map((seed) => `survival-subspace-1a2b3c4d/fold-1/seed-${seed}/`),
    );
  });

  it('escapes what it was given', () => {
    const evil = '<script>alert(1)</script>';
    const given = read(
      renderComparison({ ...sampleFile({ ...sampleComparison(), task: evil, notes: [evil] }), name: evil }),
    );
    expect(all(given, 'script')).toHaveLength(0);
    expect(defined(given.querySelector('h1')).textContent).toBe(evil);
  });
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'comparison-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('names no patient where codes are to stand for them', async () => {
  const key = join(folder, 'key.json');
  const shared = join(folder, 'shared');
  await mkdir(shared);
  const texts = async (...keyFile: string[]) =>
    Promise.all((await writeComparison(shared, sampleFile(), ...keyFile)).map((file) => readFile(file, 'utf8')));
  expect((await texts()).join('')).toMatch(/TCGA-06-0174/);
  const coded = (await texts(key)).join('');
  expect(coded).not.toMatch(/TCGA-06/);
  expect(coded).toMatch(/P-[0-9A-F]{6}/);
  await expect(texts(join(shared, 'key.json'))).rejects.toThrow(/key would lie beside/);
});

describe.skipIf(!existsSync(CHROMIUM))('in Chromium', () => {
  it('shows without errors or requests, and fits a phone', async () => {
    const files = await writeComparison(folder, sampleFile());
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    try {
      const [errors, requests]: [string[], string[]] = [[], []];
      const shown = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' });
      shown.on('pageerror', (error) => errors.push(error.message));
      shown.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      shown.on('request', (request) => requests.push(request.url()));
      const address = pathToFileURL(files[3]).href;
      await shown.goto(address);
      expect(errors).toEqual([]);
      expect(requests).toEqual([address]);
      expect(await shown.locator('figure g[data-mark="dot"] path').count()).toBe(30);
      expect(await shown.evaluate('document.documentElement.scrollWidth')).toBe(390);
      const [name, words] = await Promise.all(
        [0, 1].map((i) =>
          shown.locator('figure').nth(0).locator('g[data-mark="text"]').nth(i).locator('text').nth(1).boundingBox(),
        ),
      );
      expect(defined(name).x + defined(name).width).toBeLessThan(defined(words).x);
      expect(defined(name).height).toBeGreaterThan(9);
    } finally {
      await browser.close();
    }
  });
});
