import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as Plot from '@observablehq/plot';
import { z } from 'zod';
import { required } from '../files/errors.js';
import { draw } from '../report/figure.js';

/** One measurement: a training step at a size. */
export interface ScalePoint {
  readonly bag: number;
  readonly batch: number;
  readonly threads: number;
  readonly secondsPerStep: number;
  readonly peakMemoryBytes: number;
}

type Size = Pick<ScalePoint, 'bag' | 'batch' | 'threads'>;

/** Bags at batch 2, batches at two bags, and threads at both. */
export const SERIES = {
  bags: [400, 900, 1600, 2500, 4900, 10_000, 22_500].map((bag): Size => ({ bag, batch: 2, threads: 2 })),
  batches400: [1, 2, 4, 8, 16, 32].map((batch): Size => ({ bag: 400, batch, threads: 2 })),
  batches2500: [1, 2, 4, 8, 16, 32].map((batch): Size => ({ bag: 2500, batch, threads: 2 })),
  threads: [400, 2500].flatMap((bag) => [1, 2].map((threads): Size => ({ bag, batch: 2, threads }))),
} as const;
export type Series = keyof typeof SERIES;
export type Scale = Readonly<Record<Series, readonly ScalePoint[]>>;

const STEPS = 3;
/** Times that the whole series is measured; the fastest of a point counts, because other work on the machine only slows. */
const ROUNDS = 2;
/** What `bench step --json` prints of a point that is kept. */
const MEASURED = z.object({ secondsPerStep: z.number(), peakMemoryBytes: z.number() });
const idOf = ({ bag, batch, threads }: Size) => `${bag}-${batch}-${threads}`;

/**
 * Measures every point of the series, each in a process of its own (`command` is the program's path), because peak memory
 * belongs to a process. Points that several series share are measured once.
 */
export async function benchScale(
  command: string,
  onPoint: (point: ScalePoint) => void = () => undefined,
): Promise<Scale> {
  const sizes = new Map(
    Object.values(SERIES)
      .flat()
      .map((size) => [idOf(size), size]),
  );
  const measured = new Map<string, ScalePoint>();
  for (const [id, size] of Array.from({ length: ROUNDS }, () => [...sizes]).flat()) {
    const asked = Object.entries({ ...size, steps: STEPS }).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { stdout } = await promisify(execFile)(process.execPath, [command, 'bench', 'step', ...asked, '--json']);
    const { secondsPerStep, peakMemoryBytes } = MEASURED.parse(JSON.parse(stdout));
    const point = { ...size, secondsPerStep, peakMemoryBytes };
    const before = measured.get(id);
    if (!before || secondsPerStep < before.secondsPerStep) measured.set(id, point);
    onPoint(point);
  }
  return Object.fromEntries(
    Object.entries(SERIES).map(([name, sizes]) => [name, sizes.map((size) => required(measured, idOf(size)))]),
  ) as unknown as Scale;
}

/** The exponent a of y = c·xᵃ: the slope of the least-squares line through (log x, log y). */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((total, v) => total + v, 0) / values.length;
  const u = x.map(Math.log);
  const v = y.map(Math.log);
  const [um, vm] = [mean(u), mean(v)];
  return mean(u.map((ui, i) => (ui - um) * (v[i] - vm))) / mean(u.map((ui) => (ui - um) ** 2));
}

/** The slope of the least-squares line through (x, y). */
export function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((total, v) => total + v, 0) / values.length;
  const [xm, ym] = [mean(x), mean(y)];
  return mean(x.map((xi, i) => (xi - xm) * (y[i] - ym))) / mean(x.map((xi) => (xi - xm) ** 2));
}

const seconds = (points: readonly ScalePoint[]) => points.map((p) => p.secondsPerStep);
const gigabytes = (points: readonly ScalePoint[]) => points.map((p) => p.peakMemoryBytes / 1e9);
const number = (x: number) => (x < 1 ? x.toPrecision(2) : x.toFixed(2));

/** The tables, the fitted exponents and what explains them, in Markdown. */
export function scaleReport({ bags, batches400, batches2500, threads }: Scale): string {
  const bag = bags.map((p) => p.bag);
  const memorySlope = (points: readonly ScalePoint[]) =>
    slope(
      points.map((p) => p.batch),
      points.map((p) => p.peakMemoryBytes / 1e6),
    ).toFixed(0);
  const upTo = (n: number) => bags.filter((p) => p.bag <= n);
  const from = (n: number) => bags.filter((p) => p.bag >= n);
  const timeExponent = (points: readonly ScalePoint[]) =>
    exponent(
      points.map((p) => p.bag),
      seconds(points),
    ).toFixed(2);
  const batchExponent = (points: readonly ScalePoint[]) =>
    exponent(
      points.map((p) => p.batch),
      seconds(points),
    ).toFixed(2);
  const threadGain = (n: number) => {
    const [one, two] = threads.filter((p) => p.bag === n);
    return (one.secondsPerStep / two.secondsPerStep).toFixed(2);
  };
  return `![Seconds a step against the bag](benchmarks-time.svg)
![Peak memory against the batch](benchmarks-memory.svg)

${table('Bag, at batch 2 and 2 threads', bags)}

- **Time against the bag: exponent ${timeExponent(bags)}** (${timeExponent(upTo(1600))} up to 1,600 tokens, ${timeExponent(from(2500))} from 2,500). The projections and norms grow
  as N, attention with its position bias as N·k², and k² = N/16: as N². The second kind takes over as the bag grows.
- **Memory against the bag: ${slope(
    bag,
    gigabytes(bags).map((gb) => 1e6 * gb),
  ).toFixed(0)} kB a token.** Attention keeps nothing of \`[8, N, k²]\`: what grows are the
  bags (N·1024 floats a sample), the tokens of one sample in both branches, and their gradients, all as N.

${table('Batch, at 400 tokens and 2 threads', batches400)}

${table('Batch, at 2,500 tokens and 2 threads', batches2500)}

- **Time against the batch: exponent ${batchExponent(batches400)} at 400 tokens, ${batchExponent(batches2500)} at 2,500.** Samples are worked through in micro-batches of 2,500 tokens, so
  the time is proportional to the batch; a small batch of small bags pays more for what every step costs: Adam, and what depends on
  the weights alone. A batch of one has no consistency term and needs no pass to place the keys.
- **Memory against the batch: ${memorySlope(batches400)} MB a sample at 400 tokens, ${memorySlope(batches2500)} MB at 2,500.** The network's memory is that of one micro-batch. What a sample
  adds is its bag (N·1024 floats: 1.6 and 10.2 MB) and its projections P (a quarter of that); at 400 tokens the micro-batch itself grows from 1 to 4 samples.

${table('Threads, at batch 2', threads)}

- **Threads: two are ${threadGain(400)} times as fast as one at 400 tokens, ${threadGain(2500)} times at 2,500.** Attention and the large products divide evenly; what only moves
  memory gains less, and small operations, the tables of linear pieces and the optimiser run on one thread.
`;
}

function table(title: string, points: readonly ScalePoint[]): string {
  const rows = points.map(({ bag, batch, threads, secondsPerStep, peakMemoryBytes }) =>
    [bag, batch, threads, number(secondsPerStep), number(secondsPerStep / batch), number(peakMemoryBytes / 1e9)].join(
      ' | ',
    ),
  );
  return `${title}:

| bag | batch | threads | s a step | s a sample | peak memory, GB |
| ---: | ---: | ---: | ---: | ---: | ---: |
${rows.map((row) => `| ${row} |`).join('\n')}`;
}

/** Seconds a step against the bag, on logarithmic axes, beside lines of slope 1 and 2. */
export function timeFigure({ bags }: Scale): string {
  const first = bags[0];
  const guide = (power: number) =>
    bags.map(({ bag }) => ({
      bag,
      secondsPerStep: first.secondsPerStep * (bag / first.bag) ** power,
      name: `as N${power === 1 ? '' : '²'}`,
    }));
  return drawing('Seconds a training step against the tokens of a bag, batch 2', {
    x: {
      type: 'log',
      label: 'tokens of a bag',
      ticks: bags.map(({ bag }) => bag),
      tickFormat: (n: number) => n.toLocaleString('en'),
    },
    y: { type: 'log', label: 'seconds a step', grid: true },
    marks: [
      ...[1, 2].flatMap((power) => [
        Plot.line(guide(power), { x: 'bag', y: 'secondsPerStep', stroke: '#999', strokeDasharray: '4 3' }),
        Plot.text(guide(power).slice(-1), {
          x: 'bag',
          y: 'secondsPerStep',
          text: 'name',
          textAnchor: 'end',
          dy: -8,
          fill: '#666',
        }),
      ]),
      Plot.line(bags, { x: 'bag', y: 'secondsPerStep', stroke: '#0072b2', strokeWidth: 2 }),
      Plot.dot(bags, { x: 'bag', y: 'secondsPerStep', fill: '#0072b2' }),
    ],
  });
}

/** Peak memory against the batch at two bags. */
export function memoryFigure({ batches400, batches2500 }: Scale): string {
  const series = [
    { points: batches400, colour: '#d55e00' },
    { points: batches2500, colour: '#0072b2' },
  ];
  return drawing('Peak memory of training against the batch', {
    x: {
      type: 'log',
      base: 2,
      label: 'samples of a batch',
      ticks: batches400.map(({ batch }) => batch),
      tickFormat: String,
    },
    y: { label: 'peak memory, GB', grid: true, zero: true },
    marks: series.flatMap(({ points, colour }) => [
      Plot.line(points, { x: 'batch', y: gigabyte, stroke: colour, strokeWidth: 2 }),
      Plot.dot(points, { x: 'batch', y: gigabyte, fill: colour }),
      Plot.text(points.slice(-1), {
        x: 'batch',
        y: gigabyte,
        text: () => `${points[0].bag.toLocaleString('en')} tokens`,
        textAnchor: 'end',
        dy: -10,
        fill: colour,
      }),
    ]),
  });
}

const gigabyte = (point: ScalePoint) => point.peakMemoryBytes / 1e9;

/** A drawing as a file of its own. */
function drawing(title: string, options: Plot.PlotOptions): string {
  const svg = draw({ width: 560, height: 340, marginLeft: 56, marginBottom: 44, ...options, ariaLabel: title });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('style', 'background: white; font-family: sans-serif; font-size: 11px');
  return `${svg.outerHTML}\n`;
}

const BEGIN = '<!-- subspace bench scale: begin -->';
const END = '<!-- subspace bench scale: end -->';

/** `text` with what stands between its marks replaced by the report; with marks at the end where it has none. */
export function insertReport(text: string, report: string): string {
  const section = `${BEGIN}\n${report}${END}`;
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  return begin >= 0 && end > begin
    ? text.slice(0, begin) + section + text.slice(end + END.length)
    : `${text}\n## Scale\n\n${section}\n`;
}
