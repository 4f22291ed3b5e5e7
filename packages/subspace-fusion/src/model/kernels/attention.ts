import type { Kernel } from './kernel.js';
import { placeKeys, type Grid } from './keys.js';
import { gatherSums } from './sums.js';
import type { Table } from './tables.js';
import type { PositionBiasGradients, PositionBiasWeights } from './weights.js';

/** As in assembly/: groups of a sample, their channels, and those of a token. */
const GROUPS = 8;
const CHANNELS = 16;
const WIDTH = GROUPS * CHANNELS;

/** What attention reads, of B samples with 8 groups each, N = s² queries and M keys. */
export interface AttentionInputs {
  /** f `[B, N, 128]`. */
  readonly fused: Float32Array;
  /** What f is multiplied by, `[B, 8, M, 16]`. */
  readonly keys: Float32Array;
  /** kv `[B, 8, M, 16]`. */
  readonly values: Float32Array;
  /** `[B·8, M, 2]`. */
  readonly points: Float32Array;
  readonly dropout: AttentionDropout | undefined;
}

/** The dropout of attention: the mask of a sample `[8, N, M]` is that of `dropoutMask` with the sample's key. */
export interface AttentionDropout {
  /** One for each sample. */
  readonly keys: Uint32Array;
  readonly rate: number;
}

/** What attention makes: what is read, `[B, N, 128]`, and of each query two numbers for the way back, `[B, 8, N, 2]`. */
export interface AttentionOutputs {
  readonly out: Float32Array;
  readonly kept: Float32Array;
}

/** Gradients of {@link AttentionInputs} and of the weights of the position bias. */
export interface AttentionGradients extends PositionBiasGradients {
  readonly fused: Float32Array;
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** dropout(softmax(f·keysᵀ + bias))·kv of each group, into `outputs`. */
export async function attend(
  kernel: Kernel,
  table: Table,
  inputs: AttentionInputs,
  grid: Grid,
  outputs: AttentionOutputs,
): Promise<void> {
  for (const part of partsOf(kernel, inputs, grid)) {
    const [out, kept] = [part.of(outputs.out), part.of(outputs.kept)];
    const { given, areas, run } = await prepare(kernel, table, part, grid, [], [out.byteLength, kept.byteLength]);
    await run('attend', [...given, ...areas]);
    out.set(kernel.floats(areas[0], out.length));
    kept.set(kernel.floats(areas[1], kept.length));
  }
}

/** The gradients for the `upstream` gradient of what is read, into `gradients`. */
export async function attendBackward(
  kernel: Kernel,
  table: Table,
  inputs: AttentionInputs,
  grid: Grid,
  weights: PositionBiasWeights,
  { out, kept }: AttentionOutputs,
  upstream: Float32Array,
  gradients: AttentionGradients,
): Promise<void> {
  const { fused, keys, values } = gradients;
  const sums = gatherSums(kernel, table, inputs.points.length, grid, true);
  const length = grid.kvPoints * CHANNELS;
  for (const part of partsOf(kernel, inputs, grid)) {
    const arrays = [part.of(out), part.of(kept), part.of(upstream)];
    const own = part.of(fused);
    const sizes = [own.byteLength, part.tasks * sums.bytes];
    const { given, areas, run } = await prepare(kernel, table, part, grid, arrays, sizes);
    await run('attendBackward', [...given, ...areas]);
    const [fusedGradient, taskSums] = areas;
    own.set(kernel.floats(fusedGradient, own.length));
    sums.add(taskSums, part.firstGroup, part.groups, (group, address) => {
      keys.set(kernel.floats(address, length), group * length);
      values.set(kernel.floats(address + 4 * length, length), group * length);
    });
  }
  const ofBias = sums.gradients(weights);
  for (const name of ['points', 'w1', 'b1', 'w2', 'b2', 'w3', 'b3'] as const) gradients[name].set(ofBias[name]);
}

/** Bytes that the samples of one part take in the kernels' memory, about; or one sample, where that is more. */
const PART_BYTES = 1 << 26;

/** Some samples, as many as stand in the kernels' memory at a time. */
interface Part {
  readonly inputs: AttentionInputs;
  readonly firstGroup: number;
  readonly groups: number;
  readonly tasks: number;
  /** These samples of an array of all. */
  of<T extends Float32Array | Uint32Array>(array: T): T;
}

function partsOf(kernel: Kernel, inputs: AttentionInputs, { side, kvPoints }: Grid): Part[] {
  const tokens = side * side * WIDTH;
  const samples = inputs.fused.length / tokens;
  const sampleBytes = 4 * 4 * tokens + GROUPS * kvPoints * kernel.size('placeBytes', side);
  const atOnce = Math.max(1, Math.floor(PART_BYTES / sampleBytes));
  return Array.from({ length: Math.ceil(samples / atOnce) }, (_, i) => {
    const from = i * atOnce;
    const to = Math.min(from + atOnce, samples);
    const of = <T extends Float32Array | Uint32Array>(array: T) =>
      array.subarray((from * array.length) / samples, (to * array.length) / samples) as T;
    const { fused, keys, values, points, dropout } = inputs;
    const groups = (to - from) * GROUPS;
    return {
      inputs: {
        fused: of(fused),
        keys: of(keys),
        values: of(values),
        points: of(points),
        dropout: dropout && { ...dropout, keys: of(dropout.keys) },
      },
      firstGroup: from * GROUPS,
      groups,
      tasks: groups * kernel.size('tasksOfGroup', side),
      of,
    };
  });
}

/**
 * Writes the inputs of a part and further `arrays` to the kernels' memory, and makes room for areas of these `sizes`. `run` runs a kernel on all that:
 * `given` are the addresses of fused, keys, values and `arrays`.
 */
async function prepare(
  kernel: Kernel,
  table: Table,
  { inputs, tasks }: Part,
  { side, kvPoints }: Grid,
  arrays: readonly Float32Array[],
  sizes: readonly number[],
) {
  const all = [inputs.fused, inputs.keys, inputs.values, ...arrays];
  const { keys: dropoutKeys, rate } = inputs.dropout ?? { keys: new Uint32Array(), rate: 0 };
  const { places, areas } = await placeKeys(
    kernel,
    table,
    inputs.points,
    side,
    kernel.size('attentionScratchBytes', side, kvPoints),
    [dropoutKeys.byteLength, ...all.map((array) => array.byteLength), ...sizes],
  );
  const given = areas.slice(1, 1 + all.length);
  all.forEach((array, i) => kernel.floats(given[i], array.length).set(array));
  kernel.integers(areas[0], dropoutKeys.length).set(dropoutKeys);
  const highestKept = Math.ceil((1 - rate) * 2 ** 32) - 1;
  const values = [places, kvPoints, side, table.address, areas[0], highestKept, 1 / (1 - rate)];
  return {
    given,
    areas: areas.slice(1 + all.length),
    run: (name: 'attend' | 'attendBackward', rest: readonly number[]) => kernel.run(name, tasks, [...values, ...rest]),
  };
}
