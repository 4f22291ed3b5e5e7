import { expect } from 'vitest';
import {
  compile,
  constant,
  gradients,
  input,
  mul,
  ShapeError,
  sizeOf,
  sum,
  type Provider,
  type Value,
} from '../index.js';
import { noise, type Sample } from './samples.js';

/** A function under test: builds its result from its arguments. */
export type GraphFunction = (...arguments_: Value[]) => Value;

/** What a function comes to: `y`, and the gradient of Σ weight·y for each argument, with fixed weights. */
export interface Evaluation {
  readonly y: Float32Array;
  readonly gradients: readonly Float32Array[];
}

interface EvaluationOptions {
  readonly provider?: Provider;
  readonly threads?: number;
}

const weightsOf = (y: { readonly length: number }) => noise(y.length, 7);
const drawAll = (samples: readonly Sample[]) => samples.map(({ draw }, i) => draw(i + 1));

/** Compiles a function with its gradients; the result evaluates it at any point. */
async function compileFunction(samples: readonly Sample[], f: GraphFunction, options: EvaluationOptions) {
  const xs = samples.map(({ shape }, i) => input(`x${i}`, shape));
  const y = f(...xs);
  const weights = constant(weightsOf({ length: sizeOf(y.shape) }), y.shape);
  const derivatives = gradients(sum(mul(y, weights)), xs);
  derivatives.forEach((g, i) => expect(g.shape, `shape of gradient ${i}`).toEqual(samples[i].shape));
  const named = Object.fromEntries(derivatives.map((g, i) => [`g${i}`, g]));
  const program = await compile<string>({ y, ...named }, options);
  return {
    async evaluate(point: readonly Float32Array[]): Promise<Evaluation> {
      // An argument that the function ignores is no input of the program.
      const used = point.flatMap((data, i) => (`x${i}` in program.inputs ? [[`x${i}`, data] as const] : []));
      const results = await program.run(Object.fromEntries(used));
      return { y: results['y'].slice(), gradients: derivatives.map((_, i) => results[`g${i}`].slice()) };
    },
    dispose: () => program.dispose(),
  };
}

/** A function and its gradients at its samples. */
export async function evaluate(
  samples: readonly Sample[],
  f: GraphFunction,
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  const compiled = await compileFunction(samples, f, options);
  const result = await compiled.evaluate(drawAll(samples));
  await compiled.dispose();
  return result;
}

/** The slope of a function of one number at each of these points. */
export async function slopes(points: readonly number[], f: GraphFunction): Promise<number[]> {
  const x = input('x', [points.length]);
  const y = f(x);
  const program = await compile({ slope: gradients(sum(y), [x])[0], x });
  const { slope } = await program.run({ x: Float32Array.from(points) });
  await program.dispose();
  return [...slope];
}

/** Asserts that one and two threads, and one run and the next, give the same bits of a function and its gradients. */
export async function expectSameBits(samples: readonly Sample[], f: GraphFunction, { runs = 2 } = {}): Promise<void> {
  await expectBits(await evaluate(samples, f, { threads: 1 }), samples, f, runs);
}

async function expectBits(
  expected: Evaluation,
  samples: readonly Sample[],
  f: GraphFunction,
  runs: number,
): Promise<void> {
  const compiled = await compileFunction(samples, f, { threads: 2 });
  for (let run = 0; run < runs; run++) {
    const found = await compiled.evaluate(drawAll(samples));
    expect(bits(found.y).equals(bits(expected.y)), 'the same result').toBe(true);
    found.gradients.forEach((g, i) =>
      expect(bits(g).equals(bits(expected.gradients[i])), `the same gradient ${i}`).toBe(true),
    );
  }
  await compiled.dispose();
}

const bits = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);

const STEP = 1e-2;
/** Largest deviation, as a fraction of the argument's largest gradient element (or of 0.1, where all are smaller). */
const TOLERANCE = 1e-3;

/**
 * Asserts that the gradients of a function agree with central differences in every element of every argument, and that
 * one and two threads give the same bits.
 *
 * ONNX Runtime evaluates the function in float32; the weighted sum of its results is taken in float64. The difference
 * quotient is the five-point one, (8·(L(x+h) − L(x−h)) − (L(x+2h) − L(x−2h))) / 12h, whose error is of order h⁴.
 */
export async function expectGradients(samples: readonly Sample[], f: GraphFunction): Promise<void> {
  const point = drawAll(samples);
  const compiled = await compileFunction(samples, f, { threads: 1 });
  const centre = await compiled.evaluate(point);
  const { y, gradients: analytic } = centre;
  const weights = weightsOf(y);
  const loss = async () => (await compiled.evaluate(point)).y.reduce((total, v, i) => total + v * weights[i], 0);

  for (const [k, x] of point.entries()) {
    const scale = Math.max(0.1, ...analytic[k].map(Math.abs));
    for (let i = 0; i < x.length; i++) {
      const at = x[i];
      const lossAt = async (offset: number) => {
        x[i] = at + offset;
        return loss();
      };
      const near = (await lossAt(STEP)) - (await lossAt(-STEP));
      const far = (await lossAt(2 * STEP)) - (await lossAt(-2 * STEP));
      x[i] = at;
      const numeric = (8 * near - far) / (12 * STEP);
      const deviation = Math.abs(numeric - analytic[k][i]) / scale;
      expect(deviation, `argument ${k}, element ${i}: gradient ${analytic[k][i]}, differences ${numeric}`).toBeLessThan(
        TOLERANCE,
      );
    }
  }
  await compiled.dispose();
  await expectBits(centre, samples, f, 1);
}

/** Asserts that building this graph throws a ShapeError that names the operation and the shapes of its arguments. */
export function expectShapeError(operation: string, shapes: readonly (readonly number[])[], f: GraphFunction): void {
  const build = () => f(...shapes.map((shape, i) => input(`x${i}`, shape)));
  expect(build).toThrow(ShapeError);
  expect(build).toThrow(new RegExp(`^${operation}: `));
  expect(build).toThrow(`(shapes ${shapes.map((shape) => `[${shape.join(', ')}]`).join(', ')})`);
}
