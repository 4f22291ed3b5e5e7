/** Keys of one task that places them, and rows of the query grid of one task of the bias and of attention. */
export const POINTS_PER_TASK: i32 = 16;
export const ROWS_PER_TASK: i32 = 16;

/** Takes the next task from the counter that all threads share; the answer may lie beyond the last task. */
// @ts-ignore: decorator
@inline
export function nextTask(counter: usize): i32 {
  return atomic.add<i32>(counter, 1);
}
