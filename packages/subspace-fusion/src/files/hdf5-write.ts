import type { Library } from './hdf5/tasks.js';
import { MachineError, requireWasmMemory } from './system-errors.js';

/**
 * The HDF5 library for writing in Node, which is loaded when the first file needs it.
 * @throws MachineError where WebAssembly is given no memory, of which the library would print a page of its source
 */
export async function loadLibrary(): Promise<Library> {
  requireWasmMemory();
  const library = await import('h5wasm/node');
  await library.ready;
  return library;
}

/**
 * Runs a step of writing an HDF5 file; the library is made to report what fails instead of going on.
 * @throws MachineError where the file cannot be written
 */
export function writingHdf5<T>({ Module }: Library, path: string, work: () => T): T {
  Module.activate_throwing_error_handler();
  try {
    return work();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const reason = /error message = '([^']*)'/.exec(text)?.[1] ?? text.split('\n')[0]; // in the library's stack of errors
    throw new MachineError(
      `${path}: the features cannot be written (${reason}). Free some space or choose another folder, and run this again.`,
    );
  } finally {
    Module.deactivate_throwing_error_handler();
  }
}
