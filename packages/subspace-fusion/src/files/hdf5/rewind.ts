/**
 * Undoes what a failed read left in a WebAssembly program: its memory and globals are set to what they were when it had been loaded. That takes
 * milliseconds, a new worker with the HDF5 library half a second.
 */

/** Sets a program back. False where it cannot be, or has taken memory that only its end gives back. */
export type Rewind = () => boolean;

/** A program whose memory has grown by more than this is ended instead. */
const MOST_GROWTH = 256 << 20;

interface Exports {
  readonly memory?: unknown;
}
interface Global {
  value: unknown;
}
/** The parts of the platform's own `WebAssembly` that are used; Node and browsers have the same. */
interface Platform {
  instantiate: (...args: unknown[]) => Promise<{ instance?: { exports: Exports }; exports?: Exports }>;
  readonly Memory: abstract new () => { readonly buffer: ArrayBuffer };
  readonly Global: abstract new () => Global;
}
const { WebAssembly } = globalThis as unknown as { WebAssembly: Platform };

/**
 * Loads a library that instantiates one WebAssembly program, and gives what sets that program back to where it is when `settle` has
 * run. The library keeps its program to itself, so `WebAssembly.instantiate` is watched meanwhile: call this in a worker that does nothing else.
 */
export async function loadRewindable<T>(
  load: () => Promise<T>,
  settle: (loaded: T) => void,
): Promise<{ loaded: T; rewind: Rewind }> {
  const { instantiate } = WebAssembly;
  const programs: Exports[] = [];
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate.apply(WebAssembly, args);
    programs.push(made.instance?.exports ?? made.exports ?? {});
    return made;
  };
  try {
    const loaded = await load();
    settle(loaded);
    return { loaded, rewind: programs.length === 1 ? rewindOf(programs[0]) : () => false };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

function rewindOf(program: Exports): Rewind {
  const { memory } = program;
  if (!(memory instanceof WebAssembly.Memory)) return () => false;
  const size = memory.buffer.byteLength;
  const bytes = new Uint8Array(memory.buffer).slice(0, usedOf(new Uint8Array(memory.buffer)));
  const globals = Object.values(program).flatMap((part: unknown) =>
    part instanceof WebAssembly.Global && isMutable(part) ? [[part, part.value] as const] : [],
  );
  // The stack pointer is among them, or an error in the middle of a call would leave it there.
  if (globals.length === 0) return () => false;
  return () => {
    if (memory.buffer.byteLength > size + MOST_GROWTH) return false;
    const now = new Uint8Array(memory.buffer);
    now.set(bytes);
    now.fill(0, bytes.length);
    for (const [global, value] of globals) global.value = value;
    return true;
  };
}

/** Bytes up to the last that is not 0. */
function usedOf(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

function isMutable(global: Global): boolean {
  try {
    const { value } = global;
    global.value = value;
    return true;
  } catch {
    return false;
  }
}
