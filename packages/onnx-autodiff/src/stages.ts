import { known, sizeOf, type Node, type Value } from './value.js';

/** A stretch of graph that runs as one session, and the host operations after it. */
export interface Stage {
  /** ONNX nodes, each after those it reads from. */
  readonly nodes: readonly Node[];
  /** What is made here and read by a later stage, by a host operation or by the caller. */
  readonly kept: readonly Value[];
  readonly hosts: readonly Node[];
}

/**
 * Cuts a graph (`order`, topological) where host operations stand: stage 0 has all that must be computed before the first
 * of them, and so on.
 *
 * A node that may run in several stages runs in the last of them, beside what reads it, so that its result does not have
 * to be kept from one session to the next; unless its inputs are larger and would have to be kept instead.
 * Only the elements of a value are kept, not its shape: each stage that reads a `Reshape` makes it for itself.
 */
export function cutIntoStages(order: readonly Node[], results: readonly Value[]): Stage[] {
  const earliest = earliestStages(order);
  const last = Math.max(0, ...earliest.values());
  const { stageOf, readers } = placeNodes(order, results, earliest, last);
  return Array.from({ length: last + 1 }, (_, stage) => {
    const here = order.filter((n) => stageOf.get(n) === stage);
    const kept = here
      .filter(isComputation)
      .flatMap((n) => n.outputs)
      .filter((v) => isKept(v, stage, readers));
    return { nodes: withReshapes(here.filter(isComputation)), kept, hosts: here.filter((n) => n.kind === 'host') };
  });
}

/** The value that has the same elements as v before any `Reshape`. */
export function origin(v: Value): Value {
  return isReshape(v.node) ? origin(v.node.inputs[0]) : v;
}

const isReshape = (node: Node) => node.kind === 'onnx' && node.op === 'Reshape';
const isComputation = (node: Node) => node.kind === 'onnx' && !isReshape(node);

/** How many host operations lie before each node on the longest path to it. */
function earliestStages(order: readonly Node[]): Map<Node, number> {
  const stages = new Map<Node, number>();
  for (const node of order) {
    const before = node.inputs.map((x) => known(stages, x.node) + (x.node.kind === 'host' ? 1 : 0));
    stages.set(node, Math.max(0, ...before));
  }
  return stages;
}

/** A value is read by sessions of some stages; host operations and the caller read what is kept. */
interface Readers {
  readonly stages: number[];
  outside: boolean;
}

function placeNodes(
  order: readonly Node[],
  results: readonly Value[],
  earliest: ReadonlyMap<Node, number>,
  last: number,
) {
  const stageOf = new Map<Node, number>();
  const readers = new Map<Value, Readers>();
  const read = (x: Value, stage: number, outside: boolean) => {
    const of = readers.get(origin(x)) ?? { stages: [], outside: false };
    readers.set(origin(x), of);
    of.stages.push(stage);
    of.outside ||= outside;
  };
  results.forEach((v) => read(v, last, true));
  for (const node of [...order].reverse()) {
    if (node.kind === 'host') {
      const stage = known(earliest, node);
      stageOf.set(node, stage);
      node.inputs.forEach((x) => read(x, stage, true));
    } else if (isComputation(node)) {
      const stage = stageFor(node, known(earliest, node), readers);
      stageOf.set(node, stage);
      node.inputs.forEach((x) => read(x, stage, false));
    }
  }
  return { stageOf, readers };
}

/** The stage of a node whose readers have their places already. */
function stageFor(node: Node, early: number, readers: ReadonlyMap<Value, Readers>): number {
  const late = Math.min(...node.outputs.flatMap((y) => readers.get(y)?.stages ?? []));
  const wouldBeKept = node.inputs
    .map(origin)
    .filter((x) => x.node.kind === 'onnx' && !(readers.get(x)?.stages ?? []).some((stage) => stage >= late));
  return bytes(wouldBeKept) <= bytes(node.outputs) ? late : early;
}

function isKept(v: Value, stage: number, readers: ReadonlyMap<Value, Readers>): boolean {
  const of = readers.get(v);
  return of !== undefined && (of.outside || of.stages.some((reader) => reader !== stage));
}

/** Nodes with the reshapes that they read, each before its first reader. */
function withReshapes(nodes: readonly Node[]): Node[] {
  const all = new Set<Node>();
  const addReshapes = ({ node }: Value) => {
    if (!isReshape(node) || all.has(node)) return;
    node.inputs.forEach(addReshapes);
    all.add(node);
  };
  for (const node of nodes) {
    node.inputs.forEach(addReshapes);
    all.add(node);
  }
  return [...all];
}

const elementBytes = { float32: 4, int64: 8, bool: 1 };

function bytes(values: readonly Value[]): number {
  return values.reduce((total, { type, shape }) => total + elementBytes[type] * sizeOf(shape), 0);
}
