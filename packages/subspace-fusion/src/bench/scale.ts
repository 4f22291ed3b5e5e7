import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { required } from '../files/required.js';

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
  bags: [400, 900, 1600, 2500, 4900, 10_000].map((bag): Size => ({ bag, batch: 2, threads: 2 })),
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
