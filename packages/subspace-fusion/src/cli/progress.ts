import { Presets, SingleBar } from 'cli-progress';

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
    { format: `${what} {bar} {value}/{total} {note}`, clearOnComplete: true, hideCursor: true, stream: process.stderr },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update(done, of, note = '') {
      if (!process.stderr.isTTY) return;
      if (!started) bar.start(of, 0, { note });
      started = true;
      bar.setTotal(of);
      bar.update(done, { note });
    },
    clear() {
      if (started) bar.stop();
      started = false;
    },
  };
}
