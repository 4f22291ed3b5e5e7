/**
 * The kernels that TypeScript calls, compiled to WebAssembly SIMD by scripts/build-kernels.mjs.
 *
 * Every kernel but `buildTable` takes its work from a shared counter, one task at a time, until no task is left, so any number of threads may run the same
 * call. What a task computes does not depend on who computes it or when: results have the same bits at any number of threads. The caller lays out the memory
 * from `heapBase` on; nothing is allocated here.
 */
export { attend, attendBackward, attentionScratchBytes, attentionSumsBytes } from './attention';
export { biasBackward, biasForward, biasScratchBytes, biasSumsBytes } from './bias';
export { buildBytes, buildTable } from './build';
export { dropoutMask } from './dropout';
export { place, placeBytes } from './places';
export { boundsOffset, countsOffset, masksOffset, tableBytes } from './table';

/** The first byte of the memory that is free for the caller. */
export function heapBase(): usize {
  return __heap_base;
}
