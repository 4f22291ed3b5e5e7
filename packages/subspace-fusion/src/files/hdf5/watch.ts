import type { Pulse } from './tasks.js';

/** Ends what makes no progress: the caller's side of a {@link Pulse}. */

/** Milliseconds between two looks at the pulse. */
const TICK = 250;
/**
 * Looks without progress after which a call is given up: 6 s. They are counted rather than timed, so that a machine that sleeps or a process that is
 * stopped is not taken for a loop. Waiting for a disk does not count.
 */
const PATIENCE = 24;

/** A call that was given up. */
export class Stalled extends Error {
  override name = 'Stalled';
}

/** A pulse that both sides see, where they can share memory; elsewhere it stands still, and the patience is for the whole call. */
export function newPulse(): Pulse {
  const isNode = 'process' in globalThis;
  const shares = isNode || (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  return new Int32Array(shares ? new SharedArrayBuffer(4) : new ArrayBuffer(4));
}

/** The call's result. @throws {Stalled} where the pulse stands still for too long. */
export async function watch<T>(call: Promise<T>, pulse: Pulse): Promise<T> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const stalled = new Promise<never>((_, reject) => {
    let [before, looks] = [Atomics.load(pulse, 0), 0];
    timer = setInterval(() => {
      const now = Atomics.load(pulse, 0);
      const isReading = now !== before || now % 2 === 1;
      [before, looks] = [now, isReading ? 0 : looks + 1];
      if (looks >= PATIENCE) reject(new Stalled());
    }, TICK);
  });
  try {
    return await Promise.race([call, stalled]);
  } finally {
    clearInterval(timer);
  }
}
