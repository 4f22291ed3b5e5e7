import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { confidenceRows, InputError, predictPatient, shownProbabilities, type Prediction } from 'subspace-fusion';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM, DIST, drop, launch, numbers, openPage, plainHost, settled } from './testing/browser.js';
import { defined } from './testing/defined.js';
import { editedMatrix, explained, makeRuns, predicted, SUBSPACE, withBagSize, type TestRuns } from './testing/runs.js';

const CLOSE = 1e-4;

/** What `subspace predict` says, under the names that the page has for it. */
function figures({ risk, survival, probabilities }: Prediction): Record<string, number> {
  if (probabilities) return { ...probabilities };
  const { years, median } = defined(survival);
  const all = {
    'alive after 1 year': years[1],
    'alive after 2 years': years[2],
    'alive after 5 years': years[5],
    'median survival': median,
    'risk (higher is worse)': defined(risk),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

function expectSame(shown: Record<string, number>, computed: Record<string, number>): void {
  expect(Object.keys(shown).sort()).toEqual(Object.keys(computed).sort());
  for (const [name, value] of Object.entries(computed)) expect(Math.abs(shown[name] - value), name).toBeLessThan(CLOSE);
}

/** Starts `subspace view` and waits for its address. */
async function view(run: string): Promise<{ url: string; process: ChildProcess }> {
  const process_ = spawn(process.execPath, [SUBSPACE, 'view', run], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    process_.stdout.on('data', (text: Buffer) => {
      const found = /http:\S+/.exec(text.toString());
      if (found) resolve(found[0]);
    });
    process_.on('exit', () => reject(new Error('subspace view ended')));
  });
  return { url, process: process_ };
}

describe.skipIf(!existsSync(CHROMIUM))(`the viewer in a browser (needs Chromium: ${CHROMIUM})`, () => {
  let runs: TestRuns;
  let browser: Browser;
  let host: Awaited<ReturnType<typeof plainHost>>;

  beforeAll(async () => {
    expect(existsSync(join(DIST, 'index.html')), 'the page is built: npm run build').toBe(true);
    runs = await makeRuns();
    browser = await launch();
    host = await plainHost();
  });
  afterAll(async () => {
    await browser.close();
    host.close();
    runs.remove();
  });

  describe('the static folder on any host', () => {
    let page: Page;
    let errors: string[];
    let requests: string[];
    beforeAll(async () => {
      ({ page, errors, requests } = await openPage(browser, host.url));
    });
    afterAll(() => page.close());

    const runFiles = (run: string) =>
      ['model.json', 'checkpoint.safetensors', 'config.json', 'predictions.json', 'result.json']
        .map((name) => join(run, name))
        .filter(existsSync);
    const shown = async () => {
      await settled(page);
      return numbers(page, '#prediction');
    };
    const message = async () => {
      await settled(page);
      return page.innerText('.error p');
    };

    test('shows the demonstration at once, as the command line predicts it', async () => {
      const run = join(DIST, 'run');
      const [{ patient, bags, expression }] = JSON.parse(readFileSync(join(run, 'patients.json'), 'utf8')) as [
        { patient: string; bags: string[]; expression: string },
      ];
      expect(await page.innerText('#prediction h2')).toBe(`Prediction for ${patient}`);
      const computed = await predictPatient(run, {
        bag: bags.map((bag) => join(run, bag)),
        expression: join(run, expression),
      });
      expectSame(await shown(), figures(computed));
      for (const section of ['#what-if', '#attention', '#explanation'])
        expect(await page.isVisible(section)).toBe(true);
      expect(await page.innerText('header')).toContain('not a medical device');
      expect(errors).toEqual([]);
    });

    test('nothing comes from elsewhere', () => {
      expect(
        requests.filter((url) => !url.startsWith(host.url) && !url.startsWith('blob:') && !url.startsWith('data:')),
      ).toEqual([]);
      expect(requests.some((url) => url.endsWith('.wasm'))).toBe(true);
    });

    test('a dropped run with the files of a patient', async () => {
      await drop(page, [...runFiles(runs.survival), runs.bag, runs.expression]);
      expectSame(
        await shown(),
        figures(await predictPatient(runs.survival, { bag: [runs.bag], expression: runs.expression })),
      );
      expect(await page.innerText('#current')).toContain(basename(runs.bag));
    });

    const confidence = () =>
      page.$$eval('#confidence tr', (rows) =>
        rows.map((row) => ({
          name: row.querySelector('th')?.textContent ?? '',
          text: row.querySelector('td')?.textContent ?? '',
        })),
      );

    test('without the confidence of the run, it says that nothing is known', async () => {
      const rows = new Map((await confidence()).map(({ name, text }) => [name, text]));
      for (const name of ['confidence', 'like training patients'])
        expect(rows.get(name)).toMatch(/^not known: the run holds no confidence\.json/);
      expect(rows.get('risk group')).toMatch(/^(low|high) risk$/);
    });

    test('with it, similar patients and likeness to training, in the lines that the command line prints', async () => {
      await drop(page, [...runFiles(runs.survival), join(runs.survival, 'confidence.json'), runs.bag, runs.expression]);
      await settled(page);
      const shownRows = await confidence();
      const computed = await predictPatient(runs.survival, { bag: runs.bag, expression: runs.expression });
      expect(shownRows).toEqual(confidenceRows(computed).map(({ name, text }) => ({ name, text })));
      expect(shownRows.map(({ name }) => name)).toContain('genes like training');
      expect(shownRows.some(({ name }) => name.startsWith('predicted alike'))).toBe(true);
      const printed = predicted(runs.survival, runs.bag, runs.expression);
      for (const { name, text } of shownRows) expect(printed).toContain(`  ${name.padEnd(28)} ${text}\n`);
    });

    test('a changed gene', async () => {
      const { scaling } = JSON.parse(readFileSync(join(runs.survival, 'model.json'), 'utf8')) as {
        scaling: { tumour: { genes: string[]; mean: number[]; deviation: number[]; transform: string } };
      };
      const { genes, mean, deviation, transform } = scaling.tumour;
      expect(transform).toBe('log2p1');
      const [gene] = genes as [string];
      await page.fill('#gene-search', gene);
      await page.$eval(`#gene-tumour-${gene}`, (slider: HTMLInputElement) => {
        slider.value = '2.5';
        slider.dispatchEvent(new Event('input', { bubbles: true }));
      });
      await settled(page);
      await page.waitForSelector('#prediction .change');
      const raw = 2 ** (mean[0] + 2.5 * deviation[0]) - 1;
      const changed = editedMatrix(runs.expression, join(runs.folder, 'changed.csv'), (rows) =>
        rows.map((row) => (row[0] === gene ? [gene, ...row.slice(1).map(() => String(raw))] : row)),
      );
      expectSame(await shown(), figures(await predictPatient(runs.survival, { bag: [runs.bag], expression: changed })));
      await page.click('text=Undo all changes');
      await page.waitForSelector('#prediction .change', { state: 'detached' });
    });

    test('a modality left out', async () => {
      await page.check('input[value=slide]');
      await page.waitForSelector('#prediction .change');
      expectSame(
        await shown(),
        figures(await predictPatient(runs.survival, { bag: [], expression: runs.expression, patient: runs.patient })),
      );
      await page.check('input[value=genes]');
      await expect
        .poll(async () => (await numbers(page, '#prediction'))['risk (higher is worse)'])
        .toBeCloseTo(defined((await predictPatient(runs.survival, { bag: [runs.bag] })).risk), 4);
      await page.check('input[value=nothing]');
      await settled(page);
    });

    test('shares, genes and attention, as the command line explains them', async () => {
      interface Explanation {
        subspaces: { share: Record<string, number> };
        genes: { subspaces: Record<string, { genes: { gene: string; attribution: number }[] }> };
        slides: { branches: Record<string, { attention: number[] }>; layout: { x: number[]; y: number[] } }[];
      }
      const computed = explained(runs.survival, runs.patient) as Explanation;
      await drop(page, [
        ...runFiles(runs.survival),
        join(runs.survival, 'explanations/background.json'),
        runs.bag,
        runs.expression,
      ]);
      await settled(page);
      const all = await numbers(page, '#explanation');
      expect(all['tumour']).toBeCloseTo(computed.subspaces.share['tumour'], 4);
      expect(all['microenvironment']).toBeCloseTo(computed.subspaces.share['microenvironment'], 4);
      const genes = Object.values(computed.genes.subspaces)
        .flatMap(({ genes }) => genes)
        .sort((a, b) => Math.abs(b.attribution) - Math.abs(a.attribution));
      for (const { gene, attribution } of genes.slice(0, 5))
        expect(Math.abs(all[gene] - attribution), gene).toBeLessThan(CLOSE);

      const [{ branches, layout }] = computed.slides as [Explanation['slides'][0]];
      const map = page.locator('canvas[data-branch=tumour]');
      await map.focus();
      await page.keyboard.press('ArrowRight'); // from the first patch, upper left
      const said = await page.innerText('#patch-said');
      expect(said).toContain(`Patch at ${layout.x[1]}, ${layout.y[1]}:`);
      for (const branch of ['tumour', 'microenvironment'])
        expect(said).toContain(`${branch} subspace ${(100 * branches[branch].attention[1]).toFixed(2)} %`);
    });

    test('a patch shows where it looks', async () => {
      const pictureOf = () =>
        page.$eval('canvas[data-branch=tumour]', (canvas: HTMLCanvasElement) => canvas.toDataURL());
      const before = await pictureOf();
      await page.keyboard.press('Enter');
      await page.waitForSelector('#all-patches:not([hidden])');
      expect(await page.innerText('#patch-said')).toContain('where this patch looks');
      expect(await pictureOf()).not.toBe(before);
      await page.click('#all-patches');
      await page.click('canvas[data-branch=microenvironment]');
      await page.waitForSelector('#all-patches:not([hidden])');
      await page.click('#all-patches');
      for (const id of ['#opacity', '#threshold']) {
        const picture = await pictureOf();
        await page.$eval(id, (slider: HTMLInputElement) => {
          slider.value = '0.5';
          slider.dispatchEvent(new Event('input', { bubbles: true }));
        });
        expect(await pictureOf(), id).not.toBe(picture);
      }
    });

    test('another task, from chosen files', async () => {
      await page.setInputFiles('#chooser', [...runFiles(runs.grade), runs.bag, runs.expression]);
      expectSame(
        await shown(),
        figures(await predictPatient(runs.grade, { bag: [runs.bag], expression: runs.expression })),
      );
      expect(await page.innerText('#what-if')).toContain('no modality can be left out');
      expect(await page.innerText('.warnings')).toContain('unknown: site');
      expect(errors).toEqual([]);
    });

    test('calibrated probabilities and the prediction set of the same task, once its confidence is there', async () => {
      await drop(page, [...runFiles(runs.grade), join(runs.grade, 'confidence.json'), runs.bag, runs.expression]);
      const computed = await predictPatient(runs.grade, { bag: runs.bag, expression: runs.expression });
      expectSame(await shown(), { ...shownProbabilities(computed) });
      const rows = await confidence();
      expect(rows).toEqual(confidenceRows(computed).map(({ name, text }) => ({ name, text })));
      expect(rows.map(({ name }) => name)).toContain('90 % set');
      await drop(page, [...runFiles(runs.grade), runs.bag, runs.expression]);
      await settled(page);
    });

    test('a covariate that is said', async () => {
      await page.selectOption('select[name=site]', 'B');
      await page.click('text=Predict with these');
      const computed = await predictPatient(runs.grade, {
        bag: [runs.bag],
        expression: runs.expression,
        clinical: { site: 'B' },
      });
      expectSame(await shown(), figures(computed));
      expect(await page.$('.warnings')).toBeNull();
    });

    test('several slides of a patient', async () => {
      const bags = [runs.bag, runs.otherBag];
      await drop(page, [...bags, runs.expression]);
      expectSame(await shown(), figures(await predictPatient(runs.grade, { bag: bags, expression: runs.expression })));
      await page.selectOption('#slides', '1');
      await page.waitForSelector(`#attention p:has-text("each patch of ${basename(runs.otherBag)}")`);
      await settled(page);
    });

    describe('wrong files are told apart in plain words', () => {
      const bag = () => readFileSync(runs.bag);
      const named = (name: string, content: string | Buffer) => ({ name, content: Buffer.from(content) });

      test('a text for features', async () => {
        await drop(page, [named(`${runs.patient}.h5`, 'patient,gene\n'.repeat(20))]);
        expect(await message()).toMatch(/\.h5: this is a text file, not HDF5\. Put the HDF5 file itself here\.$/);
      });
      test('features cut short', async () => {
        await drop(page, [named(`${runs.patient}.h5`, bag().subarray(0, 1500))]);
        expect(await message()).toMatch(/the HDF5 file is cut short: 1500 of \d+ bytes/);
      });
      test('features over which the library loops, in a worker that is ended', async () => {
        const bytes = bag();
        const texts = bytes.indexOf('GCOL'); // the heap of the attributes' texts; without sizes its list has no end
        await drop(page, [named(`${runs.patient}.h5`, bytes.fill(0, texts + 16, texts + 4096))]);
        expect(await message()).toMatch(/the HDF5 file is damaged \(the library that reads it makes no progress\)/);
      });
      test('features of another width', async () => {
        await drop(page, [join(DIST, 'run', 'SIM-0002-DX1.h5')]);
        expect(await message()).toMatch(
          /features are 24 wide, the model's are 16\. Extract them with the model's encoder\.$/,
        );
      });
      test('expression without genes of the model', async () => {
        const fewer = editedMatrix(runs.expression, join(runs.folder, 'fewer.tsv.gz'), (rows) =>
          rows.filter(([gene]) => gene !== 'TUM001'),
        );
        await drop(page, [runs.bag, fewer]);
        expect(await message()).toMatch(
          /fewer\.tsv\.gz: lacks 1 of the \d+ genes that the model needs \(TUM001\)\. Add them\.$/,
        );
      });
      test('expression that is damaged', async () => {
        await drop(page, [runs.bag, named('damaged.csv.gz', readFileSync(runs.expression).subarray(0, 800))]);
        expect(await message()).toMatch(/damaged\.csv\.gz: the gzip data is damaged or cut short/);
      });
      test.each([
        'clam.h5',
        'trident.h5',
        'stamp.h5',
        'stamp-slide.h5',
        'bomb.h5',
        'tensor-f32.pt',
        'trident.pt',
        'evil.pt',
        'f16.npy',
        'big-endian.npy',
        'double.safetensors',
      ])('features as %s, in the words of the command line', async (name) => {
        const file = join('packages/subspace-fusion/src/cohort/testdata/bags', name);
        const error: unknown = await predictPatient(runs.grade, {
          bag: [file],
          expression: runs.expression,
          patient: runs.patient,
        }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(InputError);
        await drop(page, [file, runs.expression]);
        expect(await message()).toBe((error as Error).message.replaceAll(file, name));
      });
      test.each(['csr.h5ad', 'dense.h5ad'])('expression as %s, in the words of the command line', async (name) => {
        const expression = join('packages/subspace-fusion/src/cohort/expression/fixtures', name);
        const error: unknown = await predictPatient(runs.grade, { bag: [runs.bag], expression }).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(InputError);
        await drop(page, [runs.bag, expression]);
        expect(await message()).toBe((error as Error).message.replaceAll(expression, name));
      });
      test('a kind of file that is not read', async () => {
        await drop(page, [named('letter.docx', 'x')]);
        expect(await message()).toMatch(/letter\.docx: this is not a kind of file that the page reads/);
      });
      test('half a run', async () => {
        await drop(page, [join(runs.survival, 'model.json')]);
        expect(await message()).toMatch(/checkpoint\.safetensors: missing\. Drop it together with model\.json/);
      });
      test('and the right ones work after that', async () => {
        await drop(page, [runs.bag, runs.expression]);
        expectSame(
          await shown(),
          figures(await predictPatient(runs.grade, { bag: [runs.bag], expression: runs.expression })),
        );
        expect(errors).toEqual([]);
      });
    });
  });

  describe('subspace view', () => {
    let server: Awaited<ReturnType<typeof view>>;
    beforeAll(async () => {
      server = await view(runs.survival);
    });
    afterAll(() => void server.process.kill());

    test('is isolated, runs on threads, and offers the test patients of the run', async () => {
      const { page, errors } = await openPage(browser, server.url);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      if (await page.evaluate(() => navigator.hardwareConcurrency > 1))
        expect(await page.innerText('#model')).toMatch(/WebAssembly on [2-4] threads/);
      expect(await page.innerText('#prediction h2')).toBe(`Prediction for ${runs.patient}`);
      expectSame(
        await numbers(page, '#prediction'),
        figures(
          await predictPatient(runs.survival, { bag: [runs.bag], expression: runs.expression, patient: runs.patient }),
        ),
      );
      const others = await page.$$eval('#patients option', (options) =>
        options.map((option) => (option as HTMLOptionElement).value),
      );
      const other = defined(others.at(-1));
      expect(other).not.toBe(runs.patient);
      await page.selectOption('#patients', other);
      await page.waitForSelector(`h2:text("Prediction for ${other}")`);
      expect(errors).toEqual([]);
      await page.close();
    });

    test('predicts the same on WebGPU', async (context) => {
      const page = await browser.newPage();
      await page.goto(new URL('run/model.json', server.url).href); // any place of a secure context will do
      const adapter = await page.evaluate(() =>
        (navigator as unknown as { gpu?: { requestAdapter(): Promise<object | null> } }).gpu
          ?.requestAdapter()
          .then((a) => a !== null),
      );
      await page.close();
      if (!adapter) context.skip('this browser offers no WebGPU adapter');
      const { page: webgpu, errors } = await openPage(browser, `${server.url}&backend=webgpu`);
      expect(await webgpu.innerText('#model')).toContain('WebGPU');
      expectSame(
        await numbers(webgpu, '#prediction'),
        figures(
          await predictPatient(runs.survival, { bag: [runs.bag], expression: runs.expression, patient: runs.patient }),
        ),
      );
      expect(errors).toEqual([]);
      await webgpu.close();
    });
  });

  test('at paper size the page stays alive, and long work can be cancelled', async () => {
    const { page } = await openPage(browser, host.url);
    await settled(page);
    const large = await withBagSize(runs.survival, join(runs.folder, 'large'), 2500);
    await drop(page, [join(large, 'model.json'), join(large, 'checkpoint.safetensors'), runs.bag, runs.expression]);
    await page.waitForSelector('#explain');
    await settled(page);
    const frames = page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let count = 0;
          const tick = () => void (++count, requestAnimationFrame(tick));
          tick();
          setTimeout(() => resolve(count), 1500);
        }),
    );
    await page.click('#explain');
    await page.click('.busy button');
    await page.waitForSelector('.said:text("Stopped.")');
    expect(await frames).toBeGreaterThan(5);
    // The engine is as it was: the next change is predicted.
    await page.check('input[value=slide]');
    await page.waitForSelector('#prediction .change');
    expect(await page.innerText('#what-if-time')).toMatch(/^Predicted in \d+\.\d\d s\./);
    await page.close();
  });
});
