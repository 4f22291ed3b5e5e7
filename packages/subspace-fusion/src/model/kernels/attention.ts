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
  for (const part of parts(kernel, inputs, grid)) {
    const [out, kept] = [part.tokens(outputs.out), part.queries(outputs.kept)];
    const { given, areas, run } = await part.layOut(kernel, table, [], [out.byteLength, kept.byteLength]);
    await run('attend', [...given, ...areas]);
    out.set(kernel.floats(areas[0], out.length));
    kept.set(kernel.floats(areas[1], kept.length));
  }
}

/** The gradients for the `upstream` gradient of what is read. */
export async function attendBackward(
  kernel: Kernel,
  table: Table,
  inputs: AttentionInputs,
  grid: Grid,
  weights: PositionBiasWeights,
  { out, kept }: AttentionOutputs,
  upstream: Float32Array,
): Promise<AttentionGradients> {
  const fused = new Float32Array(inputs.fused.length);
  const keys = new Float32Array(inputs.keys.length);
  const values = new Float32Array(inputs.values.length);
  const sums = gatherSums(kernel, table, inputs.points.length, grid, true);
  const length = grid.kvPoints * CHANNELS;
  for (const part of parts(kernel, inputs, grid)) {
    const own = part.tokens(fused);
    const { given, areas, run } = await part.layOut(
      kernel,
      table,
      [part.tokens(out), part.queries(kept), part.tokens(upstream)],
      [own.byteLength, part.tasks * sums.bytes],
    );
    await run('attendBackward', [...given, ...areas]);
    const [fusedGradient, taskSums] = areas;
    own.set(kernel.floats(fusedGradient, own.length));
    sums.add(taskSums, part.firstGroup, part.groups, (group, address) => {
      keys.set(kernel.floats(address, length), group * length);
      values.set(kernel.floats(address + 4 * length, length), group * length);
    });
  }
  return { fused, keys, values, ...sums.gradients(weights) };
}

/** Bytes that the samples of one part take in the kernels' memory, about; or one sample, where that is more. */
const PART_BYTES = 1 << 26;

/** Some samples, as many as stand in the kernels' memory at a time. */
interface Part {
  readonly firstGroup: number;
  readonly groups: number;
  readonly tasks: number;
  /** The part's rows of an array with a row for each query, or for each query and group. */
  tokens(array: Float32Array): Float32Array;
  queries(array: Float32Array): Float32Array;
  /** Writes the inputs and `arrays` to the kernels' memory, makes room for areas of the given `sizes`, and tells how to run a kernel. */
  layOut(
    kernel: Kernel,
    table: Table,
    arrays: readonly Float32Array[],
    sizes: readonly number[],
  ): Promise<{
    /** Addresses of f, keys, values and `arrays`. */
    readonly given: readonly number[];
    readonly areas: readonly number[];
    run(name: 'attend' | 'attendBackward', values: readonly number[]): Promise<void>;
  }>;
}

function parts(kernel: Kernel, inputs: AttentionInputs, grid: Grid): Part[] {
  const { side, kvPoints } = grid;
  const N = side * side;
  const samples = inputs.fused.length / (N * WIDTH);
  const sampleBytes = N * WIDTH * 4 * 4 + GROUPS * kvPoints * kernel.size('placeBytes', side);
  const atOnce = Math.max(1, Math.floor(PART_BYTES / sampleBytes));
  return Array.from({ length: Math.ceil(samples / atOnce) }, (_, i) => {
    const from = i * atOnce;
    const to = Math.min(from + atOnce, samples);
    const rows = (length: number) => (array: Float32Array) => array.subarray(from * length, to * length);
    const [tokens, queries, ofKeys] = [rows(N * WIDTH), rows(N * GROUPS * 2), rows(GROUPS * kvPoints * CHANNELS)];
    const points = rows(GROUPS * kvPoints * 2)(inputs.points);
    const groups = (to - from) * GROUPS;
    const tasks = groups * kernel.size('tasksOfGroup', side);
    return {
      firstGroup: from * GROUPS,
      groups,
      tasks,
      tokens,
      queries,
      async layOut(kernel, table, arrays, sizes) {
        const all = [tokens(inputs.fused), ofKeys(inputs.keys), ofKeys(inputs.values), ...arrays];
        const scratch = kernel.size('attentionScratchBytes', side, kvPoints);
        const asked = [4 * (to - from), ...all.map((array) => array.byteLength), ...sizes];
        const { places, areas } = await placeKeys(kernel, table, points, side, scratch, asked);
        const [dropoutKeys] = areas;
        const given = areas.slice(1, 1 + all.length);
        all.forEach((array, i) => kernel.floats(given[i], array.length).set(array));
        const { keys, rate } = inputs.dropout ?? { keys: undefined, rate: 0 };
        if (keys) kernel.integers(dropoutKeys, to - from).set(keys.subarray(from, to));
        const highestKept = Math.ceil((1 - rate) * 2 ** 32) - 1;
        const values = [places, kvPoints, side, table.address, dropoutKeys, highestKept, 1 / (1 - rate)];
        return { given, areas: areas.slice(1 + all.length), run: (name, rest) => kernel.run(name, tasks, [...values, ...rest]) };
      },
    };
  });
}
