import type { Kernel } from './kernel.js';
import type { Grid } from './keys.js';
import type { Table } from './tables.js';
import { SUMS, weightGradients, type PositionBiasGradients, type PositionBiasWeights } from './weights.js';

/** What the tasks of a backward kernel sum (assembly/sums.ts), gathered over the groups. */
interface GatheredSums {
  /** Bytes of what a task sums. */
  readonly bytes: number;
  /** Adds what the tasks about these groups summed. `ofGroup` is told where the gradients of each group's keys and values begin, in attention. */
  add(taskSums: number, firstGroup: number, groups: number, ofGroup?: (group: number, address: number) => void): void;
  gradients(weights: PositionBiasWeights): PositionBiasGradients;
}

/** `coordinates`: of the kv points. `attention`: whether the tasks sum gradients of keys and values, too. */
export function gatherSums(
  kernel: Kernel,
  table: Table,
  coordinates: number,
  { side, kvPoints }: Grid,
  attention: boolean,
): GatheredSums {
  const bytes = kernel.size('sumsBytes', table.pieces, kvPoints, Number(attention));
  const biasBytes = kernel.size('sumsBytes', table.pieces, kvPoints, 0);
  const tasksOfGroup = kernel.size('tasksOfGroup', side);
  const ofWeights = new Float64Array(SUMS);
  const points = new Float32Array(coordinates);
  return {
    bytes,
    add(taskSums, firstGroup, groups, ofGroup) {
      const tasks = groups * tasksOfGroup;
      const weightSums = kernel.work;
      kernel.call('addUpTasks', taskSums, tasks, tasksOfGroup, kvPoints, Number(attention), table.address, weightSums);
      kernel.doubles(weightSums, SUMS).forEach((sum, i) => (ofWeights[i] += sum));
      for (let i = 0; i < groups; i++) {
        const group = firstGroup + i;
        const end = taskSums + i * tasksOfGroup * bytes + biasBytes; // distances come last
        const distances = kernel.doubles(end - 16 * kvPoints, 2 * kvPoints);
        // d = q − u: the gradient of a point is minus that of the distances.
        distances.forEach((d, at) => (points[group * 2 * kvPoints + at] = -d));
        ofGroup?.(group, end);
      }
    },
    gradients: (weights) => ({ points, ...weightGradients(ofWeights, weights) }),
  };
}
