import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { classAucs } from '../metrics/classification.js';
import { kaplanMeier, numbersAtRisk } from '../metrics/kaplan-meier.js';
import { defined } from '../testing/defined.js';
import { rocCurve } from './class-figures.js';
import { STYLE } from './html.js';
import { renderModelCard } from './model-card.js';
import { renderReport } from './report.js';
import { DIAGNOSES, diagnosisRun, sampleReport, survivalRun } from './sample.test.data.js';
import type { ClassPredictions, ReportRun, SurvivalPredictions } from './types.js';
import { withoutFolders } from './words.js';

/** As much of the document's interface as is used here; the compiler knows no browser. */
interface Part {
  readonly textContent: string;
  querySelector(selector: string): Part | null;
  querySelectorAll(selector: string): Iterable<Part>;
  getAttribute(name: string): string | null;
}

const page = (...runs: ReportRun[]) => parseHTML(renderReport({ ...sampleReport(), runs })).document;

/** The figure whose title starts with the given words. */
function figureOf(document: Part, title: string): Part {
  return defined(
    [...document.querySelectorAll('figure')].find((figure) =>
      defined(figure.querySelector('h4')).textContent.startsWith(title),
    ),
  );
}

const pathsOf = (figure: Part) =>
  [...figure.querySelectorAll('g[data-mark="line"] path')].map((path) => defined(path.getAttribute('d')));

const points = (path: string) => path.split(/[MLHV]/).length - 1;

/** Horizontal place of a mark, from its `translate(x,y)`. */
const placeOf = (mark: Part) =>
  Number(defined(/translate\(([-\d.]+)/.exec(defined(mark.getAttribute('transform'))))[1]);

describe('the page', () => {
  const text = renderReport(sampleReport());
  const { document } = parseHTML(text);

  it('stands alone: no script, no address outside the page', () => {
    expect(document.querySelectorAll('script, link, img, iframe, object')).toHaveLength(0);
    for (const element of document.querySelectorAll('[href], [src]'))
      expect(element.getAttribute('href')).toMatch(/^#(run-\d(-\w+)?|limits|checklists|versions)$/);
    expect(text.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|url\(|@import/);
    expect(defined(document.querySelector('meta[http-equiv]')).getAttribute('content')).toContain("default-src 'none'");
  });

  it('says what it is not', () => {
    expect(defined(document.querySelector('.warning')).textContent).toContain(
      'Research software. Not a medical device.',
    );
    expect(defined(document.querySelector('#limits')).textContent).toContain(
      'Not for diagnosis, prognosis or treatment',
    );
  });

  it('names every figure for those who cannot see it, and heads every column and row', () => {
    const drawings = document.querySelectorAll('figure > svg');
    expect([...drawings]).toHaveLength(14); // survival, three of its calibration, ROC, reliability, and four of training in each of two runs
    for (const drawing of drawings) {
      expect(drawing.getAttribute('role')).toBe('img');
      expect(drawing.getAttribute('aria-label')).toBeTruthy();
      expect(drawing.getAttribute('aria-description')).toBeTruthy();
    }
    for (const table of document.querySelectorAll('table')) {
      expect(defined(table.querySelector('caption')).textContent).not.toBe('');
      expect(table.querySelectorAll('thead th[scope=col]').length).toBeGreaterThan(1);
      for (const row of table.querySelectorAll('tbody tr'))
        expect(row.querySelectorAll('th[scope=row]')).toHaveLength(1);
    }
  });

  it('is the same text each time', () => {
    expect(renderReport(sampleReport())).toBe(text);
  });

  it('shows the configuration and the versions, without folders of the machine', () => {
    const config = defined(document.querySelector('[aria-label=Configuration]')).textContent;
    expect(config).toContain('weightDecay: 0.0001');
    expect(config).toContain('cohort: cohort.yaml');
    expect(defined(document.querySelector('[aria-label=Commands]')).textContent).toBe(
      'npx subspace train config.yaml --out glioma',
    );
    expect(defined(document.querySelector('#versions')).textContent).toContain('20.20.2');
    expect(text).not.toMatch(/somebody|Some Body|\/mnt|slides\//);
  });

  it('escapes what it was given', () => {
    const evil = '<script>alert("1")</script> & \'x\'';
    const survival = survivalRun();
    const diagnosis = diagnosisRun();
    const given = parseHTML(
      renderReport({
        title: evil,
        description: evil,
        versions: { [evil]: evil },
        runs: [
          {
            ...survival,
            task: evil,
            config: { [evil]: evil },
            result: { ...survival.result, split: evil, baselines: { [evil]: {} } },
          },
          {
            ...diagnosis,
            result: {
              ...diagnosis.result,
              metrics: { macroAuc: { value: null, reason: evil }, [evil]: { value: 1, note: evil } },
            },
            predictions: {
              ...(diagnosis.predictions as ClassPredictions),
              classes: [evil, '"><script>', '</svg>', 'D'],
            },
          },
        ],
      }),
    ).document;
    expect(given.querySelectorAll('script')).toHaveLength(0);
    expect(defined(given.querySelector('h1')).textContent).toBe(evil);
    expect(given.querySelectorAll('.confusion thead th')[1].textContent).toBe(evil);
    expect(defined(given.querySelector('#versions tbody th')).textContent).toBe(evil);
    expect(defined(figureOf(given, 'ROC').querySelector('svg')).getAttribute('aria-description')).toContain(evil);
  });

  it('keeps a contrast of 4.5 to 1 of every text and line colour on light and on dark paper', () => {
    const [light, dark] = STYLE.split('@media (prefers-color-scheme: dark)');
    for (const shades of [light, dark.split('} }')[0]]) {
      const colour = Object.fromEntries(
        [...shades.matchAll(/--([\w-]+): (#\w{6})/g)].map(([, name, value]) => [name, luminance(value)]),
      );
      for (const name of ['ink', 'quiet', 'blue', 'orange', 'green', 'pink']) {
        expect(contrast(colour[name], colour.paper), name).toBeGreaterThan(4.5);
      }
      expect(contrast(colour['warn-ink'], colour['warn-paper'])).toBeGreaterThan(4.5);
    }
  });
});

describe('the summary', () => {
  it('gives the C-index with interval, patients and deaths, beside ridge Cox', () => {
    const document = page(survivalRun());
    expect(defined(document.querySelector('.lead')).textContent.replaceAll('\u00a0', ' ')).toBe(
      'On 64 test patients (40 deaths) the model reaches a C-index of 0.756 (95 % interval 0.686 to 0.826).',
    );
    const beside = defined(document.querySelector('section table'));
    const rows = [...beside.querySelectorAll('tbody tr')].map((row) =>
      [...row.children].map((cell) => cell.textContent),
    );
    expect(rows[1]).toEqual(['Ridge Cox on the genes', '0.771', '0.690 to 0.840']);
    expect(rows[2]).toEqual(['Age + sex', 'refused: age is unknown for every patient', '–']);
  });

  it('says why a metric is refused, and shows no number for it', () => {
    const run = survivalRun();
    const reason = 'no comparable pair among 3 patients with 0 deaths';
    const document = page({
      ...run,
      result: { ...run.result, metrics: { concordanceIndex: { value: null, reason } } },
    });
    expect(defined(document.querySelector('.lead')).textContent).toContain(`the C-index cannot be given: ${reason}.`);
    expect(defined(document.querySelector('.refused')).textContent).toBe(`refused: ${reason}`);
  });

  it('does not sell an interval that includes chance', () => {
    const run = survivalRun();
    const summaryOf = (low: number, high: number) =>
      defined(
        page({
          ...run,
          result: { ...run.result, metrics: { concordanceIndex: { value: (low + high) / 2, low, high, n: 20 } } },
        }).querySelector('.lead + p'),
      ).textContent;
    expect(summaryOf(0.45, 0.8)).toContain('do not show that the model does better than guessing');
    expect(summaryOf(0.2, 0.4)).toContain('lies below 0.5');
    expect(summaryOf(0.6, 0.8)).not.toMatch(/do not show|below 0.5/);
  });
});

describe('the survival figure', () => {
  const { rows, cuts } = survivalRun().predictions as SurvivalPredictions;
  const figure = figureOf(page(survivalRun()), 'Survival by predicted risk');
  const curveOf = (group: string) => {
    const members = rows.filter((row) => row.group === group);
    return kaplanMeier(
      members.map((row) => row.time / 365.25),
      members.map((row) => row.event),
    );
  };

  it('draws one step curve a group, with a corner for each time', () => {
    const paths = pathsOf(figure);
    expect(paths).toHaveLength(2);
    expect(paths.map((path) => path.split('L').length - 1)).toEqual(
      ['low', 'high'].map((group) => 2 * curveOf(group).times.length),
    );
  });

  it('rings the mean predicted survival of each group at each cut', () => {
    expect(figure.querySelectorAll('g[data-mark="dot"] circle')).toHaveLength(2 * cuts.length);
  });

  it('sets the numbers at risk under the ticks that they belong to', () => {
    const ticks = [...figure.querySelectorAll('g[data-mark="x-axis tick label"] text')];
    for (const group of ['low', 'high']) {
      const numbers = [...figure.querySelectorAll(`.at-risk-${group} text`)];
      const years = ticks.map((tick) => Number(tick.textContent));
      expect(numbers.map((number) => Number(number.textContent))).toEqual(numbersAtRisk(curveOf(group), years));
      expect(numbers.map(placeOf)).toEqual(ticks.map(placeOf));
    }
  });

  it('gives the log-rank test, or why there is none', () => {
    expect(defined(figure.querySelector('figcaption')).textContent).toContain(
      'Log-rank test of the two groups: p < 0.001.',
    );
    const run = survivalRun();
    const alone = rows.map((row) => ({ ...row, group: 'low' as const }));
    const oneGroup = figureOf(
      page({ ...run, predictions: { ...(run.predictions as SurvivalPredictions), rows: alone } }),
      'Survival',
    );
    expect(defined(oneGroup.querySelector('figcaption')).textContent).toContain('No log-rank test: 1 of 1 groups');
    expect(pathsOf(oneGroup)).toHaveLength(1);
  });
});

describe('the training figures', () => {
  it('draw a point an epoch and mark the selected one', () => {
    const document = page(survivalRun());
    expect(pathsOf(figureOf(document, 'Loss')).map(points)).toEqual([20, 20, 20]);
    expect(pathsOf(figureOf(document, 'Gene-guided consistency')).map(points)).toEqual([20, 20]);
    const validation = figureOf(document, 'C-index on validation');
    expect(pathsOf(validation).map(points)).toEqual([20]);
    expect(validation.querySelectorAll('circle')).toHaveLength(1);
    expect(defined(validation.querySelector('figcaption')).textContent).toContain('epoch 14');
    expect(document.querySelectorAll('details table tbody tr')).toHaveLength(20);
  });

  it('leave a gap where the validation metric was refused', () => {
    const run = survivalRun();
    const [training] = run.trainings;
    const epochs = training.epochs.map((epoch) =>
      epoch.epoch === 7 ? { ...epoch, validation: { ...epoch.validation, value: null } } : epoch,
    );
    const [path] = pathsOf(figureOf(page({ ...run, trainings: [{ ...training, epochs }] }), 'C-index on validation'));
    expect(path.split('M')).toHaveLength(3);
    expect(points(path)).toBe(19);
  });

  it('stack who yielded, to scale', () => {
    const run = survivalRun();
    const [{ epochs }] = run.trainings;
    const bars = [...figureOf(page(run), 'Gradient coordination').querySelectorAll('g[data-mark="rect"] rect')];
    expect(bars).toHaveLength(2 * epochs.length);
    const height = (colour: string) =>
      bars
        .filter((bar) => bar.getAttribute('fill') === colour)
        .reduce((sum, bar) => sum + Number(bar.getAttribute('height')), 0);
    const steps = (who: 'tumourYielded' | 'microenvironmentYielded') =>
      epochs.reduce((sum, epoch) => sum + defined(epoch.coordination)[who], 0);
    expect(height('var(--orange)') / height('var(--blue)')).toBeCloseTo(
      steps('tumourYielded') / steps('microenvironmentYielded'),
      6,
    );
  });

  it('are left out where nothing was recorded', () => {
    expect(
      defined(
        page({ ...survivalRun(), trainings: [{ ...survivalRun().trainings[0], epochs: [] }] }).querySelector('section'),
      ).textContent,
    ).toContain('No epochs were recorded.');
  });
});

describe('the classification figures', () => {
  const predictions = diagnosisRun().predictions as ClassPredictions;

  it('count each patient once in the confusion matrix, in the row of the true class', () => {
    const rows = [...page(diagnosisRun()).querySelectorAll('.confusion tbody tr')];
    const counted = rows.map((row) =>
      [...row.querySelectorAll('td[class]')].reduce((sum: number, cell) => sum + parseInt(cell.textContent), 0),
    );
    expect(counted).toEqual(DIAGNOSES.map((_, c) => predictions.rows.filter((row) => row.label === c).length));
  });

  it('draw one ROC curve a class and the diagonal', () => {
    expect(pathsOf(figureOf(page(diagnosisRun()), 'ROC'))).toHaveLength(DIAGNOSES.length + 1);
  });

  it('say which class has no curve', () => {
    const without = { ...predictions, rows: predictions.rows.filter((row) => row.label !== 1) };
    const figure = figureOf(page({ ...diagnosisRun(), predictions: without }), 'ROC');
    expect(pathsOf(figure)).toHaveLength(DIAGNOSES.length);
    expect(defined(figure.querySelector('.legend')).textContent).toContain(
      'Astrocytoma, grade 4: no curve, 0 patients',
    );
  });

  it('draw curves whose area is the AUC, ties included', () => {
    const score = [0.9, 0.8, 0.8, 0.8, 0.4, 0.4, 0.2];
    const truth = [1, 1, 0, 1, 0, 1, 0];
    const curve = rocCurve(
      score,
      truth.map((label) => label === 1),
    );
    const area = curve
      .slice(1)
      .reduce(
        (sum, point, i) =>
          sum + ((point.falsePositives - curve[i].falsePositives) * (point.truePositives + curve[i].truePositives)) / 2,
        0,
      );
    expect(curve).toHaveLength(5);
    const [, auc] = classAucs(
      score.flatMap((s) => [1 - s, s]),
      truth,
      2,
    );
    expect(area).toBeCloseTo(defined(auc.value), 12);
  });
});

describe('confidence', () => {
  const metric = (name: string, value: number) => ({ name, value, estimator: '', ties: '', n: 40 });
  const quality = (error: number) => ({
    calibrationError: metric('e', error),
    logLoss: metric('l', 0.7),
    brier: metric('b', 0.4),
    reliability: [{ from: 0.5, to: 0.6, n: 40, predicted: 0.55, observed: 0.6, low: 0.45, high: 0.73 }],
  });
  const set = { coverage: metric('c', 0.925), meanSize: 1.3, sizes: [0, 28, 12] };
  const expected = { mean: 0.9, low: 0.78, high: 0.97 };
  const run = diagnosisRun();
  const confidence: ReportRun['result']['confidence'] = {
    unlikeTraining: { genes: { patients: 40, flagged: 3 } },
    classes: {
      temperature: metric('t', 1.4),
      fittedOn: 22,
      before: quality(0.21),
      after: quality(0.08),
      operatingPoints: [],
      sets: {
        nominal: 0.9,
        calibrators: 30,
        marginal: { ...set, expected },
        byClass: {
          ...set,
          classes: [
            { class: 'Glioblastoma', calibrators: 20, coverage: metric('c', 0.95), expected },
            {
              class: 'Oligodendroglioma',
              calibrators: 4,
              refused: 'too few',
              coverage: metric('c', 1),
              expected: null,
            },
          ],
        },
      },
    },
  };
  const section = defined(
    page({ ...run, result: { ...run.result, confidence } }).querySelector('#run-1-calibration'),
  ) as Part;
  const rowsOf = (caption: string) =>
    [
      ...defined(
        [...section.querySelectorAll('table')].find((table) =>
          defined(table.querySelector('caption')).textContent.startsWith(caption),
        ),
      ).querySelectorAll('tbody tr'),
    ].map((row) => [...row.querySelectorAll('th, td')].map((cell) => cell.textContent.replaceAll('\u00a0', ' ')));

  it('shows probabilities before and after the temperature', () => {
    expect(rowsOf('Probabilities before')[0]).toEqual(['Expected calibration error', '0.210', '0.080']);
    expect(figureOf(section, 'The same after the temperature').querySelectorAll('circle')).toHaveLength(1);
  });

  it('states the coverage of prediction sets beside what to expect, and which class was refused', () => {
    expect(rowsOf('Prediction sets')).toEqual([
      ['One threshold for all', '30', '93 %', '78 % to 97 %'],
      ['Glioblastoma', '20', '95 %', '78 % to 97 %'],
      ['Oligodendroglioma', '4', 'in every set: too few', '–'],
    ]);
  });

  it('counts the patients who are unlike those of training', () => {
    expect(section.textContent).toContain('the genes of 3 of 40 patients');
    expect(defined(page(run).querySelector('#run-1-calibration')).textContent).not.toContain('Out of the range');
  });
});

describe('the checklists', () => {
  const rows = (document: Part) =>
    [...document.querySelectorAll('#checklists tbody tr')].map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) => cell.textContent),
    );

  it('hold every item of TRIPOD+AI and CLAIM, and link to sections that there are', () => {
    const document = page(survivalRun());
    expect(rows(document)).toHaveLength(52 + 44);
    for (const link of document.querySelectorAll('#checklists a'))
      expect(document.querySelector(link.getAttribute('href'))).not.toBeNull();
  });

  it('leave to the user what the report does not hold', () => {
    const item = (document: Part, topic: string) =>
      defined(rows(document).find((row) => row[1].startsWith(topic))).slice(2, 4);
    const run = survivalRun();
    expect(item(page(run), 'Flow of participants')).toEqual(['answered', 'Patients']);
    expect(item(page({ ...run, patients: { reason: 'gone' } }), 'Flow of participants')).toEqual(['you fill in', '–']);
    expect(item(page(run), 'Explanation of the model')).toEqual(['you fill in', '–']);
    expect(item(page(run), 'Ethical approval')).toEqual(['you fill in', '–']);
  });
});

describe('the model card', () => {
  it('is Markdown with the numbers, the intended use and what is left to the user', () => {
    const card = renderModelCard(sampleReport());
    expect(card).toMatch(/^# Model card: Glioma, simulated cohort\n/);
    expect(card).toContain(
      `| This model | ${defined(survivalRun().result.metrics.concordanceIndex.value).toFixed(3)} |`,
    );
    expect(card).toContain('| Ridge Cox on the genes | 0.771 | 0.690 to 0.840 |');
    for (const heading of ['## Survival', '## Diagnosis', '## Intended use', '## Limits', '## For you to fill in'])
      expect(card).toContain(heading);
    expect(renderModelCard({ ...sampleReport(), title: '<b>|x' })).toContain('&lt;b&gt;\\|x');
  });
});

describe('withoutFolders', () => {
  it.each([
    ['/home/a/b c/cohort.yaml', 'cohort.yaml'],
    ['C:\\Users\\A B\\genes.gmt', 'genes.gmt'],
    ['file:///home/a/x.h5', 'x.h5'],
    ['cannot read /srv/bags/x.h5: truncated', 'cannot read x.h5: truncated'],
    ['data/cohort.yaml', 'data/cohort.yaml'],
    ['IDH and/or 1p/19q', 'IDH and/or 1p/19q'],
    ['https://example.org/a/b', 'https://example.org/a/b'],
  ])('%s', (given, kept) => {
    expect(withoutFolders(given)).toBe(kept);
  });
});

/** Relative luminance of a colour `#rrggbb` (WCAG 2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
