import proto, { type onnx } from 'onnx-proto';
import type { Attribute, ElementType, Node, Value } from './value.js';

const OPSET = 18;
const IR_VERSION = 8;

/** ONNX TensorProto.DataType. */
const dataTypes: Record<ElementType, number> = { float32: 1, int64: 7, bool: 9 };

/** A graph ready to be written: its nodes in order, the values it is fed and the values it gives, each with its name. */
export interface OnnxGraph {
  readonly nodes: readonly Node[];
  readonly inputs: ReadonlyMap<Value, string>;
  readonly outputs: ReadonlyMap<Value, string>;
}

/** The graph as an ONNX model, in protobuf. Constants become initializers. */
export function encodeModel({ nodes, inputs, outputs }: OnnxGraph, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const names = new Map<Value, string>([...outputs, ...inputs]);
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
    producerName: 'onnx-autodiff',
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: 'graph',
      initializer: nodes.filter((n) => n.kind === 'constant').map((n) => initializer(n, nameOf(n.outputs[0]!))),
      node: nodes
        .filter((n) => n.kind === 'onnx')
        .map((n, i) => ({
          name: `${n.op}_${i}`,
          opType: n.op,
          input: n.inputs.map(nameOf),
          output: n.outputs.map(nameOf),
          attribute: Object.entries(n.attributes).map(([name, a]) => attribute(name, a)),
        })),
      input: [...inputs].map(([v, name]) => valueInfo(v, name)),
      output: [...outputs].map(([v, name]) => valueInfo(v, name)),
    },
  });
  return proto.onnx.ModelProto.encode(model).finish();
}

function valueInfo(v: Value, name: string): onnx.IValueInfoProto {
  return {
    name,
    type: { tensorType: { elemType: dataTypes[v.type], shape: { dim: v.shape.map((dimValue) => ({ dimValue })) } } },
  };
}

function initializer(node: Node, name: string): onnx.ITensorProto {
  const data = node.data!;
  const { shape, type } = node.outputs[0]!;
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
