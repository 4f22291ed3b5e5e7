import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, DIST, drop, launch, openPage, plainHost, settled } from './testing/browser.js';

/** The demonstration's slide: 12 × 12 patches of 256 pixels. */
const EDGE = 12 * 256;

/** A picture as large as the demonstration's slide: green on the left, purple on the right. */
function picture(): Sharp {
  const pixels = Buffer.alloc(3 * EDGE * EDGE);
  for (let i = 0; i < EDGE * EDGE; i++) pixels.set(i % EDGE < EDGE / 2 ? [60, 160, 60] : [150, 60, 160], 3 * i);
  return sharp(pixels, { raw: { width: EDGE, height: EDGE, channels: 3 } });
}

describe.skipIf(!existsSync(CHROMIUM))(`a slide in a browser (needs Chromium: ${CHROMIUM})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'viewer-slide-'));
  let browser: Browser;
  let host: Awaited<ReturnType<typeof plainHost>>;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    expect(existsSync(join(DIST, 'index.html')), 'the page is built: npm run build').toBe(true);
    browser = await launch();
    host = await plainHost();
    ({ page, errors } = await openPage(browser, host.url, { viewport: { width: 1000, height: 900 } }));
    await settled(page);
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Colour of the slide's picture on the page at a part of its width and half of its height. */
  async function colourAt(part: number): Promise<number[]> {
    const shot = sharp(await page.locator('.slide-image').screenshot());
    const { width, height } = await shot.metadata();
    const side = Math.min(width, height); // the slide is square and fills the shorter edge
    const left = Math.round(width / 2 + (part - 0.5) * side);
    return [
      ...(await shot
        .removeAlpha()
        .extract({ left, top: Math.round(height / 2), width: 1, height: 1 })
        .raw()
        .toBuffer()),
    ];
  }
  const near = (colour: number[], wanted: number[]) => colour.every((x, i) => Math.abs(x - wanted[i]) < 12);
  const setSlider = (id: string, value: string) =>
    page.$eval(
      id,
      (slider: HTMLInputElement, value) => {
        slider.value = value;
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      },
      value,
    );

  async function showsPicture(): Promise<void> {
    await setSlider('#opacity', '0');
    // Tiles come one after the other.
    await expect.poll(async () => near(await colourAt(0.27), [60, 160, 60]), { timeout: 60_000 }).toBe(true);
    await expect.poll(async () => near(await colourAt(0.77), [150, 60, 160]), { timeout: 60_000 }).toBe(true);
  }

  test.each(['jpeg', 'deflate', 'webp'] as const)('a pyramidal TIFF (%s) is shown', async (compression) => {
    const file = join(folder, `${compression}.tif`);
    await picture()
      .tiff({ tile: true, pyramid: true, tileWidth: 256, tileHeight: 256, compression, quality: 95 })
      .toFile(file);
    await drop(page, [file]);
    await expect
      .poll(() => page.innerText('#patch-said'), { timeout: 60_000 })
      .toContain(`${compression}.tif (TIFF, ${EDGE} × ${EDGE} pixels)`);
    await settled(page);
    await showsPicture();
    expect(errors).toEqual([]);
  });

  // Slices of two public slides, and the whole ones where they lie beside the repository.
  const folders = ['packages/subspace-fusion/testdata/slides', '../shared/data/slides'].filter((slides) =>
    existsSync(slides),
  );
  const scanned = ['CMU-1-Small-Region.svs', 'TCGA-CR-7395-01A-01-TS1.svs'].flatMap((name) =>
    folders.map((slides) => ({ name, slides })),
  );
  test.each(scanned)('$name is shown ($slides)', async ({ name, slides }) => {
    await page.setInputFiles('#chooser', join(slides, name));
    await expect.poll(() => page.innerText('#patch-said'), { timeout: 60_000 }).toContain(name);
    await settled(page);
    // Tissue in the middle of it.
    await expect.poll(async () => near(await colourAt(0.5), [255, 255, 255]), { timeout: 60_000 }).toBe(false);
    expect(errors).toEqual([]);
  });

  test('a picture without a pyramid is shown', async () => {
    const file = join(folder, 'region.png');
    await picture().png().toFile(file);
    await drop(page, [file]);
    await expect
      .poll(() => page.innerText('#patch-said'), { timeout: 60_000 })
      .toContain(`region.png (PNG, ${EDGE} × ${EDGE} pixels)`);
    await settled(page);
    await showsPicture();
    expect(errors).toEqual([]);
  });

  test('attention lies over it, of one subspace or both, above a threshold', async () => {
    const overlay = () => page.$eval('.over', (canvas: HTMLCanvasElement) => canvas.toDataURL());
    const empty = await overlay();
    await setSlider('#opacity', '1');
    const both = await overlay();
    expect(both).not.toBe(empty);
    await page.uncheck('input[value=microenvironment]');
    const tumour = await overlay();
    expect(tumour).not.toBe(both);
    await setSlider('#threshold', '0.5');
    expect(await overlay()).not.toBe(tumour);
    await page.check('input[value=microenvironment]');
    await setSlider('#threshold', '0');
    expect(await overlay()).toBe(both);
  });

  test('a click on it picks a patch, and zooming moves both', async () => {
    const before = await page.$eval('.over', (canvas: HTMLCanvasElement) => canvas.toDataURL());
    await page.click('.slide-image');
    await page.waitForSelector('#all-patches:not([hidden])');
    expect(await page.innerText('#patch-said')).toMatch(/^Patch at 1\d{3}, 1\d{3}: .*where this patch looks\.$/);
    await page.click('#all-patches');
    await page.click('text=Zoom in');
    await expect.poll(() => page.$eval('.over', (canvas: HTMLCanvasElement) => canvas.toDataURL())).not.toBe(before);
    expect(errors).toEqual([]);
  });

  test('a file that is no slide is told apart', async () => {
    await drop(page, [{ name: 'slide.svs', content: Buffer.from('patient,gene\n'.repeat(20)) }]);
    await settled(page);
    expect(await page.innerText('.error p')).toMatch(/slide\.svs: .*text file/);
  });

  test('a damaged tile is told apart from the slide', async () => {
    const small = await picture()
      .resize(600)
      .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg' })
      .toBuffer();
    await drop(page, [{ name: 'cut.tif', content: small.subarray(0, small.length - 200) }]);
    await settled(page);
    expect(await page.innerText('.error p')).toMatch(/cut\.tif: /);
  });
});
