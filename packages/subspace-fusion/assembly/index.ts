/**
 * The kernels that TypeScript calls, compiled to WebAssembly SIMD by scripts/build-kernels.mjs.
 *
 * Every kernel takes its work from a shared counter, one task at a time, until no task is left, so any number of threads may run the same
 * call. What a task computes does not depend on who computes it or when: results have the same bits at any number of threads. `buildTable` and `addUpTasks` run on one thread, before and after. The caller lays out the memory from `heapBase` on; nothing is allocated here.
 */
export { attend, attendBackward, attentionScratchBytes } from './attention';
export { biasBackward, biasForward, biasScratchBytes } from './bias';
export { buildBytes, buildTable } from './build';
export { dropoutMask } from './dropout';
export { place, placeBytes } from './places';
export { addUpTasks, sumsBytes } from './sums';
export { boundsOffset, countsOffset, tableBytes } from './table';
export { tasksOfGroup } from './tasks';

/** The first byte of the memory that is free for the caller. */
export function heapBase(): usize {
  return __heap_base;
}
