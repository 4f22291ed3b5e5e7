import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { required } from '../../files/errors.js';
import { KINDS, wholeFolder } from './kinds.js';
import { mutate } from './mutate.js';
import { fileReader, type Limits, type Reading } from './reader.js';

/** Reads damaged files of one kind after another, and counts what comes of it. */

/** When a kind has had enough. */
export interface Share {
  /** Inputs of each kind; default: as many as there is time for. */
  readonly inputs?: number | undefined;
  /** Seconds for each kind. */
  readonly seconds: number;
}

export interface FuzzOptions extends Share {
  readonly seed: number;
  readonly limits: Limits;
  /** Where the whole files are, and the inputs while they are read. */
  readonly work: string;
  /** Where inputs that fail are kept, with what they did; nowhere without it. */
  readonly failures?: string;
}

/** What came of the inputs of a kind. */
export interface Figures {
  readonly kind: string;
  inputs: number;
  read: number;
  refused: number;
  hang: number;
  trace: number;
  memory: number;
  /** The longest that one input took, in seconds. */
  longest: number;
  /** Most memory that the reading process had, in bytes. */
  peak: number;
  /** Failures by what they say first, with the number of the first input and how many there were. */
  readonly failures: Map<string, { readonly index: number; count: number }>;
}

/** Inputs that are kept of one kind of failure. */
const KEPT = 3;

/** Damages whole files of a kind and reads them. The whole files must be readable themselves. */
export async function fuzzKind(kind: string, options: FuzzOptions): Promise<Figures> {
  const { seed, limits, work, inputs = Infinity } = options;
  const whole = wholeFolder(work, kind);
  const names = readdirSync(whole).sort();
  const files = names.map((name) => readFileSync(join(whole, name)));
  const damaged = join(work, 'damaged');
  mkdirSync(damaged, { recursive: true });
  const reader = fileReader(limits);
  const figures: Figures = {
    ...{ kind, inputs: 0, read: 0, refused: 0, hang: 0, trace: 0, memory: 0, longest: 0, peak: 0 },
    failures: new Map(),
  };
  const end = performance.now() + 1000 * options.seconds;
  try {
    for (let index = 0; index < inputs && performance.now() < end; index++) {
      const name = names[index % names.length];
      const bytes = mutate(files[index % files.length], files, required(KINDS, kind), { seed, kind, index });
      // The name of the whole file stays at the end: readers go by it.
      const path = join(damaged, `${index}-${name}`);
      writeFileSync(path, bytes);
      const reading = await reader.read({ kind, path, whole });
      rmSync(path);
      count(figures, reading, index);
      if (isFailure(reading)) keep(options, figures, reading, bytes, `${index}-${name}`);
    }
  } finally {
    reader.stop();
  }
  return figures;
}

const isFailure = ({ outcome }: Reading) => outcome !== 'read' && outcome !== 'refused';

function count(figures: Figures, { outcome, seconds, peak }: Reading, index: number): void {
  figures.inputs = index + 1;
  figures[outcome]++;
  figures.longest = Math.max(figures.longest, seconds);
  figures.peak = Math.max(figures.peak, peak);
}

/** Keeps an input that failed, the first few of each way to fail. */
function keep({ failures }: FuzzOptions, figures: Figures, reading: Reading, bytes: Buffer, name: string): void {
  const { message, outcome } = reading;
  const place = /^ +at .*$/m.exec(message)?.[0].trim() ?? '';
  const way = `${outcome}: ${message.split('\n')[0].slice(0, 150)} ${place}`.trim();
  const known = figures.failures.get(way) ?? { index: Number.parseInt(name), count: 0 };
  figures.failures.set(way, known);
  if (++known.count > KEPT || failures === undefined) return;
  mkdirSync(failures, { recursive: true });
  const path = join(failures, `${figures.kind.replaceAll(' ', '-')}-${name}`);
  writeFileSync(path, bytes);
  writeFileSync(`${path}.txt`, `${outcome} after ${reading.seconds.toFixed(1)} s\n${message}\n`);
}

/** One line of a table in Markdown. */
export const row = ({ kind, inputs, read, refused, hang, trace, memory, longest, peak }: Figures): string =>
  `| ${[kind, inputs, read, refused, hang, trace, memory, longest.toFixed(1), Math.round(peak / 1e6)].join(' | ')} |`;

export const HEADER = [
  '| reader | inputs | read | refused | hangs | traces | too much memory | longest, s | peak, MB |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
];
