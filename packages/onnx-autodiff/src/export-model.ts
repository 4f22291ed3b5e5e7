import { encodeModel, type ModelDescription } from './onnx.js';
import { topologicalOrder } from './order.js';
import { sizeOf } from './shapes.js';
import type { TensorData, Value } from './value.js';

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
