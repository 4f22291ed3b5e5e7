import proto, { type onnx } from 'onnx-proto';
import {
  sizeOf,
  topologicalOrder,
  type Attribute,
  type ElementType,
  type Node,
  type TensorData,
  type Value,
} from './value.js';

const OPSET = 18;
const IR_VERSION = 8;

/** ONNX TensorProto.DataType. */
const dataTypes: Record<ElementType, number> = { float32: 1, int64: 7, bool: 9 };

/** A graph ready to be written: its nodes in order, the values it is fed and the values it gives, each with its name. */
export interface OnnxGraph {
  readonly nodes: readonly Node[];
  readonly inputs: ReadonlyMap<Value, string>;
  readonly outputs: ReadonlyMap<Value, string>;
  /** Input nodes whose values are written into the model under their names, instead of being fed: a trained model's parameters. */
  readonly parameters?: ReadonlyMap<Value, TensorData>;
}

/** What a model says of itself to those who open the file. */
export interface ModelDescription {
  /** What it computes, for people. */
  readonly doc?: string;
  /** The program that made it. */
  readonly producer?: { readonly name: string; readonly version: string };
  /** ONNX `metadata_props`: anything that a program may want to look up. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What inputs and outputs are, by name. */
  readonly docs?: Readonly<Record<string, string>>;
  /**
   * Names of the axes of inputs whose length the caller may choose, as in `{ rows: ['n', undefined] }`. The nodes that read such an input
   * must make do without the length that its value states (`lengthOf`, `gather`).
   */
  readonly freeAxes?: Readonly<Record<string, readonly (string | undefined)[]>>;
}

/**
 * The graph as an ONNX model, in protobuf. Constants and parameters become initializers.
 * @throws Error where a host operation stands in the graph: no other program could run it.
 */
export function encodeModel(
  { nodes, inputs, outputs, parameters = new Map() }: OnnxGraph,
  description: ModelDescription = {},
): Uint8Array {
  const host = nodes.find((n) => n.kind === 'host');
  if (host) throw new Error(`encodeModel: ${host.op} is a host operation, which ONNX has no node for`);
  const {
    doc = '',
    producer = { name: 'onnx-autodiff', version: '' },
    metadata = {},
    docs = {},
    freeAxes = {},
  } = description;
  const names = new Map<Value, string>([
    ...outputs,
    ...inputs,
    ...[...parameters.keys()].map((v) => [v, v.node.op] as const),
  ]);
  const taken = new Set(names.values());
  let unnamed = 0;
  const nameOf = (v: Value): string => {
    let name = names.get(v);
    if (name === undefined) {
      do name = `v${unnamed++}`;
      while (taken.has(name));
      names.set(v, name);
    }
    return name;
  };
  const model = proto.onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: producer.name,
    producerVersion: producer.version,
    docString: doc,
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'graph',
      initializer: [
        ...[...parameters].map(([v, data]) => initializer(v, data, nameOf(v))),
        ...nodes
          .filter((n) => n.kind === 'constant')
          .flatMap(({ data, outputs: [v] }) => (data ? [initializer(v, data, nameOf(v))] : [])),
      ],
      node: nodes
        .filter((n) => n.kind === 'onnx')
        .map((n, i) => ({
          name: `${n.op}_${i}`,
          opType: n.op,
          input: n.inputs.map(nameOf),
          output: n.outputs.map(nameOf),
          attribute: Object.entries(n.attributes).map(([name, a]) => attribute(name, a)),
        })),
      input: [...inputs].map(([v, name]) => valueInfo(v, name, docs[name], freeAxes[name])),
      output: [...outputs].map(([v, name]) => valueInfo(v, name, docs[name])),
    },
  });
  return proto.onnx.ModelProto.encode(model).finish();
}

function valueInfo(
  { type, shape }: Value,
  name: string,
  docString = '',
  free: readonly (string | undefined)[] = [],
): onnx.IValueInfoProto {
  const dim = shape.map((dimValue, i) => (free[i] === undefined ? { dimValue } : { dimParam: free[i] }));
  return { name, docString, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
}

function initializer({ shape, type }: Value, data: TensorData, name: string): onnx.ITensorProto {
  return {
    name,
    dims: [...shape],
    dataType: dataTypes[type],
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function attribute(name: string, a: Attribute): onnx.IAttributeProto {
  const types = proto.onnx.AttributeProto.AttributeType;
  if (typeof a === 'number') return { name, type: types.INT, i: a };
  if (typeof a === 'string') return { name, type: types.STRING, s: new TextEncoder().encode(a) };
  if ('float' in a) return { name, type: types.FLOAT, f: a.float };
  return { name, type: types.INTS, ints: [...a] };
}

/**
 * The graph that computes `outputs`, as one ONNX model that any ONNX Runtime opens. Inputs of the graph that `parameters` has values for are
 * written into the model; the others are its inputs, under their names.
 * @throws Error where two inputs have one name, a parameter has another size, or a host operation stands in the graph.
 */
export function exportModel(
  outputs: Readonly<Record<string, Value>>,
  parameters: Readonly<Record<string, TensorData>>,
  description: ModelDescription = {},
): Uint8Array {
  const nodes = topologicalOrder(Object.values(outputs));
  const inputs = new Map<string, Value>();
  for (const {
    op,
    outputs: [v],
  } of nodes.filter((n) => n.kind === 'input')) {
    if (inputs.has(op)) throw new Error(`exportModel: two inputs are named ${op}`);
    inputs.set(op, v);
  }
  const fixed = [...inputs].filter(([name]) => Object.hasOwn(parameters, name));
  for (const [name, { shape }] of fixed) {
    const { length } = parameters[name];
    if (length !== sizeOf(shape))
      throw new Error(`exportModel: ${name} has shape [${shape.join(', ')}], its value has ${length} elements`);
  }
  const fed = [...inputs].filter(([name]) => !Object.hasOwn(parameters, name));
  return encodeModel(
    {
      nodes,
      inputs: new Map(fed.map(([name, v]) => [v, name])),
      outputs: new Map(Object.entries(outputs).map(([name, v]) => [v, name])),
      parameters: new Map(fixed.map(([name, v]) => [v, parameters[name]])),
    },
    description,
  );
}
