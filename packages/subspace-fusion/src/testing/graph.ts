import { compile, gradients, input, type Value } from 'onnx-autodiff';
import { key, normal } from '../random/counter.js';

/** Runs a graph once; the results are copies. */
export async function evaluateGraph<Name extends string>(
  outputs: Record<Name, Value>,
  feeds: Record<string, Float32Array>,
): Promise<Record<Name, Float32Array>> {
  const program = await compile(outputs);
  const used = Object.fromEntries(Object.entries(feeds).filter(([name]) => name in program.inputs));
  const results = await program.run(used);
  const copies = Object.fromEntries(Object.entries<Float32Array>(results).map(([name, data]) => [name, data.slice()]));
  await program.dispose();
  return copies as Record<Name, Float32Array>;
}

/** Standard normal numbers of a named stream. */
export function normals(name: string, n: number): Float32Array {
  const k = key(1, name);
  return Float32Array.from({ length: n }, (_, i) => normal(k, i));
}

/**
 * The gradient of a scalar function of one array, in the graph and by central differences of step `h`.
 * `feeds` are the function's other inputs.
 */
export async function gradientTwice(
  f: (x: Value) => Value,
  x: { readonly shape: readonly number[]; readonly data: Float32Array },
  feeds: Record<string, Float32Array> = {},
  h = 1e-3,
): Promise<{ graph: Float32Array; differences: Float64Array }> {
  const v = input('x', x.shape);
  const loss = f(v);
  const program = await compile({ loss, d: gradients(loss, [v])[0] });
  const run = async (data: Float32Array) => program.run({ ...feeds, x: data });
  const graph = (await run(x.data)).d.slice();
  const differences = new Float64Array(x.data.length);
  for (let i = 0; i < differences.length; i++) {
    const [up, down] = [x.data.slice(), x.data.slice()];
    up[i] += h;
    down[i] -= h;
    const above = (await run(up)).loss[0];
    differences[i] = (above - (await run(down)).loss[0]) / (up[i] - down[i]);
  }
  await program.dispose();
  return { graph, differences };
}
