/** kv points of one task: 16 neighbours share the cache lines of the bias, whose kv index runs fastest. */
export const POINTS_PER_TASK: i32 = 16;

/** Takes the next task from the counter that all threads share; the answer may lie beyond the last task. */
// @ts-ignore: decorator
@inline
export function nextTask(counter: usize): i32 {
  return atomic.add<i32>(counter, 1);
}
