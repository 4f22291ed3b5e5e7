import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { loadConfig, type Config } from '../config/config.js';
import { simulateCohort, type SimulationOptions } from '../simulation/cohort.js';

/** A fresh folder for one test file. */
export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'subspace-'));

/** A simulated cohort that trains in seconds: 24 patients, 36 patches of width 16. Returns its `cohort.yaml`. */
export async function tinyCohort(out: string, options: Partial<SimulationOptions> = {}): Promise<string> {
  const { config } = await simulateCohort({
    out,
    patients: 24,
    bag: 36,
    width: 16,
    population: 24,
    seed: 3,
    ...options,
  });
  return config;
}

/** A copy of a cohort's folder; returns the copy's `cohort.yaml`. */
export function copyCohort(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  return join(to, 'cohort.yaml');
}

/** Two epochs of few steps. */
export const SHORT = { 'training.epochs': '2', 'training.batch': '6' };

/** The config of a cohort, for runs of a second. */
export function shortConfig(path: string, overrides: Readonly<Record<string, string>> = {}): Promise<Config> {
  return loadConfig(path, { ...SHORT, ...overrides });
}

/** Rewrites a comma separated table of plain cells, in place or as another file; gzip where its name says so. The header is row 0. */
export function editTable(file: string, edit: (rows: string[][]) => string[][], to = file): void {
  const isGzip = (name: string) => name.endsWith('.gz');
  const bytes = readFileSync(file);
  const rows = (isGzip(file) ? gunzipSync(bytes) : bytes)
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const text = edit(rows)
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
  writeFileSync(to, isGzip(to) ? gzipSync(text) : text);
}
