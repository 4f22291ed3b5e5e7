import { cpuProvider, InferenceSession, runInto, Tensor } from '#onnxruntime';
import { encodeModel } from './onnx.js';
import { expand } from './ops/broadcasting.js';
import { add } from './ops/elementwise.js';
import { cutIntoStages, origin } from './stages.js';
import {
  constant,
  known,
  onnxNode,
  ShapeError,
  sizeOf,
  topologicalOrder,
  type ElementType,
  type HostFunction,
  type Node,
  type TensorData,
  type Value,
} from './value.js';

/**
 * Reverse-mode differentiation: d loss / d value for each of `values`, as more graph.
 * The loss is a scalar. A value on which the loss does not depend gets zeros of its shape.
 * @throws ShapeError where the loss is not a scalar; Error, naming the operation, where one on the way has no gradient rule.
 */
export function gradients(loss: Value, values: readonly Value[]): Value[] {
  if (loss.shape.length !== 0) throw new ShapeError('gradients', 'the loss must be a scalar', loss);
  const order = topologicalOrder([loss]);
  const dependsOnValues = descendants(order, values);
  const total = new Map<Value, Value>([[loss, constant(1)]]); // d loss / d value, summed over the paths seen so far

  for (const node of order.reverse()) {
    if (!dependsOnValues.has(node) || node.kind === 'input' || node.kind === 'constant') continue;
    const upstream = node.outputs.map((y) => total.get(y));
    if (upstream.every((g) => g === undefined)) continue;
    const needed = node.inputs.map((x) => x.type === 'float32' && (dependsOnValues.has(x.node) || values.includes(x)));
    if (!needed.includes(true)) continue;
    if (!node.gradient) throw new Error(`gradients: ${node.op} has no gradient rule`);
    const contributions = node.gradient(upstream);
    node.inputs.forEach((x, i) => {
      const g = contributions[i];
      if (!needed[i] || !g) return;
      const before = total.get(x);
      total.set(x, before ? add(before, g) : g);
    });
  }
  return values.map((v) => total.get(v) ?? expand(constant(0), v.shape));
}

/** Nodes that have one of the values among their inputs, directly or through others. */
function descendants(order: readonly Node[], values: readonly Value[]): Set<Node> {
  const targets = new Set(values);
  const found = new Set<Node>();
  for (const node of order) {
    if (node.inputs.some((x) => targets.has(x) || found.has(x.node))) found.add(node);
  }
  return found;
}

/** Where a program runs. `cpu`: in a browser, WebAssembly; `webgpu`: any GPU; `cuda`: NVIDIA, where the installed ONNX Runtime has it. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';

export interface CompileOptions {
  /** Default: `cpu`. */
  readonly provider?: Provider;
  /** Threads for one operation on the CPU. Default: as many as there are cores. A browser's are ONNX Runtime's `env.wasm.numThreads`. */
  readonly threads?: number;
  /** Told how long each part of a run took: `session 0`, …, and the host operations by name. */
  readonly observe?: (part: string, seconds: number) => void;
}

/** A compiled graph: feed it arrays by input name, get arrays by output name. */
export interface Program<Outputs extends string = string> {
  /** Names of the inputs it must be fed, with their shapes. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /**
   * Runs the graph. The arrays it returns belong to the program and are written again by its next run: copy what must last.
   * One run at a time.
   * @throws Error where an input is missing, unknown, or of another size or type, and where the previous run has not ended.
   */
  run(feeds: Readonly<Record<string, TensorData>>): Promise<Readonly<Record<Outputs, Float32Array>>>;
  /** Frees the sessions. */
  dispose(): Promise<void>;
}

/** One step of a program: a stretch of graph in a session, or a host operation between two of them. */
interface Step {
  readonly name: string;
  readonly run: () => Promise<void> | void;
  readonly session?: InferenceSession;
}

/**
 * Compiles the graph that computes `outputs` (any float32 values, by name).
 *
 * The graph is cut where host operations stand (stages.ts). Each stage is one ONNX Runtime session; what later stages need
 * is kept in arrays that are allocated here, once.
 * @throws Error where two inputs have one name, or an output is not float32.
 */
export async function compile<Outputs extends string>(
  outputs: Readonly<Record<Outputs, Value>>,
  options: CompileOptions = {},
): Promise<Program<Outputs>> {
  const named = Object.entries<Value>(outputs).map(([name, v]) => [name as Outputs, computed(v)] as const);
  for (const [name, v] of named)
    if (v.type !== 'float32') throw new Error(`compile: output ${name} is ${v.type}; cast it to float32`);
  const results = named.map(([, v]) => v);
  const order = topologicalOrder(results);
  const inputs = new Map<string, Value>();
  for (const node of order.filter((n) => n.kind === 'input')) {
    if (inputs.has(node.op)) throw new Error(`compile: two inputs are named ${node.op}`);
    inputs.set(node.op, node.outputs[0]);
  }

  // Arrays and tensors of everything that crosses a border between sessions, host operations and the caller.
  const buffers = new Map<Value, TensorData>();
  const tensors = new Map<Value, Tensor>();
  const hold = (v: Value) => {
    if (buffers.has(v) || v.node.kind === 'input') return;
    const data = v.node.data ?? allocate(v.type, sizeOf(v.shape));
    buffers.set(v, data);
    tensors.set(v, toTensor(v, data));
  };

  const steps: Step[] = [];
  for (const [i, { nodes, kept, hosts }] of cutIntoStages(order, results).entries()) {
    kept.forEach(hold);
    if (kept.length > 0) steps.push(await sessionStep(`session ${i}`, nodes, kept, tensors, options));
    for (const node of hosts) {
      node.inputs.map(origin).forEach(hold);
      node.outputs.forEach(hold);
      if (node.run) steps.push(hostStep(node.run, node, buffers));
    }
  }
  let running = false;
  const arrays = Object.fromEntries(named.map(([name, v]) => [name, buffers.get(origin(v))])) as Record<
    Outputs,
    Float32Array
  >;
  return {
    inputs: Object.fromEntries([...inputs].map(([name, v]) => [name, v.shape])),
    async run(feeds) {
      if (running) throw new Error('run: the previous run has not ended');
      for (const name of Object.keys(feeds)) {
        if (!inputs.has(name))
          throw new Error(`run: there is no input ${name}; inputs are ${[...inputs.keys()].join(', ')}`);
      }
      for (const [name, v] of inputs) {
        const data = feeds[name];
        checkFeed(name, v, data);
        buffers.set(v, data);
        tensors.set(v, toTensor(v, data));
      }
      running = true;
      try {
        for (const step of steps) {
          const started = performance.now();
          await step.run();
          options.observe?.(step.name, (performance.now() - started) / 1000);
        }
      } finally {
        running = false;
      }
      return arrays;
    },
    async dispose() {
      for (const step of steps) await step.session?.release();
    },
  };
}

/** An input or a constant that is asked for becomes a node, so that every output is computed. */
function computed(v: Value): Value {
  const { kind } = origin(v).node;
  return kind === 'onnx' || kind === 'host' ? v : onnxNode('Identity', [v], v);
}

async function sessionStep(
  name: string,
  nodes: readonly Node[],
  kept: readonly Value[],
  tensors: Map<Value, Tensor>,
  options: CompileOptions,
): Promise<Step> {
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const read = new Set(nodes.flatMap((n) => n.inputs).filter((x) => !made.has(x)));
  const constants = new Set([...read].filter((x) => x.node.kind === 'constant').map((x) => x.node));
  const fed = [...read].filter((x) => x.node.kind !== 'constant');
  const inputs = new Map(fed.map((v, i) => [v, `in${i}`]));
  const outputs = new Map(kept.map((v, i) => [v, `out${i}`]));

  const model = encodeModel({ nodes: [...constants, ...nodes], inputs, outputs });
  const session = await InferenceSession.create(model, sessionOptions(options));
  const results = Object.fromEntries([...outputs].map(([v, name]) => [name, known(tensors, v)]));
  return {
    name,
    session,
    async run() {
      const feeds = Object.fromEntries([...inputs].map(([v, name]) => [name, known(tensors, v)]));
      await runInto(session, feeds, results);
    },
  };
}

function hostStep(run: HostFunction, node: Node, buffers: ReadonlyMap<Value, TensorData>): Step {
  return {
    name: node.op,
    run: () =>
      run(
        node.inputs.map((v) => known(buffers, origin(v))),
        node.outputs.map((v) => known(buffers, v)),
      ),
  };
}

/** How ONNX Runtime is asked to run a model. */
export function sessionOptions({ provider = 'cpu', threads }: CompileOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: [provider === 'cpu' ? cpuProvider : provider],
    graphOptimizationLevel: 'all',
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // ONNX Runtime's idle threads would otherwise spin on the cores that host operations work on.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

function allocate(type: ElementType, size: number): TensorData {
  if (type === 'float32') return new Float32Array(size);
  return type === 'int64' ? new BigInt64Array(size) : new Uint8Array(size);
}

function toTensor(v: Value, data: TensorData): Tensor {
  return new Tensor(v.type, data as Float32Array, v.shape);
}

function checkFeed(name: string, v: Value, data: TensorData | undefined): asserts data is TensorData {
  if (!data) throw new Error(`run: input ${name} [${v.shape.join(', ')}] was not fed`);
  const expected = allocate(v.type, 0).constructor;
  if (data.constructor !== expected)
    throw new Error(`run: input ${name} wants a ${expected.name}, not a ${data.constructor.name}`);
  if (data.length !== sizeOf(v.shape)) {
    throw new Error(
      `run: input ${name} has shape [${v.shape.join(', ')}], ${sizeOf(v.shape)} elements; it was fed ${data.length}`,
    );
  }
}
