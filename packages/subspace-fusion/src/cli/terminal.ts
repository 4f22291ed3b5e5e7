import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Presets, SingleBar } from 'cli-progress';
import { InvalidArgumentError } from 'commander';
import { MOST } from '../config/values.js';
import { CHOSEN_ON_THESE } from '../evaluation/score.js';
import { formatProblem } from '../files/errors.js';
import { requirePlainName } from '../files/plain-name.js';
import { printable } from '../files/text.js';
import type { NamedMetrics } from '../runs/values.js';
import { metricName } from '../words/comparison.js';
import { printError } from './output.js';

/** Where a network can run. */
export const PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const;

/** How the position bias can be computed. */
export const POSITION_BIAS_FORMS = ['regions', 'dense'] as const;

/** Flag and words of the option that overrides keys of a config, one a time, given as often as needed. */
export const SET = [
  '--set <key=value>',
  'overrides a key of the config, as in --set training.epochs=5; may be repeated',
] as const;

/** Flag and words of the option that hides who the patients are. */
export const PSEUDONYMS = [
  '--pseudonyms <file>',
  'replace patients by codes in what is to be shared; this file, made where it is missing, says who is who: keep it apart',
] as const;

/** Collects the values of an option that may be repeated. */
export const collect = (value: string, before: readonly string[]): string[] => [...before, value];

/** An option's whole number from `least` to `most`. */
export const wholeNumber =
  (least: number, most: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    return value;
  };

/** An option's whole number from 1 to `most`. */
export const count = (most: number) => wholeNumber(1, most);

/** An option's threads that work on this machine. */
export function threadsHere(text: string): number {
  const cores = availableParallelism();
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value >= 1 && value <= cores))
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${cores}, the cores that are here.`);
  return value;
}

/** An option's seed. */
export const seed = wholeNumber(0);

/** An option's number of tokens of a bag. */
export function bagSize(text: string): number {
  const tokens = wholeNumber(0)(text);
  if (tokens < 36 || tokens > MOST.bag || !Number.isInteger(Math.sqrt(tokens)))
    throw new InvalidArgumentError(`It must be a square number from 36 to ${MOST.bag} (100, 400, 2500).`);
  return tokens;
}

/** An option's folder or file that is written, which scripts and lists of folders name, too. */
export function outPath(text: string): string {
  requirePlainName(text, 'output path');
  return text;
}

/** A time in words: `80 s`, `12 min`, `2.5 h`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** The figures of a metric for a terminal: `0.812 (95 % 0.742 to 0.871; n 57, 19 events)`, or why there is none. */
export function figure(metric: NamedMetrics[string] | undefined): string {
  if (!metric) return 'not computed';
  if (metric.value === null) return `not computed: ${metric.reason}`;
  const interval =
    metric.low === undefined || metric.high === undefined
      ? (metric.noInterval ?? 'no interval')
      : `95 % ${metric.low.toFixed(3)} to ${metric.high.toFixed(3)}`;
  const events = metric.events === undefined ? '' : `, ${metric.events} events`;
  return `${metric.value.toFixed(3)} (${interval}; n ${metric.n}${events})`;
}

/** An id as tables have it: letters with marks are one character. */
export const composed = (text: string): string => text.normalize();

/** Goes with the figures of patients that the model was chosen on. */
export const chosenWarning = `CAUTION: ${CHOSEN_ON_THESE}`;

/** Says where a run was trained with more threads than this machine can give. */
export async function sayFewerThreads(run: string): Promise<void> {
  // Loaded here, as the engine is large and every command's help comes through this file.
  const [{ fewerThreads }, { settingsOf }, { openRunFolder, RUN_FILES }] = await Promise.all([
    import('../inference/backend.js'),
    import('../patient/known-run.js'),
    import('../runs/run-folder.js'),
  ]);
  const { training } = await settingsOf(await openRunFolder(run));
  const problem = fewerThreads(training.threads, join(run, RUN_FILES.config));
  if (problem) printError(`warning: ${formatProblem(problem)}`);
}

/** The metric that speaks for a task: the concordance index, or macro AUC. */
export function headline(metrics: NamedMetrics): readonly [string, NamedMetrics[string] | undefined] {
  const name = 'concordanceIndex' in metrics ? 'concordanceIndex' : 'macroAuc';
  return [metricName(name), metrics[name]];
}

/** Shows how far something is, on a terminal only. */
export interface ProgressBar {
  /** `note` stands behind the bar. */
  update(done: number, of: number, note?: string): void;
  /** Takes the bar away, so that a line can be printed. */
  clear(): void;
}

/** A bar on standard error; silent where that is no terminal. */
export function progressBar(what: string): ProgressBar {
  const bar = new SingleBar(
    {
      format: `${printable(what)} {bar} {value}/{total} {note}`,
      clearOnComplete: true,
      hideCursor: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update(done, of, note = '') {
      if (!process.stderr.isTTY) return;
      if (!started) bar.start(of, 0, { note });
      started = true;
      bar.setTotal(of);
      bar.update(done, { note: printable(note, 200) });
    },
    clear() {
      if (started) bar.stop();
      started = false;
    },
  };
}

/**
 * Runs work that can be stopped: Ctrl-C, a scheduler's SIGTERM, or the SIGHUP of a terminal or connection that is closed aborts its signal, so that
 * it stops where it can be resumed.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const onInterrupt = () => {
    stop.abort();
  };
  // Both a shell and the kernel send SIGHUP; the second may not end what the first is stopping.
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt).on('SIGHUP', onInterrupt);
  try {
    return await work(stop.signal);
  } finally {
    process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt).off('SIGHUP', onInterrupt);
  }
}
