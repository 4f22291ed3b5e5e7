/** The most rows of the query grid of one task of the bias and of attention. */
const MOST_ROWS: i32 = 32;

/** Takes the next task from the counter that all threads share; the answer may lie beyond the last task. */
// @ts-ignore: decorator
@inline
export function nextTask(counter: usize): i32 {
  return atomic.add<i32>(counter, 1);
}

/** Tasks of one group on a grid of side s: all keys, and rows in even parts. */
export function tasksOfGroup(s: i32): i32 {
  return (s + MOST_ROWS - 1) / MOST_ROWS;
}

/** The first row of part 0, 1, … of a grid; that of the part after the last is s. */
// @ts-ignore: decorator
@inline
export function firstRowOf(part: i32, s: i32): i32 {
  return (part * s) / tasksOfGroup(s);
}
