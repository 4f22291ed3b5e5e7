/** What the studies share: the command line, files, numbers of runs, and places in a document. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The folder of the checkout: studies run from there (`npm run study`). */
export const ROOT = process.cwd();

/** Runs `subspace` with these arguments and waits; the study ends where it fails. @returns what it printed, where that is captured. */
export function subspace(args: readonly string[], show: 'all' | 'errors' | 'captured' = 'all'): string {
  const program = join(ROOT, 'packages/subspace-fusion/bin/subspace.js');
  const output = ({ all: 'inherit', errors: 'ignore', captured: 'pipe' } as const)[show];
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    stdio: ['ignore', output, 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) process.exit(status ?? 1);
  return show === 'captured' ? stdout : '';
}

/** `{a: 1}` → `--set a=1`. */
export const settings = (values: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);

/** The arguments of a study; without the first `needed` of them it says how it is called and ends. */
export function studyArguments(usage: string, needed: number): string[] {
  const given = process.argv.slice(2);
  if (given.length >= needed) return given;
  console.error(`usage: npm run study -- ${usage}`);
  process.exit(2);
}

export function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

export function readJson<T>(file: string, schema: z.ZodType<T>): T {
  return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** C-indices that can be attained on a simulated cohort, by what a model reads. */
export const ceilings = (cohort: string) =>
  readJson(
    join(cohort, 'truth.json'),
    z.object({ ceilings: z.object({ population: z.record(z.string(), z.number()) }) }),
  ).ceilings.population;

/** The test C-index of a run's result, or of what `evaluate --json` printed. */
export const testConcordance = (result: unknown): number =>
  z.object({ metrics: z.object({ concordanceIndex: z.object({ value: z.number() }) }) }).parse(result).metrics
    .concordanceIndex.value;

/** Arguments that resume a training that was begun. */
export const resuming = (run: string): string[] => (existsSync(join(run, 'model.json')) ? ['--resume'] : []);

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

/** A text with `textOf` each of its places `<!-- name -->` … `<!-- end -->` put in; a place of which there is none stays as it is. */
export const withPlaces = (text: string, textOf: (name: string) => string | undefined): string =>
  text.replace(
    /(<!-- ([^>]*?) -->\n)[^]*?(<!-- end -->)/g,
    (whole: string, start: string, name: string, end: string) => {
      const own = textOf(name);
      return own === undefined ? whole : `${start}${own}\n${end}`;
    },
  );

/** The same in a document. @returns how many places were filled. */
export function fillPlaces(document: string, textOf: (name: string) => string | undefined): number {
  let places = 0;
  const filled = withPlaces(readFileSync(document, 'utf8'), (name) => {
    const text = textOf(name);
    if (text !== undefined) places++;
    return text;
  });
  writeFileSync(document, filled);
  return places;
}
