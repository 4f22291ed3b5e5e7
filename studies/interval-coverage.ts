/**
 * Do 95 % intervals hold the true value 95 times of 100?
 *
 *     npm run study -- interval-coverage
 *
 * Plan, fixed before the first run. Samples are drawn from laws whose true value is known; each gets the interval that the product gives
 * (`metrics/intervals`), and it is counted how often that holds the truth. The grid: n from 20 to 500; areas under a ROC curve of 0.5 to
 * 0.99 with a fifth of the patients in the class (and half, at n = 20); concordance indices of 0.5 to 0.93 with about a third of the
 * patients censored (and two thirds, at n = 40 and 100), one sample or the mean over 5 folds; shares of 0.5 to 0.99; the mean
 * sensitivity, macro AUC, macro F1 and Brier score of three classes; the difference of two concordance indices. 2,000 repetitions up to
 * n = 40, 1,000 up to 100, 500 beyond, so that 95 % is known to ±1.0 to ±1.9 points. Rule: a cell keeps its promise where the coverage lies
 * in 93 to 97 %, widened by that error; every cell is shown, kept or not.
 *
 * Each cell is written to `studies/results/interval-coverage.json` when it is done, and not computed again; the table of
 * `docs/confidence.md` is made of that file.
 */
import { existsSync } from 'node:fs';
import { z } from 'zod';
import {
  type Evaluate,
  type Metric,
  type Strata,
  takeRows,
} from '../packages/subspace-fusion/dist/metrics/bootstrap.js';
import { classBrier, softmaxRows } from '../packages/subspace-fusion/dist/metrics/class-calibration.js';
import { classAuc, decisionMetrics, macroAuc } from '../packages/subspace-fusion/dist/metrics/classification.js';
import { concordanceIndex } from '../packages/subspace-fusion/dist/metrics/concordance.js';
import { normalQuantile } from '../packages/subspace-fusion/dist/metrics/distributions.js';
import { withIntervals } from '../packages/subspace-fusion/dist/metrics/intervals.js';
import { key, normal, uniform } from '../packages/subspace-fusion/dist/random/counter.js';
import { fillPlaces, mean, readJson, write } from './shared.js';

const FILE = 'studies/results/interval-coverage.json';
const DOCUMENT = 'docs/confidence.md';

/** A sample: what is computed of it, and who is drawn in whose place. */
interface Sample {
  readonly evaluate: Evaluate;
  readonly strata: Strata;
}

/** A law of samples, with the true value of its metric. */
interface Cell {
  readonly metric: string;
  readonly law: string;
  readonly n: number;
  truth(): number;
  sample(n: number, stream: number): Sample;
}

const cellResult = z.object({
  metric: z.string(),
  law: z.string(),
  n: z.number(),
  truth: z.number(),
  repetitions: z.number(),
  /** Samples without an interval, which count neither for nor against. */
  without: z.number(),
  covered: z.number(),
  /** Intervals that lie above the truth, and below it. */
  above: z.number(),
  below: z.number(),
  width: z.number(),
});
type CellResult = z.infer<typeof cellResult>;

const repetitionsOf = (n: number) => (n <= 40 ? 2000 : n <= 100 ? 1000 : 500);

// Laws.

/** Normal scores of a class and of the rest, apart by what makes the area. */
function areaCell(area: number, n: number, share: number): Cell {
  const shift = Math.SQRT2 * normalQuantile(area);
  return {
    metric: 'AUC',
    law: `${area}, ${share === 0.5 ? 'half' : 'a fifth'} in the class`,
    n,
    truth: () => area,
    sample(size, stream) {
      const truth = Array.from({ length: size }, (_, i) => Number(i < share * size));
      const score = truth.map((label, i) => normal(key(stream, 'score'), i) + shift * label);
      return { evaluate: (rows) => [classAuc(takeRows(score, rows), takeRows(truth, rows), 1)], strata: truth };
    },
  };
}

interface Patients {
  readonly eta: readonly number[];
  readonly time: readonly number[];
  readonly event: readonly boolean[];
}

/** Exponential times with hazard e^(spread·η), followed for a uniform time. */
function patients(n: number, stream: number, spread: number, followUp: number): Patients {
  const eta = Array.from({ length: n }, (_, i) => normal(key(stream, 'eta'), i));
  const death = eta.map((x, i) => -Math.log(1 - uniform(key(stream, 'death'), i)) * Math.exp(-spread * x));
  const end = eta.map((_, i) => followUp * uniform(key(stream, 'end'), i));
  return { eta, time: death.map((t, i) => Math.min(t, end[i] ?? 0)), event: death.map((t, i) => t <= (end[i] ?? 0)) };
}

const LARGE = 20_000;
const valueOf = (metric: Metric | undefined) => metric?.value ?? NaN;

/** The value that a metric comes to in large samples of a law. */
function inLargeSamples(sample: (n: number, stream: number) => Sample, times = 20): number {
  const everyone = Uint32Array.from({ length: LARGE }, (_, i) => i);
  return mean(
    Array.from({ length: times }, (_, i) => valueOf(sample(LARGE, key(0, 'truth', i)).evaluate(everyone)[0])),
  );
}

/** The spread of log hazards that gives this concordance index, by bisection on one large sample. */
function spreadFor(concordance: number, followUp: number): number {
  const reached = (spread: number) => {
    const { eta, time, event } = patients(LARGE, key(0, 'spread'), spread, followUp);
    return valueOf(concordanceIndex(time, event, eta));
  };
  let low = 0;
  let high = 20;
  for (let i = 0; i < 20; i++) {
    const middle = (low + high) / 2;
    if (reached(middle) < concordance) low = middle;
    else high = middle;
  }
  return concordance === 0.5 ? 0 : (low + high) / 2;
}

function concordanceCell(concordance: number, n: number, { followUp = 3, folds = 1 } = {}): Cell {
  let spread: number | undefined;
  const sampleOf = (size: number, stream: number, parts: number): Sample => {
    spread ??= spreadFor(concordance, followUp);
    const { eta, time, event } = patients(size, stream, spread, followUp);
    const foldOf = eta.map((_, i) => i % parts);
    const ofRows = (rows: Uint32Array) =>
      concordanceIndex(takeRows(time, rows), takeRows(event, rows), takeRows(eta, rows));
    const evaluate = (rows: Uint32Array) => [
      meanOfFolds(Array.from({ length: parts }, (_, f) => ofRows(rows.filter((i) => foldOf[i] === f)))),
    ];
    return { evaluate, strata: foldOf };
  };
  const censored = followUp < 1 ? 'two thirds' : 'a third';
  return {
    metric: folds > 1 ? `C-index, mean over ${folds} folds` : 'C-index',
    law: `${concordance}, ${censored} censored`,
    n,
    truth: () => inLargeSamples((size, stream) => sampleOf(size, stream, 1)),
    sample: (size, stream) => sampleOf(size, stream, folds),
  };
}

/** What the product makes of the folds' values: their mean, with the sides added up. */
function meanOfFolds(folds: readonly Metric[]): Metric {
  const [first] = folds;
  if (folds.length === 1 && first) return first;
  let value = 0;
  let [cases, others, n] = [0, 0, 0];
  for (const fold of folds) {
    if (fold.value === null) return fold;
    value += fold.value / folds.length;
    cases += fold.sides?.cases ?? 0;
    others += fold.sides?.others ?? 0;
    n += fold.n;
  }
  return { name: 'mean', value, estimator: 'mean', ties: 'none', n, sides: { cases, others, borrowed: 1 } };
}

function shareCell(share: number, n: number): Cell {
  return {
    metric: 'share of patients',
    law: String(share),
    n,
    truth: () => share,
    sample(size, stream) {
      const right = Array.from({ length: size }, (_, i) => uniform(key(stream, 'right'), i) < share);
      const certain = right.flatMap((is) => (is ? [1, 0] : [0, 1]));
      const truth = right.map(() => 0);
      const evaluate: Evaluate = (rows) =>
        decisionMetrics(takeRows(certain, rows, 2), takeRows(truth, rows), 2).slice(0, 1);
      return { evaluate, strata: size };
    },
  };
}

/** Three classes whose logits are normal around their frequencies: what is said is what is true, sharper the wider they spread. */
function classesCell(
  metric: 'balanced accuracy' | 'macro F1' | 'macro AUC' | 'Brier score',
  spread: number,
  n: number,
): Cell {
  const frequency = [0.5, 0.3, 0.2];
  const C = frequency.length;
  const sample = (size: number, stream: number): Sample => {
    const logits = Array.from(
      { length: size * C },
      (_, i) => Math.log(frequency[i % C] ?? 1) + spread * normal(key(stream, 'logit'), i),
    );
    const p = softmaxRows(logits, C);
    const truth = Array.from({ length: size }, (_, i) => {
      const u = uniform(key(stream, 'class'), i);
      const first = p[i * C] ?? 0;
      return u < first ? 0 : u < first + (p[i * C + 1] ?? 0) ? 1 : 2;
    });
    const evaluate: Evaluate = (rows) => {
      const [own, labels] = [takeRows(p, rows, C), takeRows(truth, rows)];
      if (metric === 'macro AUC') return [macroAuc(own, labels, C)];
      if (metric === 'Brier score') return [classBrier(own, labels, C)];
      return decisionMetrics(own, labels, C).filter(
        ({ name }) => name === (metric === 'macro F1' ? 'macroF1' : 'balancedAccuracy'),
      );
    };
    return { evaluate, strata: truth };
  };
  return { metric, law: `three classes, logits ±${spread}`, n, truth: () => inLargeSamples(sample), sample };
}

/** Two models that know the log hazard with less and with more noise. */
function differenceCell(n: number, noise: readonly [number, number]): Cell {
  const sample = (size: number, stream: number): Sample => {
    const { eta, time, event } = patients(size, stream, 1.5, 3);
    const risks = noise.map((sd, m) => eta.map((x, i) => x + sd * normal(key(stream, 'noise', m), i)));
    const evaluate: Evaluate = (rows) => {
      const [one, other] = risks.map((risk) =>
        concordanceIndex(takeRows(time, rows), takeRows(event, rows), takeRows(risk, rows)),
      );
      if (!one || !other || one.value === null || other.value === null)
        return [{ name: 'difference', value: null, reason: 'no pair' }];
      return [{ name: 'difference', value: one.value - other.value, estimator: 'difference', ties: 'none', n: size }];
    };
    return { evaluate, strata: size };
  };
  return {
    metric: 'difference of C-indices',
    law: `noise ${noise.join(' and ')}`,
    n,
    truth: () => inLargeSamples(sample),
    sample,
  };
}

const AREAS = [0.5, 0.75, 0.9, 0.95, 0.99];
const CONCORDANCES = [0.5, 0.6, 0.74, 0.85, 0.93];
const CELLS: readonly Cell[] = [
  ...AREAS.map((area) => areaCell(area, 20, 0.5)),
  ...[40, 100, 500].flatMap((n) => AREAS.map((area) => areaCell(area, n, 0.2))),
  ...[20, 40, 100, 250, 500].flatMap((n) => CONCORDANCES.map((c) => concordanceCell(c, n))),
  ...[40, 100].flatMap((n) => [0.6, 0.85].map((c) => concordanceCell(c, n, { followUp: 0.6 }))),
  ...[0.6, 0.85].map((c) => concordanceCell(c, 100, { folds: 5 })),
  ...[20, 100].flatMap((n) => [0.5, 0.8, 0.95, 0.99].map((share) => shareCell(share, n))),
  ...[40, 100].flatMap((n) =>
    (['balanced accuracy', 'macro AUC', 'macro F1', 'Brier score'] as const).flatMap((metric) =>
      [2, 6].map((spread) => classesCell(metric, spread, n)),
    ),
  ),
  ...[40, 100].flatMap((n) => [differenceCell(n, [0.5, 1]), differenceCell(n, [0, 2])]),
];

function measure(cell: Cell): CellResult {
  const { metric, law, n } = cell;
  const truth = cell.truth();
  const repetitions = repetitionsOf(n);
  const counts = { without: 0, covered: 0, above: 0, below: 0 };
  let width = 0;
  for (let r = 0; r < repetitions; r++) {
    const { evaluate, strata } = cell.sample(n, key(1, metric, law, n, r));
    const [found] = withIntervals(evaluate, strata, r);
    if (!found || found.value === null || found.low === undefined || found.high === undefined) {
      counts.without++;
      continue;
    }
    width += found.high - found.low;
    counts[truth < found.low ? 'above' : truth > found.high ? 'below' : 'covered']++;
  }
  return { metric, law, n, truth, repetitions, ...counts, width: width / (repetitions - counts.without) };
}

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;

function row({ metric, law, n, truth, repetitions, without, covered, above, below, width }: CellResult): string {
  const known = repetitions - without;
  const error = 1.96 * Math.sqrt((0.95 * 0.05) / known);
  const share = covered / known;
  const kept = share >= 0.93 - error && share <= 0.97 + error ? '' : share < 0.93 ? 'too narrow' : 'too wide';
  const cells = [
    metric,
    law,
    n,
    truth.toFixed(3),
    percent(covered, known),
    percent(above, known),
    percent(below, known),
  ];
  return `| ${[...cells, width.toFixed(3), percent(without, repetitions), kept].join(' | ')} |`;
}

const done = existsSync(FILE) ? readJson(FILE, z.array(cellResult)) : [];
const isOf = (cell: Cell) => (result: CellResult) =>
  result.metric === cell.metric && result.law === cell.law && result.n === cell.n;

/** Puts the cells that are done into the document. */
function writeTable(): void {
  const inOrder = CELLS.flatMap((cell) => done.filter(isOf(cell)));
  const header = ['metric', 'law', 'n', 'truth', 'holds it', 'above', 'below', 'width', 'no interval', ''];
  const lines = [header, header.map(() => '---')].map((cells) => `| ${cells.join(' | ')} |`);
  const missing = CELLS.length - inOrder.length;
  const note = missing === 0 ? [] : ['', `${missing} of ${CELLS.length} cells of the plan are not computed yet.`];
  const text = ['', ...lines, ...inOrder.map(row), ...note, ''].join('\n');
  const filled = fillPlaces(DOCUMENT, (name) => (name === 'interval coverage' ? text : undefined));
  if (filled !== 1) throw new Error(`${DOCUMENT} has ${filled} places for the table`);
}

/** Cells whose intervals need 2,000 resamples each come last. */
const needsDraws = ({ metric }: Cell) => ['macro F1', 'Brier score', 'difference of C-indices'].includes(metric);

writeTable();
for (const cell of CELLS.toSorted((a, b) => Number(needsDraws(a)) - Number(needsDraws(b)) || a.n - b.n)) {
  if (done.some(isOf(cell))) continue;
  const result = measure(cell);
  done.push(result);
  console.log(row(result));
  write(FILE, `${JSON.stringify(done, null, 2)}\n`);
  writeTable();
}
