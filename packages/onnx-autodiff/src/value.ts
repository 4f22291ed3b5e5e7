/** Element types that graphs use: real numbers, indices and conditions. */
export type ElementType = 'float32' | 'int64' | 'bool';

/** The array that carries a tensor of each element type across the border. */
export type TensorData = Float32Array | BigInt64Array | Uint8Array;

/** ONNX attribute of a node. Whole numbers become INT; wrap a real number as `{ float: 0.5 }`. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Computation outside ONNX Runtime: reads its inputs, writes its outputs (all row-major and fully shaped). */
export type HostFunction = (inputs: readonly TensorData[], outputs: readonly TensorData[]) => void | Promise<void>;

/**
 * Given d loss / d output for each output (undefined: the loss does not depend on it), the gradient for each input
 * (undefined: none flows). It returns values, that is: more graph.
 */
export type GradientRule = (upstream: readonly (Value | undefined)[]) => readonly (Value | undefined)[];

/** One operation. A graph is nothing but nodes that refer to the values they read. */
export interface Node {
  readonly kind: 'input' | 'constant' | 'onnx' | 'host';
  /** ONNX operator name, or the name of an input or a host function. */
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly gradient?: GradientRule | undefined;
  readonly data?: TensorData;
  readonly run?: HostFunction;
}

/** One tensor of the graph: its shape is known, its elements only when a program runs. */
export interface Value {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly node: Node;
}

/** Number of elements of a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** The common shape of two tensors by ONNX (NumPy) broadcasting, or undefined where there is none. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1;
    const q = b[b.length - rank + i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) return undefined;
    shape.push(p === 1 ? q : p);
  }
  return shape;
}

/** An operation was given shapes it cannot take. The message names the operation and the shapes. */
export class ShapeError extends Error {
  override name = 'ShapeError';
  constructor(op: string, problem: string, ...values: readonly Value[]) {
    super(`${op}: ${problem} (shapes ${values.map((v) => `[${v.shape.join(', ')}]`).join(', ')})`);
  }
}

/**
 * An axis of x counted from the front: −1 is its last.
 * @throws ShapeError where x has no such axis.
 */
export function axisOf(op: string, x: Value, axis: number): number {
  const rank = x.shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) throw new ShapeError(op, `there is no axis ${axis}`, x);
  return axis < 0 ? axis + rank : axis;
}

interface Result {
  readonly shape: readonly number[];
  readonly type?: ElementType;
}

function makeNode(fields: Omit<Node, 'outputs'>, results: readonly Result[]): Node {
  const outputs: Value[] = [];
  const node: Node = { ...fields, outputs };
  for (const { shape, type = 'float32' } of results) outputs.push({ shape, type, node });
  return node;
}

/** What a map holds for a key that must be in it. @throws Error where it is not: a mistake of this package. */
export function known<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error('a value of the graph was met before it was made');
  return value;
}

/** A tensor that `Program.run` is fed under this name. */
export function input(name: string, shape: readonly number[], type: ElementType = 'float32'): Value {
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0) throw new TypeError(`input ${name}: [${shape.join(', ')}] is not a shape`);
  }
  return makeNode({ kind: 'input', op: name, inputs: [], attributes: {} }, [{ shape, type }]).outputs[0];
}

/** A fixed tensor. Numbers become float32; typed arrays keep their type (BigInt64Array: int64, Uint8Array: bool). */
export function constant(data: TensorData | readonly number[] | number, shape?: readonly number[]): Value {
  const array =
    typeof data === 'number'
      ? Float32Array.of(data)
      : Array.isArray(data)
        ? Float32Array.from(data as number[])
        : (data as TensorData);
  const dims = shape ?? (typeof data === 'number' ? [] : [array.length]);
  if (sizeOf(dims) !== array.length)
    throw new TypeError(`constant: ${array.length} elements do not fill shape [${dims.join(', ')}]`);
  const type = array instanceof Float32Array ? 'float32' : array instanceof BigInt64Array ? 'int64' : 'bool';
  return makeNode({ kind: 'constant', op: 'Constant', inputs: [], attributes: {}, data: array }, [
    { shape: dims, type },
  ]).outputs[0];
}

/** A tensor, or a number that stands for a constant scalar. */
export type Operand = Value | number;

export function asValue(x: Operand): Value {
  return typeof x === 'number' ? constant(x) : x;
}

/** A constant int64 vector, as ONNX wants shapes, axes and indices. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
  return constant(BigInt64Array.from(values, BigInt), shape);
}

/** One ONNX node with one output. For the authors of operations. */
export function onnxNode(
  op: string,
  inputs: readonly Value[],
  result: Result,
  gradient?: (upstream: Value) => readonly (Value | undefined)[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Value {
  const rule: GradientRule | undefined = gradient && (([g]) => (g ? gradient(g) : []));
  return makeNode({ kind: 'onnx', op, inputs, attributes, gradient: rule }, [result]).outputs[0];
}

/** What a host operation is: its name, what it reads, the shapes it writes, how, and its gradient if it has one. */
export interface HostOperation {
  readonly name: string;
  readonly inputs: readonly Value[];
  /** Shapes of the float32 outputs. */
  readonly outputs: readonly (readonly number[])[];
  readonly run: HostFunction;
  readonly gradient?: GradientRule;
}

/**
 * An operation computed outside ONNX Runtime, in the middle of a graph: the program runs the graph before it, hands
 * over its inputs, takes its outputs and goes on. Its gradient rule may use another host operation.
 */
export function hostOperation({ name, inputs, outputs, run, gradient }: HostOperation): readonly Value[] {
  const results = outputs.map((shape) => ({ shape }));
  return makeNode({ kind: 'host', op: name, inputs, attributes: {}, run, gradient }, results).outputs;
}

/** Every node that the values need, each after the nodes it reads from. Iterative: graphs may be deep. */
export function topologicalOrder(values: readonly Value[]): Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (node: Node) => {
    if (!done.has(node)) {
      done.add(node);
      stack.push({ node, next: 0 });
    }
  };
  for (const value of values) {
    visit(value.node);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) {
        visit(top.node.inputs[top.next++].node);
      } else {
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
