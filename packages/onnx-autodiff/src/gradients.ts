import { expand } from './ops/broadcasting.js';
import { add } from './ops/elementwise.js';
import { constant, ShapeError, topologicalOrder, type Node, type Value } from './value.js';

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
