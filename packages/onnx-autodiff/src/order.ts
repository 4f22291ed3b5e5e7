import type { Node, Value } from './value.js';

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
      const input = top.node.inputs[top.next++];
      if (input) visit(input.node);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}
